"""A face costs as much for the thousandth event of a job as for the first."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from app.domain import chain
from app.faces.chat_fold import ChatFold
from app.faces.response_fold import ResponseFold
from tests.growth.measure import MOST, growth

JOB = UUID(int=7)
PLAN = '{"goal":"boil","reason":"it is cold","changes":[],"steps":["find","read"]}'
AT_ONCE = 8  # characters of a size for each event


def line(seq, type_, data, status="running"):
    return chain.line(JOB, seq, type_, 1, status, 40, datetime(2026, 11, 26, tzinfo=UTC), data)


@pytest.mark.parametrize("make_fold", [ResponseFold, ChatFold])
def test_a_longer_job_takes_longer_only_in_proportion(make_fold):
    def follow(lines):
        fold = make_fold()
        return [fold.feed(one) for one in lines]

    def job(size):
        plans = (line(seq, "plan_adapted", PLAN) for seq in range(2, 2 + size // AT_ONCE))
        return [line(1, "job_submitted", '{"request":{"query":"x"}}', "pending"), *plans]

    assert all(len(frames) > 0 for frames in follow(job(80)))
    assert growth(follow, job) <= MOST
