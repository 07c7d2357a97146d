"""A good history passes, and each rule catches its own violation.

No other rule does.
"""

import json
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given as property_of
from hypothesis import settings
from hypothesis import strategies as st
from msgspec.structs import replace

from app.domain import events as e
from app.domain.chain import link
from app.domain.history import RULES, check
from app.domain.history.job_evidence import CancelAnswer, History, Projection, ReaderRecord, StoredLease
from app.store.projections import returned_row
from tests.domain.play import (
    JOB,
    MOVES,
    Play,
    cancelled_play,
    failed_play,
    hashed,
    played,
    retold,
    running_play,
    whole_play,
)

GOOD = [whole_play, failed_play, cancelled_play, running_play]


def broken_rules(history: History) -> list[str]:
    return [violation.rule for violation in check(history)]


# Good histories


@pytest.mark.parametrize("play", GOOD)
def test_a_good_history_passes(play):
    assert check(play().history()) == []


@property_of(st.lists(st.integers(0, len(MOVES) - 1), max_size=30))
@settings(max_examples=200, deadline=None)
def test_whatever_is_done_to_a_job_what_the_rules_allow_passes(choices):
    play = Play(max_attempts=2)
    for first in choices:
        any(move(play) for move in (*MOVES[first:], *MOVES[:first]))  # the first that is not refused

        assert check(play.history()) == []


def test_a_question_and_the_limit_that_tripped_with_it_are_one_append():
    play = played(Play.claim, Play.announce, Play.reply)
    assert play.record(
        e.InputRequested(("?",), ("x",), ("a", "b"), 600), e.BudgetReached("max_cost_usd", 1, 1)
    )

    assert check(play.history()) == []


def test_an_event_of_a_newer_version_ends_the_judgement_of_contents_and_is_no_violation():
    history = whole_play().history()
    rows = list(history.rows)
    at = where(rows, "step_reasoned")

    newer = hashed(replace(history, rows=tuple(edited(rows, at, type="job_dreamt", data='{"of":"sheep"}'))))

    assert check(newer) == []


def test_what_a_fork_copies_is_written_with_its_submission_and_under_no_epoch():
    history = played(Play.claim, Play.announce, Play.expire).history()
    fork = {"origin": str(JOB), "after": 9, "origin_hash": "ab"}
    copied = put(history.rows, 1, "job_forked", **fork)
    copied = put(copied, 2, "plan_drafted", goal="g", steps=[], strategies=[])
    not_a_fork = put(history.rows, 1, "plan_drafted", goal="g", steps=[], strategies=[])

    assert "fenced" not in broken_rules(replace(history, rows=tuple(copied)))
    assert "fenced" in broken_rules(replace(history, rows=tuple(not_a_fork)))


def test_nothing_known_breaks_nothing():
    assert check(History(JOB)) == []


# Bad histories: the rule, and how a good history comes to break it. Hashes, numbers and statuses fit what is
# told, unless they are what is wrong.


def put(rows, at, type_, epoch=None, **data):
    """Insert another event before `at`, as a writer would have then."""
    like = rows[at - 1]
    actor = "api" if epoch is None else "worker:w"
    text = json.dumps(data, separators=(",", ":"))
    row = replace(like, type=type_, schema_version=1, data=text, actor=actor, epoch=epoch)
    return [*rows[:at], row, *rows[at:]]


def request(rows, at, key, epoch, repeat=0):
    call = {"kind": "model", "provider": "x", "input_sha256": "00", "about": "a", "repeat": repeat}
    return put(rows, at, "call_requested", epoch, key=key, **call)


def where(rows, type_, nth=0):
    return [place for place, row in enumerate(rows) if row.type == type_][nth]


def edited(rows, at, **fields):
    return [*rows[:at], replace(rows[at], **fields), *rows[at + 1 :]]


def with_data(rows, at, **fields):
    return edited(rows, at, data=json.dumps({**json.loads(rows[at].data), **fields}))


