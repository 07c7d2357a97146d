"""Promise 14: idle costs nothing."""

import asyncio
import time

from app.domain import commands as c
from tests.steps import submitted_job
from tests.worker.working import over


async def test_an_idle_process_makes_at_most_one_query_a_second(house, monkeypatch):
    statements = []

    async def complete(attempt):
        await attempt.carry_out(c.CompleteJob(attempt.epoch, "answered"))

    house.researching = lambda: complete
    async with house.running(2):
        job = await submitted_job(house.writer)
        await over(house, job.id)  # it has worked, and everything is warm
        await asyncio.sleep(0.5)

        ask = house.engine.ask

        async def count(scope, sql, params):
            statements.append(sql)
            return await ask(scope, sql, params)

        monkeypatch.setattr(house.engine, "ask", count)
        began = time.monotonic()
        await asyncio.sleep(4)
        seconds = time.monotonic() - began

    assert 1 <= len(statements) <= seconds + 1
