"""A hostile file costs nobody else time or memory."""

import os
import signal
import zlib

import pytest

from app.ingest import confined, extract, kinds
from app.ingest.confined import confined_read
from app.ingest.read_answers import TOO_MUCH
from app.text.formats import Extract


def endless(_body: bytes) -> Extract:
    while True:
        pass


def greedy(_body: bytes) -> Extract:
    return Extract("", "x" * (4 << 30))


def fatal(_body: bytes) -> Extract:
    os.kill(os.getpid(), signal.SIGSEGV)


@pytest.mark.parametrize("reader", [endless, greedy, fatal])
def test_a_file_that_takes_too_much_costs_that_file(tmp_path, monkeypatch, reader):
    monkeypatch.setitem(kinds.FORMATS, ".bad", reader)
    monkeypatch.setattr(confined, "CPU_SECONDS", 1)
    bad, good = tmp_path / "a.bad", tmp_path / "b.txt"
    bad.write_text("x")
    good.write_text("Water boils at 100 degrees.")

    assert confined_read(bad).failed == [f"{bad}: {TOO_MUCH}"]
    assert confined_read(good).documents[0].text == "Water boils at 100 degrees."


def test_a_document_comes_whole_and_an_error_by_its_name(tmp_path):
    path = tmp_path / "a.md"
    path.write_text("# Tea\n\n" + "Water boils. " * 20_000)
    assert confined_read(path).documents == [extract.document(path)]
    [said] = confined_read(tmp_path / "none.txt").failed
    assert said == f"{tmp_path}/none.txt: File not found; check the path."


BOMB = (
    b"%%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Count 1/Kids[3 0 R]>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>>endobj\n"
    b"4 0 obj<</Filter/FlateDecode/Length 400000>>stream\n%b\nendstream endobj\ntrailer<</Root 1 0 R>>"
)


def deflated(piece: bytes, times: int) -> bytes:
    """Compress many repeats of a piece at the cost of one."""
    made, check = zlib.compressobj(9), 1
    begun = made.compress(piece) + made.flush(zlib.Z_FULL_FLUSH)
    for _ in range(times):
        check = zlib.adler32(piece, check)
    return begun[:2] + begun[2:] * times + b"\x03\x00" + check.to_bytes(4, "big")


HOSTILE = {  # made when they are needed: every test process imports this
    "spaces.txt": lambda: b" " * 1_900_000,
    "table.rst": lambda: b"\n".join(b"=" * 60 + b"  " + b"=" * 60 for _ in range(400)),
    "wide.rst": lambda: b".. csv-table::\n   :header-rows: 99999999\n\n   a,b\n",
    "nested.html": lambda: b"<div>" * 200_000,
    "bomb.pdf": lambda: BOMB % deflated(b"(a)Tj " * 1_000_000, 60),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_read_or_refused_and_the_next_one_is_read(tmp_path, monkeypatch, name):
    monkeypatch.setattr(confined, "CPU_SECONDS", 1)
    path, good = tmp_path / name, tmp_path / "good.txt"
    path.write_bytes(HOSTILE[name]())
    good.write_text("Water boils.")
    confined_read(path)

    assert confined_read(good).documents[0].text == "Water boils."


def test_what_is_deflated_piece_by_piece_is_the_whole():
    assert zlib.decompress(deflated(b"(a)Tj ", 1000)) == b"(a)Tj " * 1000