def numbers_with_a_gap():
    history = whole_play().history()
    rows = [replace(row, seq=row.seq + (place >= 6)) for place, row in enumerate(history.rows)]
    return hashed(replace(history, rows=tuple(rows)))


def an_author_exchanged():
    history = whole_play().history()
    return replace(history, rows=tuple(edited(history.rows, 5, actor="worker:other")))


def an_epoch_exchanged_with_its_hash_kept():
    history = cancelled_play().history()
    return replace(history, rows=tuple(edited(history.rows, 8, actor="worker:other")))


def a_link_exchanged():
    history = whole_play().history()
    return replace(history, rows=tuple(edited(history.rows, 5, prev_hash=bytes(31) + b"x")))


def a_second_submission():
    history = running_play().history()
    return retold(history, [history.rows[0], *history.rows])


def a_clock_set_back():
    history = running_play().history()
    early = history.rows[5].occurred_at - timedelta(hours=1)
    return retold(history, edited(history.rows, 5, occurred_at=early))


def an_event_without_its_fields():
    history = whole_play().history()
    return hashed(replace(history, rows=tuple(edited(history.rows, 6, data="{}"))))


def an_event_that_is_no_json():
    history = whole_play().history()
    return hashed(replace(history, rows=tuple(edited(history.rows, 6, data='{"key":'))))


def an_event_that_cannot_follow():
    """A source that a turn found, before there is a turn."""
    history = played(Play.claim).history()
    found = {"number": 1, "url": "u", "title": "t", "excerpt": "", "found_by": "x"}
    return hashed(replace(history, rows=tuple(_numbered(put(history.rows, 2, "source_found", 1, **found)))))


def _numbered(rows):
    return [replace(row, seq=seq) for seq, row in enumerate(rows, 1)]


def a_status_that_does_not_follow():
    history = whole_play().history()
    return hashed(replace(history, rows=tuple(edited(history.rows, 5, status="cancelling"))))


def finished_twice():
    history = whole_play().history()
    return retold(history, [*history.rows, history.rows[-1]])


def work_after_the_end():
    history = replace(whole_play().history(), at_rest=False)
    plan = {"goal": "g", "steps": [], "strategies": []}
    return retold(history, put(history.rows, len(history.rows), "plan_drafted", 4, **plan))


def an_epoch_left_out():
    history = whole_play().history()
    rows = [replace(row, epoch=5) if row.epoch == 4 else row for row in history.rows]
    return retold(history, rows)


def an_epoch_used_again():
    """A fence by attempt number would be reused after a hand-back."""
    history = played(Play.claim, Play.release, Play.claim, Play.announce, Play.reply, Play.complete).history()
    rows = [replace(row, epoch=1) if row.epoch == 2 else row for row in history.rows]
    return retold(history, rows)


def claimed_by_two():
    history = running_play().history()
    rows = list(history.rows)
    del rows[where(rows, "lease_expired")]
    return retold(history, rows)


def a_zombies_step():
    history = running_play().history()
    return retold(history, edited(history.rows, where(history.rows, "step_reasoned"), epoch=1))


def a_step_after_the_lease_expired():
    history = running_play().history()
    at = where(history.rows, "lease_expired") + 1
    plan = {"goal": "g", "steps": [], "strategies": []}
    return retold(history, put(history.rows, at, "plan_drafted", 1, **plan))


def a_finish_by_a_zombie():
    history = whole_play().history()
    return retold(history, edited(history.rows, len(history.rows) - 1, epoch=1))


def a_step_under_no_epoch():
    history = running_play().history()
    return retold(history, edited(history.rows, where(history.rows, "step_reasoned"), epoch=None))


def two_leases():
    history = running_play().history()
    return replace(history, leases=(StoredLease(2, "a"), StoredLease(2, "b")))


def a_lease_of_an_old_epoch():
    return replace(running_play().history(), leases=(StoredLease(1, "zombie"),))


def a_lease_of_a_finished_job():
    return replace(whole_play().history(), leases=(StoredLease(4, "w"),))


def a_result_without_an_intent():
    history = running_play().history()
    rows = [row for row in history.rows if row.type != "call_requested"]
    return retold(history, rows)


