"""Documents arrive over HTTP, are found and cited, and are removed."""

from pathlib import Path

import httpx
import pytest

from app.ingest.file_reader import FileReader
from app.ingest.read_answers import TOO_MUCH
from app.store.database import fetch
from app.wiring import Container
from dossier import AsyncDossier, Sources
from tests.conftest import FAST, serving
from tests.ingest.samples import SAMPLES, docx, packed

YAK = "A yak is a large ox that lives on the plateau of Tibet."


async def sent(api, name, body, **fields):
    return await api.post("/documents", files={"file": (name, body)}, data=fields)


async def test_a_file_becomes_a_document_once(api):
    body, about = docx(YAK, title="Yaks"), {"collections": "asia, oxen", "metadata": '{"by": "me"}'}
    first = await sent(api, "g.docx", body, **about)
    again = await sent(api, "g.docx", body, **about)

    [added] = first.json()["documents"]
    known = (await api.get(f"/documents/{added['document_id']}")).json()
    assert (first.status_code, added["change"]) == (201, "added")
    assert (again.status_code, again.json()["documents"][0]["change"]) == (200, "unchanged")
    assert known["collections"] == ["asia", "oxen"]
    assert known["metadata"] == {"author": "Ada Quill", "by": "me"}
    assert known["original"]["name"] == "g.docx"
    assert (await api.get(f"/documents/{added['document_id']}/text")).json()["text"] == YAK


async def test_the_original_comes_back_as_it_was_and_as_no_page_of_ours(api, engine):
    page = b"<title>Yaks</title><script>alert(1)</script><p>" + YAK.encode() + b"</p>" + b" " * 2_500_000
    [added] = (await sent(api, '"y\r\nx.html', page)).json()["documents"]

    got = await api.get(f"/documents/{added['document_id']}/original")

    assert got.content == page
    assert got.headers["content-type"] == "application/octet-stream"
    assert got.headers["content-disposition"].startswith("attachment;")
    assert got.headers["content-security-policy"] == "sandbox"
    await api.delete(f"/documents/{added['document_id']}")
    assert await fetch(engine, "SELECT count(*) FROM original_chunks") == [(0,)]


async def test_files_of_an_archive_share_one_original(api, engine):
    body = packed({"a.txt": YAK, "b.txt": "A yurt is a tent.", "c.exe": "x", "d.pdf": "%PDF"})
    answer = (await sent(api, "a.zip", body)).json()

    first, second = answer["documents"]
    assert first["url"].endswith("/a.zip!/a.txt")
    assert answer["skipped"] == ["a.zip!/c.exe"]
    assert "a.zip!/d.pdf: " in answer["failed"][0]
    await api.delete(f"/documents/{first['document_id']}")
    assert (await api.get(f"/documents/{second['document_id']}/original")).content == body
    await api.delete(f"/documents/{second['document_id']}")
    assert await fetch(engine, "SELECT count(*) FROM originals") == [(0,)]


async def test_a_text_comes_is_replaced_listed_and_deleted(api):
    made = (await api.post("/documents", json={"text": YAK, "url": "note:yak", "title": "Yaks"})).json()
    address = f"/documents/{made['documents'][0]['document_id']}"

    moved = await api.put(address, json={"collections": ["asia"], "metadata": {"a": 1}})
    after = (await api.get(address)).json()
    assert (moved.status_code, after["title"], after["collections"]) == (200, "Yaks", ["asia"])
    changed = await api.put(address, json={"text": "A yurt is a tent."})
    assert changed.json()["documents"][0] | {"document_id": 0} == {
        "document_id": 0, "url": "note:yak", "title": "A yurt is a tent.", "change": "changed",
    }  # fmt: skip
    assert (await api.get("/documents", params={"url_prefix": "note:"})).json()["documents"][0]["size"] == 17
    assert (await api.delete(address)).status_code == 204
    assert (await api.get(address)).status_code == (await api.delete(address)).status_code == 404


async def test_documents_are_listed_by_pages(api):
    for number in range(5):
        await api.post("/documents", json={"text": f"Yak number {number}.", "url": f"note:{number}"})

    urls, cursor = [], None
    while cursor is not None or not urls:
        page = (
            await api.get("/documents", params={"limit": 2, **({"cursor": cursor} if cursor else {})})
        ).json()
        urls += [one["url"] for one in page["documents"]]
        cursor = page["next_cursor"]

    assert urls == [f"note:{number}" for number in range(5)]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"text": YAK, "colour": 1}, "unknown_field"),
        ({"text": " "}, "too_short"),
        ({}, "missing_field"),
        ({"url": "file:///etc/passwd"}, "malformed_url"),
        ({"url": "http://169.254.169.254/latest"}, "unreadable_document"),
        ({"text": YAK, "metadata": {"a": "x" * 11_000}}, "metadata_too_large"),
        ({"text": YAK, "collections": [""]}, "too_short"),
    ],
)
async def test_a_text_that_is_wrong_is_refused_by_field(api, body, code):
    assert (await api.post("/documents", json=body)).json()["code"] == code


