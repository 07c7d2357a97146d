"""The corpus keeps passages as slices, and finds those that answer."""

import asyncio
import json
from collections import Counter
from importlib import import_module
from itertools import pairwise
from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.caller import ANYBODY, Caller
from app.ingest import builtin
from app.store import documents, passage_search
from app.store.database import connect, fetch
from app.store.documents import DocumentToStore
from app.text import passages
from tests.found_passages import find_passages

ZOO = Caller("zoo")
TEXT = (
    "The yak is a heavy animal of the high plateau. Herders drink its milk and burn its dung.\n\n"
    + "Its coat is long, and it does not mind the cold. " * 40
    + "\n\nA yurt is a round tent that nomads carry from pasture to pasture.\n"
)

DIFFERENT = """
    SELECT count(*) FROM passages p JOIN documents d USING (document_id)
    WHERE substr(d.text, p.starts_at + 1, p.ends_at - p.starts_at) <> p.text"""


# One passage a document: each has a harbour, half of them boats and half quays, each hundredth one a heron.
HARBOURS = """
    WITH made AS (
        INSERT INTO documents (url, title, sha256, text, language, tenant)
        SELECT 'note:' || n, 'Harbour', '', concat_ws(' ', 'A harbour',
            CASE WHEN n % 2 = 0 THEN 'with boats' ELSE 'with quays' END,
            CASE WHEN n % 100 = 0 THEN 'and a heron' END), 'en', 'default'
        FROM generate_series(1, 2400) AS n RETURNING document_id, title, text
    )
    INSERT INTO passages (document_id, starts_at, ends_at, title, text, language)
    SELECT document_id, 0, length(text), title, text, 'en' FROM made"""


async def put_all(engine, **texts):
    for name, text in texts.items():
        await documents.put(engine, ANYBODY, f"note:{name}", name.capitalize(), text)


@given(st.text(st.characters(codec="utf-8"), max_size=300), st.integers(0, 60))
def test_passages_leave_out_nothing_but_white_space(piece, times):
    text = piece * times

    cuts = list(passages.cut(text))

    assert "".join("".join(text[start:end] for start, end in cuts).split()) == "".join(text.split())
    assert all(0 < end - start <= passages.MAX_PASSAGE for start, end in cuts)
    assert all(end <= start for (_, end), (start, _) in pairwise(cuts))


def test_a_passage_ends_at_a_paragraph_before_it_ends_at_a_sentence():
    text = "A sentence. " * 60 + "\n\n" + "Another sentence. " * 60

    first, *_ = passages.cut(text)

    assert text[slice(*first)] == ("A sentence. " * 60).strip()


async def test_a_passage_is_a_slice_of_its_document_character_for_character(engine):
    await documents.put(engine, ANYBODY, "note:yak", "Yaks", "Ünïcödé 🐃 " * 400 + TEXT)

    (found,) = await find_passages(engine, ANYBODY, "yurt of the nomads", 5)
    (place,) = await passage_search.rank(engine, ANYBODY, "yurt of the nomads", 5)

    text = await documents.text(engine, ANYBODY, "note:yak")
    assert text is not None
    assert text[place.starts_at : place.ends_at] == found.text
    assert await fetch(engine, DIFFERENT) == [(0,)]


async def test_an_unchanged_document_is_not_stored_again(engine):
    first = await documents.put(engine, ANYBODY, "note:yak", "Yaks", TEXT)
    again = await documents.put(engine, ANYBODY, "note:yak", "Yaks", TEXT)
    renamed = await documents.put(engine, ANYBODY, "note:yak", "The yak", TEXT)

    assert (first, again, renamed) == (True, False, True)


async def test_replacing_a_document_replaces_its_passages(engine):
    await documents.put(engine, ANYBODY, "note:yak", "Yaks", TEXT)
    await documents.put(engine, ANYBODY, "note:yak", "Yaks", "A yak is a large ox. " * 100)

    assert await find_passages(engine, ANYBODY, "yurt", 5) == []
    assert len(await find_passages(engine, ANYBODY, "ox", 5)) == 1
    assert await fetch(engine, DIFFERENT) == [(0,)]


async def test_a_document_put_by_many_at_once_has_the_passages_of_one_of_them(engine):
    texts = [f"Version {n} of the text about the yak. " * (50 * n) for n in range(1, 7)]

    stored = await asyncio.gather(
        *(documents.put(engine, ANYBODY, "note:yak", "Yaks", text) for text in texts)
    )

    kept = await documents.text(engine, ANYBODY, "note:yak")
    cuts = await fetch(engine, "SELECT starts_at, ends_at FROM passages ORDER BY 1")
    assert all(stored)
    assert kept in texts
    assert [tuple(row) for row in cuts] == list(passages.cut(kept))
    assert await fetch(engine, DIFFERENT) == [(0,)]


async def test_a_nul_becomes_a_character_that_can_be_stored(engine):
    await documents.put(engine, ANYBODY, "note:\0", "A\0title", "yak\0yurt \ud800")

    assert await documents.text(engine, ANYBODY, "note:\0") == "yak\ufffdyurt ?"