def a_failure_of_another_call():
    history = cancelled_play().history()
    return retold(history, with_data(history.rows, where(history.rows, "call_failed"), key="9/model"))


def a_finished_call_announced_again():
    history = whole_play().history()
    rows = history.rows
    return retold(history, request(rows, where(rows, "step_reasoned") + 1, "1/model", 2, repeat=1))


def a_finished_call_completed_again():
    history = running_play().history()
    at = where(history.rows, "call_completed")
    return retold(history, [*history.rows[: at + 1], *history.rows[at:]])


def a_repeat_that_is_not_marked():
    history = running_play().history()
    return retold(history, with_data(history.rows, where(history.rows, "call_requested", 1), repeat=0))


def a_first_try_that_is_marked_as_a_repeat():
    history = running_play().history()
    rows = with_data(history.rows, where(history.rows, "call_requested", 0), repeat=1)
    return retold(history, with_data(rows, where(rows, "call_requested", 1), repeat=2))


def announced_twice_by_one_attempt():
    history = running_play().history()
    at = where(history.rows, "call_completed")
    return retold(history, request(history.rows, at, "1/model", 2, repeat=2))


def a_call_after_the_cancel():
    history = cancelled_play().history()
    at = where(history.rows, "cancel_requested") + 1
    return retold(history, request(history.rows, at, "2/model/2", 1))


def acknowledged_and_lost():
    return History(JOB, acknowledged=whole_play().history().acknowledged)


def acknowledged_at_another_time():
    history = whole_play().history()
    return replace(history, acknowledged=(history.acknowledged[0] + timedelta(microseconds=1),))


def still_running_at_the_end():
    return replace(running_play().history(), at_rest=True)


def still_waiting_at_the_end():
    return replace(played(Play.claim, Play.fail).history(), at_rest=True)


def with_column(play, **fields):
    history = play.history()
    return replace(history, projection=Projection({**history.projection.row, **fields}, returned_row))


def a_row_without_a_log():
    return History(JOB, projection=whole_play().history().projection)


def a_log_without_a_row():
    return replace(whole_play().history(), projection=Projection(None, returned_row))


def completed_in_spite_of_a_cancel():
    history = cancelled_play().history()
    end = len(history.rows) - 1
    return retold(history, edited(history.rows, end, type="job_completed", data='{"stop_reason":"answered"}'))


def answered(play, code, at=None):
    return replace(play.history(), cancels=(CancelAnswer(code, at),))


def cancelled_at_another_time():
    history = played(Play.cancel).history()
    [answer] = history.cancels
    return replace(history, cancels=(CancelAnswer(200, answer.cancelled_at + timedelta(microseconds=1)),))


def read(*, ended=False, after=0, **wrong):
    """Return the finished job as read, its lines changed by `lines`."""
    history = whole_play().history()
    lines = [(row.seq, row.line()) for row in history.rows if row.seq > after]
    return replace(history, readers=(ReaderRecord(tuple(wrong["lines"](lines)), after, ended),))


