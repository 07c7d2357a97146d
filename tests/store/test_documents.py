"""Documents: one text once, collections, and what is folded for the search."""

import pytest

from app.domain.caller import ANYBODY
from app.store import documents, originals
from app.store.database import fetch
from app.store.documents import DocumentToStore
from tests.found_passages import find_passages

YAK = "A yak is a large ox that lives on the plateau of Tibet."


@pytest.mark.parametrize(
    ("text", "question"),
    [
        (
            "The eﬃciency of the Brennick ﬂywheel was 87 percent.",
            "What is the efficiency of the flywheel?",
        ),
        ("The Tarsin obser-\nvatory recorded 41 earthquakes.", "What did the observatory record?"),
        ("The Tarsin obser\u00adva\u00adtory recorded 41 earthquakes.", "What did the observatory record?"),
        ("A well-\nknown fen lies at Ely.", "Which known fen is there?"),
        ("The efficiency of the mill was 87 percent.", "How high was the eﬃciency of the mill?"),
    ],
)
async def test_ligatures_and_parted_words_are_found_and_the_text_stays(engine, text, question):
    await documents.put(engine, ANYBODY, "note:a", "A", text)

    [found] = await find_passages(engine, ANYBODY, question, 5)

    assert found.coverage > 0.4
    assert found.text == await documents.text(engine, ANYBODY, "note:a") == text


async def test_a_text_that_is_there_is_not_stored_twice(engine):
    first = await documents.store(engine, ANYBODY, DocumentToStore("note:a", "A", YAK))
    again = await documents.store(engine, ANYBODY, DocumentToStore("note:b", "B", YAK))
    other = await documents.store(engine, ANYBODY, DocumentToStore("note:b", "B", YAK, ["tibet"]))
    moved = await documents.store(engine, ANYBODY, DocumentToStore("note:b", "B", YAK, ["asia"]))

    assert (first.change, again.change, other.change, moved.change) == (
        "added",
        "same_text",
        "added",
        "changed",
    )
    assert (again.document_id, again.url) == (first.document_id, "note:a")


async def test_collections_restrict_what_is_found_and_read(engine):
    for name in ("tibet", "nepal"):
        await documents.store(
            engine, ANYBODY, DocumentToStore(f"note:{name}", name, f"{YAK} It is in {name}.", [name, "asia"])
        )

    async def found(*collections):
        return {one.url for one in await find_passages(engine, ANYBODY, "What is a yak?", 5, collections)}

    assert (
        await found() == await found("asia") == await found("nepal", "tibet") == {"note:tibet", "note:nepal"}
    )
    assert await found("nepal") == {"note:nepal"}
    assert await found("peru") == set()
    assert await documents.text(engine, ANYBODY, "note:tibet", ["nepal"]) is None
    assert [one.url for one in await documents.documents(engine, ANYBODY, 9, collection="nepal")] == [
        "note:nepal"
    ]


async def test_metadata_that_postgres_cannot_store_is_mended(engine):
    stored = await documents.store(
        engine, ANYBODY, DocumentToStore("note:a", "A", YAK, metadata={"a": "x\0y", "b": [1]})
    )

    known = await documents.find_document(engine, ANYBODY, stored.document_id)

    assert known.metadata == {"a": "x\ufffdy", "b": [1]}


async def test_what_a_broken_upload_left_is_swept_after_a_day(engine, owner, tmp_path):
    kept = {}
    for name in ("old", "new", "used"):
        path = tmp_path / name
        path.write_text(name)
        file = originals.UploadedFile(path, name, "text/plain", len(name), name)
        kept[name] = await originals.keep_original(engine, ANYBODY, file)
    await documents.store(engine, ANYBODY, DocumentToStore("note:a", "A", YAK, original_id=kept["used"]))
    await fetch(owner, "UPDATE originals SET created_at = now() - interval '2 days' WHERE name <> 'new'")

    await originals.sweep_originals(engine)

    left = {row["name"] for row in await fetch(owner, "SELECT name FROM originals")}
    pieces = await fetch(owner, "SELECT count(*) FROM original_chunks")
    assert (left, pieces[0][0]) == ({"new", "used"}, 2)
