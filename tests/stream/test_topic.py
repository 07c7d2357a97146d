"""A job's ring is contiguous, bounded, and warmed by pages read beyond."""

import asyncio
import gc

import pytest

from app.errors import DatabaseUnavailable
from app.stream import frames
from app.stream import topic as topic_module
from app.stream.topic import Topic
from tests.stream.topics import Log, a_topic, frame


def seqs(piece) -> list[int]:
    return [int(text) for text in piece.part["body"].replace(b".", b"").split()]


def test_what_follows_a_cursor_comes_joined_and_is_joined_once():
    topic = a_topic(3)
    topic.extend([frame(4), frame(5), frame(6)])

    piece = topic.piece(4)

    assert (piece.after, piece.cursor, seqs(piece)) == (4, 6, [5, 6])
    assert topic.piece(4) is piece
    assert topic.piece(6) is None
    assert topic.piece(2) is None, "what came before the ring is read from the log"


def test_frames_that_do_not_follow_the_newest_are_not_taken():
    topic = a_topic(3)
    topic.extend([frame(3), frame(4), frame(6), frame(5)])

    assert topic.head == 5
    assert seqs(topic.piece(3)) == [4, 5]


def test_the_ring_is_bounded_in_bytes(monkeypatch):
    monkeypatch.setattr(topic_module, "RING", 100)
    topic = a_topic(0)
    for seq in range(1, 51):
        topic.extend([frame(seq, 10)])

    assert topic.size == 100
    assert topic.piece(39) is None
    assert seqs(topic.piece(40)) == list(range(41, 51))


def test_one_write_is_not_much_more_than_a_chunk(monkeypatch):
    monkeypatch.setattr(topic_module, "WRITE_SIZE", 25)
    topic = a_topic(0)
    topic.extend([frame(seq) for seq in range(1, 8)])

    assert seqs(topic.piece(0)) == [1, 2, 3]
    assert seqs(topic.piece(3)) == [4, 5, 6]
    assert seqs(topic.piece(6)) == [7]


def test_the_terminal_event_ends_the_response():
    topic = a_topic(0)
    topic.extend([frame(1), frame(2, last=True)])

    part = topic.piece(0).part

    assert part["body"].endswith(frames.END)
    assert not part["more_body"]


async def test_readers_with_different_cursors_share_one_read_of_a_page():
    log = Log(90)
    topic = a_topic(90, log)

    pieces = await asyncio.gather(*(topic.page(cursor) for cursor in range(80)))

    assert log.reads == [0]
    assert [seqs(piece) for piece in pieces] == [list(range(cursor + 1, 91)) for cursor in range(80)]


async def test_a_page_that_reaches_the_ring_stays_in_it(monkeypatch):
    monkeypatch.setattr(topic_module, "RING", 500)
    log = Log(90)
    topic = a_topic(90, log)

    await topic.page(10)

    assert topic.size <= 500
    assert seqs(topic.piece(40)) == list(range(41, 91))
    topic.extend([frame(91)])
    assert seqs(topic.piece(89)) == [90, 91]


async def test_a_page_that_does_not_reach_the_ring_leaves_no_hole_in_it(monkeypatch):
    monkeypatch.setattr(topic_module, "EVENTS_PAGE_SIZE", 10)
    topic = a_topic(30, Log(30))

    await topic.page(5)

    assert topic.size == 0
    assert topic.piece(5) is None


async def test_a_read_that_began_too_early_is_made_again():
    log = Log(5)
    topic = a_topic(5, log)
    early = asyncio.create_task(topic.page(0))
    while not log.reads:  # noqa: ASYNC110 - one turn of the loop at a time is the point
        await asyncio.sleep(0)
    late = asyncio.create_task(topic.page(6))  # joins the read of a log that has five events yet
    log.rows = [frame(seq) for seq in range(1, 9)]

    assert seqs(await early) == [1, 2, 3, 4, 5]
    assert seqs(await late) == [7, 8]
    assert log.reads == [0, 0]


async def test_a_reader_who_leaves_does_not_end_the_read_of_the_others():
    log = Log(9)
    topic = a_topic(9, log)
    leaving, staying = (asyncio.create_task(topic.page(0)) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()

    assert seqs(await staying) == list(range(1, 10))
    assert log.reads == [0]


async def test_a_missing_event_is_an_error_not_a_shorter_page():
    log = Log(9)
    del log.rows[4]
    topic = a_topic(9, log)

    assert seqs(await topic.page(0)) == [1, 2, 3, 4]
    with pytest.raises(LookupError, match="Event 5"):
        topic_module.join(4, iter(log.rows[4:]))


async def test_a_read_that_fails_after_its_only_reader_has_left_is_no_fault(monkeypatch):
    faults, reads, fails = [], asyncio.Event(), asyncio.Event()
    monkeypatch.setattr(asyncio.get_running_loop(), "call_exception_handler", faults.append)

    async def read(_job_id, _after, _limit):
        reads.set()
        await fails.wait()
        raise DatabaseUnavailable("It went away.")

    reader = asyncio.create_task(Topic("job", 3, read, lambda: None).page(0))
    await reads.wait()

    reader.cancel()
    await asyncio.wait([reader])
    fails.set()
    await asyncio.sleep(0.01)
    del reader  # asyncio complains of an error that nobody has seen when it is collected
    gc.collect()

    assert faults == []