BAD = {
    "gap_free": [numbers_with_a_gap],
    "chained": [an_author_exchanged, an_epoch_exchanged_with_its_hash_kept, a_link_exchanged],
    "begins_once": [a_second_submission],
    "in_time_order": [a_clock_set_back],
    "readable": [an_event_without_its_fields, an_event_that_is_no_json, an_event_that_cannot_follow],
    "status_is_folded": [a_status_that_does_not_follow],
    "terminal_is_last": [finished_twice, work_after_the_end],
    "epochs_grow_by_one": [an_epoch_left_out, an_epoch_used_again],
    "one_live_epoch": [claimed_by_two],
    "fenced": [
        a_zombies_step, a_step_after_the_lease_expired, a_finish_by_a_zombie, a_step_under_no_epoch,
    ],
    "one_lease": [two_leases, a_lease_of_an_old_epoch, a_lease_of_a_finished_job],
    "announced": [a_result_without_an_intent, a_failure_of_another_call],
    "paid_once": [a_finished_call_announced_again, a_finished_call_completed_again],
    "repeats_are_marked": [
        a_repeat_that_is_not_marked, a_first_try_that_is_marked_as_a_repeat, announced_twice_by_one_attempt,
    ],
    "nothing_is_paid_after_a_cancel": [a_call_after_the_cancel],
    "acknowledged_is_logged": [acknowledged_and_lost, acknowledged_at_another_time],
    "ends": [still_running_at_the_end, still_waiting_at_the_end],
    "projected": [
        lambda: with_column(running_play(), progress=3),
        lambda: with_column(whole_play(), tags=["a"]),
        lambda: with_column(whole_play(), head_hash=bytes(32)),
        lambda: with_column(whole_play(), error="null"),
        a_row_without_a_log,
        a_log_without_a_row,
    ],
    "a_cancel_is_kept": [completed_in_spite_of_a_cancel],
    "cancels_are_answered_truly": [
        lambda: answered(whole_play(), 200, whole_play().job.completed_at),
        lambda: answered(running_play(), 202),
        lambda: answered(running_play(), 409),
        lambda: answered(cancelled_play(), 409),
        cancelled_at_another_time,
    ],
    "readers_saw_the_log": [
        lambda: read(lines=lambda lines: lines[:3] + lines[4:]),
        lambda: read(lines=lambda lines: lines[:3] + lines[2:]),
        lambda: read(lines=lambda lines: [lines[1], lines[0], *lines[2:]]),
        lambda: read(lines=lambda lines: [*lines[:3], (4, lines[3][1] + b" "), *lines[4:]]),
        lambda: read(lines=lambda lines: [*lines, (21, b"{}")]),
        lambda: read(lines=lambda lines: lines[:-1], ended=True),
        lambda: read(lines=lambda lines: lines[1:], after=3),
    ],
}  # fmt: skip

CASES = [
    pytest.param(rule, make, id=f"{rule}-{n}" if make.__name__ == "<lambda>" else make.__name__)
    for rule, makes in BAD.items()
    for n, make in enumerate(makes, 1)
]


@pytest.mark.parametrize(("rule", "make"), CASES)
def test_a_bad_history_is_named_by_the_rule_that_it_breaks_and_by_no_other(rule, make):
    violations = check(make())

    assert [violation.rule for violation in violations] == [rule]
    [violation] = violations
    assert violation.message.startswith(f"Job {JOB}: ")
    assert violation.message.endswith(".")
    assert not violation.seq or f"event {violation.seq}" in violation.message


def test_every_rule_has_a_history_that_breaks_it_and_a_line_in_the_documents():
    text = (Path(__file__).parents[2] / "docs/reliability.md").read_text()

    assert set(BAD) == {rule.__name__ for rule in RULES}
    for rule in BAD:
        assert f"\n| `{rule}` | " in text


def test_a_violation_names_the_job_and_the_first_event_in_a_sentence():
    [violation] = check(a_zombies_step())

    assert (violation.rule, violation.job_id, violation.seq) == ("fenced", JOB, 8)
    assert violation.message == (
        f"Job {JOB}: event 8 (step_reasoned) was written under epoch 1 during epoch 2."
    )


@pytest.mark.parametrize(
    ("make", "seq"),
    [
        (numbers_with_a_gap, 8),
        (an_author_exchanged, 6),
        (finished_twice, 21),
        (still_running_at_the_end, 8),
        (a_log_without_a_row, 20),
        (a_row_without_a_log, 0),
        (a_lease_of_an_old_epoch, 8),
        (acknowledged_and_lost, 0),
    ],
)
def test_the_event_that_is_named_is_the_first_that_breaks_the_rule_or_the_last_that_there_is(make, seq):
    assert check(make())[0].seq == seq


# Any single mutation


def flipped(draw, text: str) -> str:
    """The text with one character exchanged."""
    at = draw(st.integers(0, len(text) - 1))
    return text[:at] + ("x" if text[at] != "x" else "y") + text[at + 1 :]