async def test_a_document_that_is_gone_has_no_text(engine):
    assert await documents.text(engine, ANYBODY, "note:none") is None


async def test_removing_takes_every_document_under_a_prefix_and_no_other(engine):
    await put_all(engine, a_1="yak", a_2="yak", b="yak", axx="yak")

    removed = await documents.remove(engine, ANYBODY, "note:a_")

    assert removed == 2
    assert [found.url for found in await documents.documents(engine, ANYBODY, 10)] == ["note:axx", "note:b"]
    assert await fetch(engine, "SELECT count(*) FROM passages") == [(2,)]


async def test_documents_are_listed_page_by_page_without_a_gap(engine):
    await put_all(engine, a="yak", b="yak", c="yak", d="yak", e="yak")

    urls, after = [], ""
    while page := await documents.documents(engine, ANYBODY, 2, after):
        after = page[-1].url
        urls += [found.url for found in page]

    assert urls == [f"note:{name}" for name in "abcde"]


async def test_each_document_is_found_once_by_its_best_passage(engine):
    await documents.put(engine, ANYBODY, "note:yak", "Yaks", TEXT)

    (found,) = await find_passages(engine, ANYBODY, "Does a yurt mind the cold?", 5)

    assert "round tent" in found.text
    assert (found.url, found.title) == ("note:yak", "Yaks")


async def test_a_rare_word_counts_more_than_a_common_one(engine):
    await put_all(engine, **{f"n{n}": "the herd moves north" for n in range(20)}, rare="a quagga grazes")

    first, *others = await find_passages(engine, ANYBODY, "quagga herd", 30)

    assert first.url == "note:rare"
    assert first.coverage > 0.5 > others[0].coverage


async def test_a_word_in_the_title_counts_more_than_in_the_text(engine):
    await put_all(engine, yurt="a tent for nomads", tent="a yurt for nomads", other="no tent at all")

    first, second = await find_passages(engine, ANYBODY, "yurt", 5)

    assert (first.url, second.url) == ("note:yurt", "note:tent")
    assert first.score > 1.5 * second.score


async def test_a_passage_that_says_more_than_twice_as_much_comes_after_one_with_the_word_as_often(engine):
    rest = "Nobody climbs the ridge in winter. "
    await put_all(engine, a="The yak grazes. " + rest * 30, b="The yak grazes. " + rest * 12)

    found = await find_passages(engine, ANYBODY, "Where does the yak graze?", 2)

    assert [one.url for one in found] == ["note:b", "note:a"]
    assert found[0].score > 1.2 * found[1].score


async def test_a_word_that_the_corpus_does_not_have_lowers_the_coverage(engine):
    await put_all(engine, capital="a capital letter begins a sentence", other="nothing of the kind")

    (found,) = await find_passages(engine, ANYBODY, "What is the capital of Mongolia?", 5)

    assert found.coverage < 0.5


@pytest.mark.parametrize(
    "query",
    [
        "",
        "the",
        "?!",
        "' OR 1=1; DROP TABLE documents; --",
        "yak & | ! <-> ( ) : * ' \\ \" $1 %s",
        "'''' \\' \\\\ yak:A*",
        "\0\ud800",
        "http://a.b/c'd\\e?f=g&h user@example.com /etc/passwd 'yak\\''",
        "foo.com/a'b(c)*:A foo.com/x''y\\z",
        "yak " * 5000,
        "🐃",
    ],
)
async def test_a_hostile_query_is_only_words(engine, query):
    await documents.put(engine, ANYBODY, "note:yak", "Yaks", TEXT)

    found = await find_passages(engine, ANYBODY, query, 5)

    assert len(found) <= 1
    assert await documents.text(engine, ANYBODY, "note:yak") == TEXT


async def test_a_question_finds_the_pages_that_are_about_it(engine):
    for document in builtin.python_topics():
        await documents.put(engine, ANYBODY, document.url, document.title, document.text)

    found = await find_passages(
        engine, ANYBODY, "What does the with statement do, and what is a context manager?", 5
    )

    assert {"pydoc:with", "pydoc:context-managers"} <= {passage.url for passage in found}


async def test_words_that_a_thousand_passages_have_decide_among_those_with_a_rarer_one(owner, engine):
    await fetch(owner, HARBOURS)
    await put_all(engine, far="A harbour with boats and a lighthouse.", near="A lighthouse.")

    found = await find_passages(engine, ANYBODY, "harbour boats lighthouse", 5)
    common = await find_passages(engine, ANYBODY, "harbour boats", 5)

    assert [one.url for one in found] == ["note:far", "note:near"]
    assert len(common) == 5
    assert all("boats" in one.text for one in common)


async def test_common_words_that_no_passage_has_together_are_found_apart(owner, engine):
    await fetch(owner, HARBOURS)

    found = await find_passages(engine, ANYBODY, "boats quays", 5)

    assert len(found) == 5