async def test_a_form_that_is_wrong_is_refused(api):
    form, two = (
        {"Content-Type": "multipart/form-data"},
        [("file", ("a.txt", b"x")), ("file", ("b.txt", b"y"))],
    )
    bounded = {"Content-Type": "multipart/form-data; boundary=x"}
    refused = {
        "two files": await api.post("/documents", files=two),
        "a field": await sent(api, "a.txt", b"x", colour="red"),
        "metadata": await sent(api, "a.txt", b"x", metadata="{"),
        "half": await api.post("/documents", content=b"--x\r\nContent-", headers=bounded),
        "no boundary": await api.post("/documents", content=b"x", headers=form),
    }

    assert {what: answer.json()["code"] for what, answer in refused.items()} == {
        "two files": "malformed_form",
        "a field": "unknown_field",
        "metadata": "malformed_json",
        "half": "malformed_form",
        "no boundary": "malformed_form",
    }


async def test_a_file_beyond_the_bound_is_refused_while_it_comes(house):
    house.shelf.max_upload = 1_000
    async with serving(house, workers=0) as url, httpx.AsyncClient(base_url=url) as http:

        async def endless():
            yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
            for _ in range(1_000):
                yield b"a" * 10_000

        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        refused = await http.post("/documents", content=endless(), headers=headers)

    assert (refused.status_code, refused.json()["code"]) == (413, "body_too_large")


async def test_a_page_of_a_listed_host_is_read(house):
    async with serving(house, workers=0) as url, httpx.AsyncClient(base_url=url) as http:
        host = url.removeprefix("http://").partition(":")[0]
        refused = await http.post("/documents", json={"url": f"{url}/schema"})

    assert refused.json()["detail"].startswith(f"{host} is not read")


async def test_a_hostile_file_costs_itself_and_the_reader_goes_on(tmp_path):
    good, gone = tmp_path / "good.txt", FileReader(1)
    good.write_text(YAK)
    bad = tmp_path / "bad.docx"
    bad.write_bytes(packed({"word/document.xml": b"a" * 60_000_000}))

    failed = await gone.read(bad, "note:bad", "bad.docx")
    process = gone._idle[0]
    process.kill()
    await process.wait()
    ended = await gone.read(good, "note:good", "good.txt")
    read = await gone.read(good, "note:good", "good.txt")
    await gone.aclose()

    assert "bad.docx: word/document.xml in it has more than 50 MB" in failed.failed[0]
    assert ended.failed == [f"good.txt: {TOO_MUCH}"]
    assert read.documents[0].text == YAK


async def test_a_reader_has_none_of_the_servers_keys(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    (tmp_path / "a.txt").write_text("x")
    reader = FileReader(1)
    await reader.read(tmp_path / "a.txt", "note:a", "a.txt")
    environment = Path(f"/proc/{reader._idle[0].pid}/environ").read_bytes()  # noqa: ASYNC240
    await reader.aclose()

    assert b"sk-secret" not in environment
    assert b"PYTHONPATH" in environment


async def test_one_file_of_each_format_is_added_found_and_cited_with_its_page(database_url, tmp_path):
    house = Container(FAST, database_url)
    async with serving(house) as url, AsyncDossier(url) as client:
        for name, (body, _) in SAMPLES.items():
            path = tmp_path / name
            path.write_bytes(body)
            added = await client.add_document(path, collections=["samples"])
            assert added.failed == [], name
            assert len(added.documents) == 1, name
        await client.add_document(text="The ferry of Fenn carries 99 carts.", url="note:other")
        for name, (_, fact) in SAMPLES.items():
            found = (await client.search_documents(fact, 3)).documents
            assert any(fact in one.passage for one in found), name
        job = await client.submit(
            "How many carts does the ferry of Fenn carry?", sources=Sources(collections=("samples",))
        )
        result = await client.result(job.job_id, timeout=120)
        claims = (await client.claims(job.job_id)).claims

    assert "16 carts" in result.final_answer
    assert "99" not in result.final_answer
    [cited] = [claim for claim in claims if "16 carts" in claim.quote]
    assert (cited.page_number, cited.source.title) == (2, "f.pdf")
    await house.engine.dispose()