def exchanged(draw, value):
    """The smallest change of a stored value."""
    match value:
        case None:
            return 1
        case int():
            return value + draw(st.sampled_from((-1, 1)))
        case str():
            return flipped(draw, value) if value else "x"
        case bytes():
            at = draw(st.integers(0, len(value) - 1))
            return value[:at] + bytes([value[at] ^ (1 << draw(st.integers(0, 7)))]) + value[at + 1 :]
        case UUID():
            return UUID(int=value.int ^ (1 << draw(st.integers(0, 127))))
        case list():
            return [*value, "x"]
        case _:
            return value + timedelta(microseconds=draw(st.sampled_from((-1, 1))))


def change_a_row(draw, rows):
    at = draw(st.integers(0, len(rows) - 1))
    field = draw(st.sampled_from(type(rows[at]).__struct_fields__))
    return edited(rows, at, **{field: exchanged(draw, getattr(rows[at], field))})


def drop(draw, rows):
    at = draw(st.integers(0, len(rows) - 1))
    return [*rows[:at], *rows[at + 1 :]]


def duplicate(draw, rows):
    at, to = draw(st.integers(0, len(rows) - 1)), draw(st.integers(0, len(rows)))
    return [*rows[:to], rows[at], *rows[to:]]


def swap(draw, rows):
    one, other = draw(st.lists(st.integers(0, len(rows) - 1), min_size=2, max_size=2, unique=True))
    swapped = list(rows)
    swapped[one], swapped[other] = rows[other], rows[one]
    return swapped


def cut_the_tail(draw, rows):
    return rows[: draw(st.integers(0, len(rows) - 1))]


def insert(draw, rows):
    """Insert an event that fits: the next number, and a chained hash."""
    at = draw(st.integers(1, len(rows)))
    plan = {"goal": "g", "steps": [], "strategies": []}
    return forged(rows, at, put(rows, at, "plan_drafted", rows[at - 1].epoch or 1, **plan)[at])


def forged(rows, at, row):
    before = rows[at - 1]
    row = replace(row, seq=before.seq + 1, status=before.status, prev_hash=before.hash)
    digest = link(before.hash, row.schema_version, row.actor, row.epoch, row.line())
    return [*rows[:at], replace(row, hash=digest), *rows[at:]]


MUTATIONS = [change_a_row, drop, duplicate, swap, cut_the_tail, insert]


@pytest.mark.parametrize("mutate", MUTATIONS)
@property_of(st.data())
@settings(max_examples=150, deadline=None)
def test_no_single_mutation_of_the_log_passes(mutate, data):
    """Two mutations leave the chain whole.

    A tail that is cut off is seen against the row, the readers and the acknowledgement alone. So is an event
    that is added at the end with a hash that fits.
    """
    history = data.draw(st.sampled_from(GOOD))().history()

    mutated = replace(history, rows=tuple(mutate(data.draw, history.rows)))

    assert check(mutated) != []


@property_of(st.data())
@settings(max_examples=150, deadline=None)
def test_no_changed_column_of_the_row_passes(data):
    history = data.draw(st.sampled_from(GOOD))().history()
    row = dict(history.projection.row)
    name = data.draw(st.sampled_from(sorted(row)))
    row[name] = exchanged(data.draw, row[name])

    assert broken_rules(replace(history, projection=Projection(row, returned_row))) == ["projected"]


def test_a_cut_tail_shows_in_nothing_but_the_row_a_reader_an_acknowledgement_and_rest():
    """A log without its last events looks like a job still running."""
    history = whole_play().history()
    cut = History(JOB, rows=history.rows[:-1])

    assert check(cut) == []
    assert check(History(JOB, rows=())) == []
    assert broken_rules(replace(cut, projection=history.projection)) == ["projected"]
    assert broken_rules(replace(cut, readers=history.readers)) == ["readers_saw_the_log"]
    assert broken_rules(replace(cut, at_rest=True)) == ["ends"]
    assert broken_rules(History(JOB, acknowledged=history.acknowledged)) == ["acknowledged_is_logged"]