async def test_the_statistics_of_postgres_tell_how_common_a_common_word_is(owner, engine):
    await fetch(owner, HARBOURS)
    await put_all(engine, near="A lighthouse.")
    await fetch(owner, "ANALYZE passages (language)")  # how many there are, and nothing of their words
    [counted] = await find_passages(engine, ANYBODY, "harbour lighthouse", 1)
    await fetch(owner, "ANALYZE passages")
    [told] = await find_passages(engine, ANYBODY, "harbour lighthouse", 1)

    rare = log(1 + 2401 / 1.5)
    assert counted.coverage == pytest.approx(rare / (rare + log(1 + 2401 / 1000.5)), rel=0.01)
    assert told.coverage == pytest.approx(rare / (rare + log(1 + 2401 / 2400.5)), rel=0.01)


async def test_a_long_document_does_not_hide_the_notes_beside_it(engine):
    await documents.put(engine, ANYBODY, "note:book", "A book", ("The yak grazes. " * 60 + "\n\n") * 100)
    await put_all(engine, **{f"n{n}": "The yak grazes." for n in range(4)})

    found = await find_passages(engine, ANYBODY, "Where does the yak graze?", 10)

    assert len(found) == 5


async def test_a_search_is_not_planned_anew(database_url, engine):
    await put_all(engine, yak=TEXT)
    connection = await connect(database_url)
    try:
        for n in range(8):
            await connection.run(passage_search.FIND, f"yak {n}", "en", [], 10, None, "default")
        [(plans,)] = await connection.run(
            "SELECT generic_plans FROM pg_prepared_statements WHERE statement = $1", passage_search.FIND
        )
    finally:
        await connection.close()

    assert plans == 8


async def test_a_search_reads_a_bounded_part_of_the_documents(owner, engine):
    await fetch(owner, HARBOURS)
    await fetch(owner, "ANALYZE passages")  # nothing is known of the documents yet: most are new

    read = await _read(engine, "harbour boats heron", None, "default")

    assert {"documents", "passages"} <= read.keys()
    assert all(rows <= passage_search.LED for rows in read.values())


async def test_a_search_reads_nothing_of_other_tenants_and_other_collections(owner, engine):
    await fetch(owner, HARBOURS)
    few = [f"A harbour with boats, number {n}." for n in range(3)]
    for n, text in enumerate(few):
        await documents.store(engine, ZOO, DocumentToStore(f"zoo:{n}", "Z", text))
        await documents.store(engine, ANYBODY, DocumentToStore(f"few:{n}", "F", text, ["few"]), once=False)
    await fetch(owner, "ANALYZE passages")

    for caller, collections in ((ZOO, ()), (ANYBODY, ("few",))):
        found = await find_passages(engine, caller, "boats in a harbour", 9, collections)
        assert len(found) == 3
    assert (await _read(engine, "boats harbour", None, "zoo"))["passages"] == 3
    # A heron is in other collections only, so what has the common words is found.
    assert len(await find_passages(engine, ANYBODY, "boats of a heron", 9, ("few",))) == 3

    await documents.store(engine, ANYBODY, DocumentToStore("few:0", "F", few[0], ["more"]), once=False)
    moved = await find_passages(engine, ANYBODY, "boats in a harbour", 9, ("more", "none"))
    assert [one.url for one in moved] == ["few:0"]
    assert len(await find_passages(engine, ANYBODY, "boats in a harbour", 9, ("few",))) == 2


async def test_the_migration_labels_a_passage_as_the_trigger_does(owner, engine):
    new = DocumentToStore("note:yak", "Yak", TEXT, ["tibet", "Don't \\ & | 亚洲"])
    await documents.store(engine, Caller("it's \\ a & b"), new)
    before = await fetch(owner, "SELECT lexemes::text FROM passages ORDER BY starts_at")
    await fetch(owner, "ALTER TABLE passages DISABLE TRIGGER USER")
    await fetch(owner, "UPDATE passages SET lexemes = passage_lexemes(language, title, text)")
    await fetch(owner, import_module("migrations.versions.0049_labelled_passages").LABEL)

    assert await fetch(owner, "SELECT lexemes::text FROM passages ORDER BY starts_at") == before
    assert "@c:Don''t" in before[0][0]
    found = await find_passages(engine, Caller("it's \\ a & b"), "yurt", 5, ["Don't \\ & | 亚洲", "''"])
    assert len(found) == 1


async def _read(engine, question, collections, tenant):
    """Count the rows of each table that one step reads."""
    asked = (question, "en", [], 10, collections, tenant)
    [[plan]] = await fetch(engine, f"EXPLAIN (ANALYZE, FORMAT JSON) {passage_search.FIND}", *asked)
    read = Counter()
    for node in _nodes(json.loads(plan)[0]["Plan"]):
        if node.get("Relation Name"):
            rows = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
            read[node["Relation Name"]] = max(read[node["Relation Name"]], rows)
    return read


def _nodes(plan):
    yield plan
    for inner in plan.get("Plans", ()):
        yield from _nodes(inner)
