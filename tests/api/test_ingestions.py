"""Files are read later, followed, and taken over from the dead."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest

from app.domain.caller import Caller
from app.providers.reader.fetching import Fetcher
from app.providers.reader.page_reader import PageReader
from app.store import ingestions as store
from app.store.database import fetch
from app.store.originals import sweep_originals
from app.worker.ingestion_worker import INGESTION_LEASE
from dossier import AsyncDossier
from dossier.document_types import NewDocument
from dossier.problems import ApiError
from tests.conftest import execute, serving
from tests.ingest.samples import docx, packed
from tests.mocks.answering import answering, reply
from tests.steps import until

YAK = "A yak is a large ox that lives on the plateau of Tibet."
LATER = {"Prefer": "respond-async"}


async def sent(api, name, body, **fields):
    return await api.post("/documents", files={"file": (name, body)}, data=fields, headers=LATER)


async def frames(http, path, **headers):
    """Every event of a stream until it ends, as (name, data)."""
    found = []
    async with http.stream("GET", path, headers={"Accept": "text/event-stream"} | headers) as stream:
        name = ""
        async for line in stream.aiter_lines():
            field, _, value = line.partition(": ")
            if field == "event":
                name = value
            elif field == "data" and name.startswith("ingestion"):
                found.append((name, json.loads(value)))
    return found


async def test_a_file_is_read_by_a_worker_and_followed_from_its_arrival_to_its_documents(house, tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(packed({"yak.txt": YAK, "yurt.txt": "A yurt is a tent of felt.", "c.exe": "x"}))
    async with serving(house) as url, AsyncDossier(url) as client, httpx.AsyncClient(base_url=url) as http:
        submitted = await client.submit_document(path, collections=["asia"], metadata={"by": "me"})
        followed = await frames(http, f"/ingestions/{submitted.ingestion_id}/events")
        done = await client.ingested(submitted.ingestion_id, timeout=60)
        again = await http.get(
            f"/ingestions/{done.ingestion_id}/events",
            headers={"Accept": "text/event-stream", "Last-Event-ID": str(done.seq)},
        )
        found = (await client.search_documents("Where does a yak live?")).documents
        known = await client.get_document(done.result.documents[0].document_id)
        page = (await http.get(f"/ingestions/{done.ingestion_id}/events?after=1")).json()
        listed = (await client.ingestions()).ingestions

    assert (submitted.status, submitted.progress, submitted.name) == ("pending", 0, "a.zip")
    assert [event["type"] for _, event in followed] == [
        "ingestion_submitted",
        "attempt_started",
        "file_read",
        "ingestion_completed",
    ]
    assert [event["seq"] for _, event in followed] == [1, 2, 3, 4]
    assert followed[-1][0] == "ingestion_complete"
    assert [one["seq"] for one in page["events"]] == [2, 3, 4]
    assert (done.status, done.progress, done.documents_total, done.attempt) == ("completed", 100, 2, 1)
    assert done.result.skipped == ["a.zip!/c.exe"]
    assert again.status_code == 204
    assert found[0].passage == YAK
    assert (known.collections, known.metadata["by"], known.original.name) == (("asia",), "me", "a.zip")
    assert listed == [done]


async def test_what_cannot_be_read_fails_with_its_reason_and_leaves_no_file(house, engine):
    async with serving(house) as url, AsyncDossier(url) as client, httpx.AsyncClient(base_url=url) as http:
        answer = (await sent(http, "x.exe", b"MZ")).json()
        done = await client.ingested(answer["ingestion_id"], timeout=60)
        with pytest.raises(ApiError, match="No ingestion"):
            await client.ingestion(uuid4())

        async def gone():
            return await fetch(engine, "SELECT count(*) FROM originals") == [(0,)]

        assert await until(gone, seconds=60)

    assert done.status == "failed"
    assert done.error.startswith("x.exe: This format is not supported")


async def test_a_file_that_waits_is_cancelled_and_removed(house, api, engine):
    path = f"/ingestions/{(await sent(api, 'a.txt', b'A yak.')).json()['ingestion_id']}"

    first, again = await api.delete(path), await api.delete(path)
    events = (await api.get(f"{path}/events")).json()["events"]

    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json() == (await api.get(path)).json()
    assert (first.json()["status"], first.json()["completed_at"] is None) == ("cancelled", False)
    assert [(event["type"], event["data"]) for event in events[1:]] == [
        ("ingestion_cancelled", {"documents": 0})
    ]
    assert await store.claim_ingestion(engine, INGESTION_LEASE) is None
    assert await fetch(engine, "SELECT count(*) FROM originals") == [(0,)]
    assert (await api.delete(f"/ingestions/{uuid4()}")).json()["code"] == "ingestion_not_found"


async def test_a_worker_that_reads_a_cancelled_file_stops_at_once(house, monkeypatch):
    """No beat would be due for twenty minutes."""
    begun, stopped = asyncio.Event(), asyncio.Event()

    async def read(*_):
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    monkeypatch.setattr("app.ingest.file_reader.FileReader.read", read)
    monkeypatch.setattr("app.worker.ingestion_worker.INGESTION_LEASE", timedelta(hours=1))
    async with serving(house) as url, httpx.AsyncClient(base_url=url) as http, AsyncDossier(url) as client:
        answer = (await sent(http, "a.txt", b"A yak.")).json()
        async with asyncio.timeout(60):
            await begun.wait()
        cancelled = await client.cancel_ingestion(answer["ingestion_id"])
        async with asyncio.timeout(60):
            await stopped.wait()
        followed = await frames(http, f"/ingestions/{cancelled.ingestion_id}/events")

    assert cancelled.status == "cancelled"
    assert followed[-1][0] == "ingestion_cancelled"


async def test_a_worker_changes_nothing_of_a_cancelled_file(engine):
    sent_file = await queued(engine)
    claimed = await store.claim_ingestion(engine, INGESTION_LEASE)
    await store.cancel_ingestion(engine, Caller("default"), sent_file.ingestion_id)

    change = store.IngestionChange("ingestion_completed", "completed", {})
    assert not await store.beat_ingestion(engine, claimed, INGESTION_LEASE)
    assert not await store.change_ingestion(engine, claimed, change)
    assert await store.cancel_ingestion(engine, Caller("other"), sent_file.ingestion_id) is None


async def test_a_body_is_taken_for_later_only_where_it_asks_and_is_right(api):
    accepted = await sent(api, "y.docx", docx(YAK), title="Yaks")
    refused = await sent(api, "y.docx", docx(YAK), colour="red")
    text = await api.post("/documents", json={"text": YAK}, headers=LATER)
    other = await api.post("/documents", files={"file": ("a.txt", b"A yurt.")}, headers={"Prefer": "wait=5"})

    assert (accepted.status_code, accepted.headers["preference-applied"]) == (202, "respond-async")
    assert (await api.get(accepted.headers["location"])).json() == accepted.json()
    assert (refused.status_code, refused.json()["code"]) == (400, "unknown_field")
    assert (text.status_code, other.status_code) == (202, 201)


async def test_a_tenants_queue_has_an_end(api, monkeypatch):
    bounded = store.SUBMIT_INGESTION.replace(f"{store.MAX_OPEN_INGESTIONS} >", "1 >")
    monkeypatch.setattr(store, "SUBMIT_INGESTION", bounded)
    first, second = await sent(api, "a.txt", b"A yak."), await sent(api, "b.txt", b"A yurt.")

    assert (first.status_code, second.status_code, second.json()["code"]) == (202, 429, "queue_full")


async def queued(engine, tenant="default", name="a.txt"):
    source = store.IngestionSource(uuid4(), name, 1)
    return await store.submit_ingestion(engine, Caller(tenant), source, NewDocument(url="note:a"))


async def test_a_worker_that_lost_its_lease_changes_nothing(engine, database_url):
    made = await queued(engine)
    first = await store.claim_ingestion(engine, INGESTION_LEASE)
    assert await store.claim_ingestion(engine, INGESTION_LEASE) is None, "it is held"
    await execute(database_url, "UPDATE ingestions SET next_at = now()")
    second = await store.claim_ingestion(engine, INGESTION_LEASE)

    change = store.IngestionChange("file_read", "running", {})
    assert second.epoch == first.epoch + 1
    assert not await store.change_ingestion(engine, first, change)
    assert not await store.beat_ingestion(engine, first, INGESTION_LEASE)
    assert await store.change_ingestion(engine, second, change)
    events = await store.read_ingestion_events(engine, Caller(), {made.ingestion_id: 0})
    assert [event.seq for event in events] == [1, 2, 3, 4]


async def test_a_file_that_ends_its_workers_is_given_up(engine, database_url):
    made = await queued(engine)
    for _ in range(store.MAX_INGESTION_ATTEMPTS):
        assert not (await store.claim_ingestion(engine, INGESTION_LEASE)).is_given_up
        await execute(database_url, "UPDATE ingestions SET next_at = now()")

    assert (await store.claim_ingestion(engine, INGESTION_LEASE)).is_given_up
    known = await store.read_ingestion(engine, Caller("default"), made.ingestion_id)
    assert (known.status, known.error) == ("failed", store.EXHAUSTED)
    assert await store.claim_ingestion(engine, INGESTION_LEASE) is None


async def test_a_flood_of_one_tenant_does_not_hold_up_another(engine):
    for _ in range(3):
        await queued(engine, "loud")
    await queued(engine, "quiet")
    claimed = [await store.claim_ingestion(engine, INGESTION_LEASE) for _ in range(2)]

    assert [one.caller.tenant for one in claimed] == ["loud", "quiet"]


async def test_the_file_of_a_waiting_ingestion_is_not_swept(api, engine, database_url):
    await sent(api, "a.txt", YAK.encode())
    await execute(database_url, "UPDATE originals SET created_at = now() - interval '2 days'")
    await sweep_originals(engine)
    [added] = (await api.post("/documents", files={"file": ("a.txt", YAK.encode())})).json()["documents"]
    await api.delete(f"/documents/{added['document_id']}")

    assert await fetch(engine, "SELECT count(*) FROM originals") == [(1,)]


async def test_the_events_of_an_ingestion_are_never_changed(engine):
    await queued(engine)
    for statement in ("UPDATE ingestion_events SET type = 'x'", "DELETE FROM ingestion_events"):
        with pytest.raises(Exception, match="permission denied"):
            await fetch(engine, statement)


async def test_a_file_survives_the_death_of_the_server_that_reads_it(house, database_url):
    """A worker is killed between reading and storing."""
    async with serving(house, workers=0) as url, httpx.AsyncClient(base_url=url) as http:
        made = (await sent(http, "yak.txt", YAK.encode())).json()
    environment = os.environ | {"DATABASE_URL": database_url, "DOSSIER_CRASH_AT": "after_reading"}
    dead = await asyncio.to_thread(
        subprocess.run, (sys.executable, "-m", "app", "worker"), env=environment, timeout=120, check=False
    )
    assert dead.returncode == -signal.SIGKILL
    await execute(database_url, "UPDATE ingestions SET next_at = now()")  # the lease is over

    house.draining.clear()
    async with serving(house) as url, AsyncDossier(url) as client:
        done = await client.ingested(made["ingestion_id"], timeout=60)

    assert (done.status, done.attempt) == ("completed", 2)
    assert [one.change for one in done.result.documents] == ["added"]


@pytest.fixture
async def server():
    async with answering() as mock:
        yield mock


async def test_texts_and_pages_are_read_by_a_worker_and_replace_as_at_once(house, server):
    head = '<meta property="article:published_time" content="2019-03-02">'
    server.answer = lambda _: reply(f"<html><head><title>Yaks</title>{head}</head><p>{YAK}")
    house.ingesting._pages = PageReader(Fetcher(["127.0.0.1"]))
    async with serving(house) as url, AsyncDossier(url) as client:
        told = {"collections": ["asia"], "metadata": {"by": "me"}}
        texts = [await client.submit_document(text="# Yurts\n\nA yurt is a tent of felt.", **told)]
        pages = [await client.submit_document(url=f"{server.url}/yak")]
        yurt, yak = [await client.ingested(one.ingestion_id, timeout=60) for one in (*texts, *pages)]
        (yurt_id, yak_id) = (one.result.documents[0].document_id for one in (yurt, yak))
        at_once = await client.add_document(text="# Yurts\n\nA yurt is a tent of felt.", **told)
        known = [await client.get_document(one) for one in (yurt_id, yak_id)]
        sent = [
            await client.submit_replacement(yurt_id, text="A yurt is round.", title="Round"),
            await client.submit_replacement(yak_id, url=f"{server.url}/other"),
            await client.submit_replacement(yak_id, url="http://127.0.0.1:9/closed"),
        ]
        replaced = [await client.ingested(one.ingestion_id, timeout=60) for one in sent]
        after = [await client.document_text(one) for one in (yurt_id, yak_id)]

    assert [one.title for one in known] == ["Yurts", "Yaks"]
    assert (known[0].collections, known[0].metadata["by"], known[0].original.name) == (
        ("asia",),
        "me",
        "text.txt",
    )
    assert (known[1].url, known[1].metadata["date"], known[1].original) == (
        f"{server.url}/yak",
        "2019-03-02",
        None,
    )
    assert at_once.documents[0].document_id == yurt_id  # the same text, at the same address
    assert [one.status for one in replaced] == ["completed", "completed", "failed"]
    assert [one.url for one in after] == [known[0].url, known[1].url]
    assert (after[0].title, after[0].text) == ("Round", "A yurt is round.")


async def test_an_archive_or_a_deleted_document_is_no_replacement(house, tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(packed({"yak.txt": YAK, "yurt.txt": "A yurt is a tent of felt."}))
    async with serving(house) as url, AsyncDossier(url) as client, httpx.AsyncClient(base_url=url) as http:
        known = (await client.add_document(text=YAK)).documents[0].document_id
        archive = await client.submit_replacement(known, path)
        renamed = await http.put(f"/documents/{known}", json={"title": "Oxen"}, headers=LATER)
        wrong = await client.ingested(archive.ingestion_id, timeout=60)
        listed = (await client.documents()).documents

    assert wrong.error == "An archive cannot replace one document."
    assert (renamed.status_code, [one.title for one in listed]) == (200, ["Oxen"])


async def test_bad_texts_and_pages_are_refused_at_once(api):
    for body, code in (
        ({"url": "file:///etc/passwd"}, "malformed_url"),
        ({}, "missing_field"),
        ({"text": " "}, "blank"),
        ({"text": "x", "more": 1}, "unknown_field"),
    ):
        answer = await api.post("/documents", json=body, headers=LATER)
        assert answer.status_code in {400, 422}
        assert code in answer.text or code == "blank"
    assert (await api.get("/ingestions")).json()["ingestions"] == []
