"""Waiting for a result, with both clients, over a real server."""

import asyncio

import pytest

from app.errors import ProviderError
from dossier import AsyncDossier, Dossier, NoResult


async def test_the_result_comes_once_the_job_has_it(server, house):
    house.model.pause = 0.05
    async with AsyncDossier(server) as dossier:
        job = await dossier.submit("boil?")
        result = await dossier.result(job.job_id)
        again = await dossier.result(job.job_id)

    assert result == again
    assert result.title == "Boiling water"
    assert [source.number for source in result.sources] == [1, 2]


async def test_a_job_that_failed_or_was_cancelled_has_none_and_says_why(server, house):
    house.model.errors = [ProviderError("auth", "The key is wrong.", retryable=False)]

    def work():
        with Dossier(server) as dossier:
            job = dossier.submit("boil?")
            with pytest.raises(NoResult, match="failed: The key is wrong") as failed:
                dossier.result(job.job_id)
            house.model.pause = 30
            job = dossier.submit("boil?")
            dossier.cancel(job.job_id)
            with pytest.raises(NoResult, match="is cancelled") as cancelled:
                dossier.result(job.job_id)
            return failed.value.job.status, cancelled.value.job.status

    assert await asyncio.to_thread(work) == ("failed", "cancelled")
