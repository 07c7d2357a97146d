"""A backup with vectors is restored where there is no pgvector."""

import asyncio
from uuid import uuid4

from app.domain.caller import ANYBODY
from app.store import documents, dump, embedding_models, migrate
from app.store.database import dispose_after, fetch, make_engine
from tests.conftest import execute
from tests.databases import with_database
from tests.embedding.test_documents_by_meaning import put_all
from tests.found_passages import find_passages


async def test_all_but_the_vectors_is_restored_and_they_are_made_again(
    engine, database_url, postgres_url, embedding, tmp_path, monkeypatch
):
    await put_all(engine)
    await embedding.work()
    await dump.dump_database(database_url, tmp_path / "dump")
    name = f"restored_{uuid4().hex[:8]}"
    url = with_database(postgres_url, name)
    await execute(postgres_url, f"CREATE DATABASE {name}")
    monkeypatch.setattr(dump, "KNOWS_VECTORS", "SELECT false")

    state = await dump.load_dump(url, tmp_path / "dump")

    restored = make_engine(url)
    async with dispose_after(restored):
        assert state.documents == 3
        assert not await embedding_models.has_vectors(restored)
        assert not await embedding.elsewhere(restored).worker.work(), "it waits for pgvector"
        await documents.put(restored, ANYBODY, "note:late", "", "A late yak.")
        assert [one.url for one in await find_passages(restored, ANYBODY, "late yak", 5)] == ["note:late"]

        await asyncio.to_thread(migrate.migrate, url)
        there = embedding.elsewhere(restored)
        await there.work()

        assert await fetch(restored, "SELECT count(*)::integer FROM passage_vectors") == [(4,)]
        hits = await there.finder.find(ANYBODY, "Meereshöhe", 5)
        assert [hit.url for hit in hits.passages] == ["note:sea"]
    await execute(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")
