"""What a face costs and says, by its fold alone."""

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest

from app.domain import chain
from app.faces.chat_fold import ChatFold, usage
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


def test_the_bill_has_the_details_of_the_log_without_what_the_origin_paid():
    paid = {"input_tokens": 9, "cached_tokens": 5, "cache_write_tokens": 2}
    paid |= {"output_tokens": 4, "reasoning_tokens": 3}
    call = {"key": "a", "kind": "model", "provider": "p", "about": "", "reused": True}
    responses, chat = ResponseFold(), ChatFold()
    for fold in (responses, chat):
        fold.feed(line(1, "job_submitted", '{"request":{"query":"x"}}', "pending"))
        fold.feed(line(2, "call_requested", json.dumps(call)))
        for seq, key in enumerate(("a", "b", "b"), start=3):
            fold.feed(line(seq, "call_completed", json.dumps({"key": key, "usage": paid})))
        fold.feed(line(6, "job_failed", '{"error_type":"unknown","error_message":"no"}', "failed"))

    assert responses.response()["usage"] == {
        "input_tokens": 18,
        "input_tokens_details": {"cached_tokens": 10, "cache_write_tokens": 4},
        "output_tokens": 8,
        "output_tokens_details": {"reasoning_tokens": 6},
        "total_tokens": 26,
    }
    assert usage(chat.state)["prompt_tokens_details"] == {"cached_tokens": 10}
    assert usage(chat.state)["completion_tokens_details"] == {"reasoning_tokens": 6}
