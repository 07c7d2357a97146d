"""The parser follows the HTML standard, wherever the bytes are cut."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dossier import sse_parser
from dossier.sse_parser import LINE_END, Parser, SseFrame


def parse(*chunks: bytes) -> list[SseFrame]:
    parser = Parser()
    return [frame for chunk in chunks for frame in parser.feed(chunk)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"data: a\n\n", [SseFrame("message", b"a", None)]),
        (b"data:a\n\n", [SseFrame("message", b"a", None)]),
        (b"data:  a\n\n", [SseFrame("message", b" a", None)]),
        (b"data: a\ndata: b\n\n", [SseFrame("message", b"a\nb", None)]),
        (b"data\ndata\n\n", [SseFrame("message", b"\n", None)]),
        (b"data\n\n", [SseFrame("message", b"", None)]),
        (b"id: 7\nevent: x\ndata: a\n\n", [SseFrame("x", b"a", "7")]),
        (
            b"data: a\r\rdata: b\r\n\r\ndata: c\n\n",
            [SseFrame("message", c, None) for c in (b"a", b"b", b"c")],
        ),
        (b"\xef\xbb\xbfdata: a\n\n", [SseFrame("message", b"a", None)]),
        (b"data: a\n\n\xef\xbb\xbfdata: b\n\n", [SseFrame("message", b"a", None)]),
        (b"unknown: 1\nData: 2\ndata: a\n\n", [SseFrame("message", b"a", None)]),
        ("data: é\u2028ü\n\n".encode(), [SseFrame("message", "é\u2028ü".encode(), None)]),
        (b"id: a\x00b\ndata: a\n\n", [SseFrame("message", b"a", None)]),
        (b"id\ndata: a\n\n", [SseFrame("message", b"a", "")]),
    ],
)
def test_frames_are_what_the_standard_says(text, expected):
    assert parse(text) == expected


@pytest.mark.parametrize(
    "text", [b": ping\n\n", b":\n", b"retry: 5\n\n", b"id: 1\n\n", b"event: x\n\n", b"\n\n\n"]
)
def test_without_data_there_is_no_frame(text):
    assert parse(b"id: 1\ndata: a\n\n", text, text) == [SseFrame("message", b"a", "1")]


def test_a_frame_that_was_cut_off_does_not_exist():
    parser = Parser()

    assert parser.feed(b"id: 3\ndata: a\n") == []


def test_neither_the_name_nor_the_id_of_an_event_sticks():
    parser = Parser()

    first, second = parser.feed(b"event: x\nid: 1\ndata: a\n\ndata: b\n\n")

    assert (first.event, second.event) == ("x", "message")
    assert (first.id, second.id) == ("1", None)


@pytest.mark.parametrize(
    ("value", "expected"), [(b"250", 250), (b"1x", None), (b"-1", None), (b"9" * 5000, None), (b"", None)]
)
def test_a_retry_counts_where_it_is_all_digits(value, expected):
    parser = Parser()

    parser.feed(b"retry: " + value + b"\n")

    assert parser.retry_ms == expected


def test_a_frame_without_end_is_refused(monkeypatch):
    monkeypatch.setattr(sse_parser, "MAX_FRAME", 100)
    parser = Parser()

    parser.feed(b"data: 0123456789\n" * 5)

    with pytest.raises(ValueError, match="longer"):
        parser.feed(b"data: " + b"0" * 60)


def test_a_line_in_many_chunks_is_looked_through_once(monkeypatch):
    seen = []

    class Counting:
        def split(self, chunk):
            seen.append(len(chunk))
            return LINE_END.split(chunk)

    monkeypatch.setattr(sse_parser, "LINE_END", Counting())
    parser = Parser()

    for _ in range(100):
        assert parser.feed(b"data: 0123") == []
    [frame] = parser.feed(b"\n\n")

    assert sum(seen) == 1002
    assert len(frame.data) == 994


LINES = st.sampled_from([b"data: a", b"data:", b"event: x", b"id: 1", b": c", b"retry: 1", b"", b"d\xc3\xa9"])


@given(
    st.lists(st.tuples(LINES, st.sampled_from([b"\n", b"\r\n"])), max_size=12),
    st.lists(st.integers(0, 120), max_size=8),
)
def test_where_the_bytes_are_cut_makes_no_difference(lines, cuts):
    text = b"".join(line + end for line, end in lines)
    places = sorted({min(cut, len(text)) for cut in cuts} | {0, len(text)})

    pieces = [text[start:end] for start, end in pairwise(places)]

    assert parse(*pieces) == parse(text) == parse(*(text[n : n + 1] for n in range(len(text))))
