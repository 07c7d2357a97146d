"""Forged bundles are each named for what they are, without a traceback.

They are made by somebody who knows the format.
"""

import io
import json
import re
import struct
import sys
import warnings
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from app.audit import bundle_verifier
from app.audit.bundle_verifier import Archive, Check, Folder
from app.domain.signature import generate, public_key
from tests.audit.test_bundle import VERIFIER, bundles, checked, parts, run  # noqa: F401 - a fixture

ESCAPE = "\x1b]0;owned\x07\x1b[2J\u202e"


def fitted(files: dict[str, bytes]) -> dict[str, bytes]:
    """Make manifest and head fit the files, without the key."""
    manifest = json.loads(files["manifest.json"])
    kept = {name: text for name, text in files.items() if name not in {"manifest.json", "head.json"}}
    manifest["files"] = {name: sha256(text).hexdigest() for name, text in kept.items()}
    told = bundle_verifier.canonical(manifest)
    head = {**json.loads(files["head.json"]), "manifest": sha256(told).hexdigest()}
    return {**kept, "manifest.json": told, "head.json": bundle_verifier.canonical(head)}


@pytest.fixture
def files(bundles):  # noqa: F811 - the fixture
    """The files of an unsigned bundle."""
    return parts(bundles[1][False].content)


def said_of(body: bytes, tmp_path: Path, *arguments: str) -> str:
    """Return what the program says of a zip.

    It never raises, and never says that all is well.
    """
    (tmp_path / "crafted.zip").write_bytes(body)
    code, said = run(VERIFIER, *arguments, tmp_path / "crafted.zip")
    assert code == 1, said
    return said


def test_a_bundle_that_was_fitted_again_passes_unsigned(files, tmp_path):
    assert checked(tmp_path, fitted(files)) == []


# The archive


def zipped(files: dict[str, bytes], comment: bytes = b"") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in files.items():
            made.writestr(name, text)
        made.comment = comment
    return out.getvalue()


def test_what_lies_before_or_behind_an_archive_is_named(files, tmp_path):
    body = zipped(files)

    assert "before its first file" in said_of(b"#!/bin/sh\n" + body, tmp_path)
    assert "comment" in said_of(zipped(files, comment=b"hello"), tmp_path)
    assert "comment" in said_of(body + b"tail", tmp_path)


def test_an_entry_that_the_list_does_not_have_is_named(files, tmp_path):
    """Another tool that reads front to back would unpack it."""
    hidden = zipped({"report.md": b"Another report."})
    length = hidden.index(b"PK\x01\x02")
    body = bytearray(hidden[:length] + zipped(files))
    end = len(body) - 22
    count, start = struct.unpack("<H", body[end + 10 : end + 12])[0], body.index(b"PK\x01\x02")
    struct.pack_into("<L", body, end + 16, start)
    at = start
    for _ in range(count):
        offset = struct.unpack_from("<L", body, at + 42)[0]
        struct.pack_into("<L", body, at + 42, offset + length)
        at += 46 + sum(struct.unpack_from("<3H", body, at + 28))

    assert f"{length} bytes before it belong to no file" in said_of(bytes(body), tmp_path)


def test_a_name_that_differs_in_front_of_its_bytes_is_named(files, tmp_path):
    body = zipped(files)
    at = body.index(b"report.md")

    assert "another name in front" in said_of(body[:at] + b"REPORT.md" + body[at + 9 :], tmp_path)


@pytest.mark.parametrize("place", [8, 24])  # flags and size, as the list of files has them
def test_a_file_that_the_list_describes_otherwise_is_named(files, tmp_path, place):
    """Tools differ in which of the two they go by."""
    body = bytearray(zipped(files))
    body[body.index(b"PK\x01\x02") + place] ^= 4

    assert "describes it otherwise" in said_of(bytes(body), tmp_path)


def test_names_that_come_twice_and_names_of_no_bundle_are_named(files, tmp_path):
    out = io.BytesIO(zipped(fitted({**files, "../../etc/passwd": b"x"})))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(out, "a") as made:
            made.writestr("report.md", b"Another report.")

    said = said_of(out.getvalue(), tmp_path)

    assert "report.md: is there more than once." in said
    assert "../../etc/passwd: is not a file of a bundle." in said


def test_more_files_than_a_bundle_has_are_refused_before_they_are_read(tmp_path):
    body = zipped({str(number): b"" for number in range(60_000)})

    assert "has more files than a bundle" in said_of(body, tmp_path)


def test_a_bomb_is_read_to_the_bound_and_named(files, tmp_path, monkeypatch):
    monkeypatch.setattr(bundle_verifier, "MAX_UNPACKED", 1 << 20)
    (tmp_path / "bomb.zip").write_bytes(zipped(fitted({**files, "README.txt": b"\0" * (1 << 24)})))

    check = Check(Archive(tmp_path / "bomb.zip"))

    assert not check.run()
    check.bundle.close()
    assert any("README.txt: cannot be read (holds more than" in sentence for sentence in check.wrong)


def test_a_link_out_of_a_folder_is_not_followed(files, tmp_path):
    for name, text in files.items():
        (tmp_path / "b" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "b" / name).write_bytes(text)
    (tmp_path / "b" / "README.txt").unlink()
    (tmp_path / "b" / "README.txt").symlink_to("/etc/hostname")

    check = Check(Folder(tmp_path / "b"))

    assert not check.run()
    assert "README.txt: cannot be read (is not a regular file)." in check.wrong


# The key


def test_a_key_demands_its_signature(bundles, tmp_path):  # noqa: F811 - the fixture
    for signs in (True, False):
        (tmp_path / f"{signs}.zip").write_bytes(bundles[1][signs].content)
    head = json.loads(parts(bundles[1][True].content)["head.json"])
    pem, own = generate()[1], head["public_key"]
    (tmp_path / "other.pub").write_bytes(pem)
    other = public_key(pem)

    good = [run(VERIFIER, "--key", key, tmp_path / "True.zip") for key in (head["key"], own)]
    stranger = run(VERIFIER, "--key", tmp_path / "other.pub", tmp_path / "True.zip")
    unsigned = run(VERIFIER, "--key", head["key"], tmp_path / "False.zip")
    wrong = run(VERIFIER, "--key", "no key", tmp_path / "True.zip")

    assert [code for code, _ in good] == [0, 0]
    assert all("signed by key" in said for _, said in good)
    assert stranger[0] == unsigned[0] == wrong[0] == 1
    assert f"is signed by key {head['key']}, not by" in stranger[1]
    assert other.hex() in stranger[1]
    assert "is not signed, and key" in unsigned[1]
    assert "is not a public key" in wrong[1]


# The report


MARKDOWN = {
    "a sentence": (b"## Evidence", b"And the moon is made of cheese.\n\n## Evidence"),
    "a further section": (b"## Sources", b"## Remarks\n\nTrust me.\n\n## Sources"),
    "the title": (b"# ", b"# Not "),
    "a source's address": (b"<https://", b"<https://evil."),
    "the count of quotes": (b"a quote", b"a quote, 9 citations have a quote"),
}
HTML = {
    "a sentence": (b"</p>", b" And the moon is made of cheese.</p>"),
    "a word": (b"degrees", b"decrees"),
    "a style that hides": (b"</style>", b"p{display:none}</style>"),
    "a second style": (b"</head>", b"<style>p{display:none}</style></head>"),
    "a style for some": (b"<style>", b"<style media='print'>"),
    "a style in the text": (b"</main>", b"<style>main::after{content:'All of it is false.'}</style></main>"),
    "a script": (b"</main>", b"<script>alert(1)</script></main>"),
    "an event": (b"<p>", b'<p onclick="alert(1)">'),
    "an address": (b'href="https://', b'href="https://evil.'),
    "a comment": (b"</main>", b"<!-- hello --></main>"),
    "a sentence taken out": None,
}


@pytest.mark.parametrize("what", MARKDOWN)
def test_a_report_in_words_is_held_against_the_log(files, tmp_path, what):
    before, after = MARKDOWN[what]
    changed = {**files, "report.md": files["report.md"].replace(before, after, 1)}
    assert changed != files

    assert any(sentence.startswith("report.md: ") for sentence in checked(tmp_path, fitted(changed)))


@pytest.mark.parametrize("what", HTML)
def test_a_report_as_a_page_is_held_against_the_log(files, tmp_path, what):
    page = files["report.html"]
    if HTML[what] is None:
        start = page.index(b"<p>", page.index(b"<h1>"))
        changed = page[:start] + page[page.index(b"</p>", start) + 4 :]
    else:
        changed = page.replace(*HTML[what], 1)
    assert changed != page

    assert any(
        sentence.startswith("report.html: ")
        for sentence in checked(tmp_path, fitted({**files, "report.html": changed}))
    )


# Crafted data


def deep(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


CRAFTED = {
    "a manifest of nothing": ("manifest.json", b"null\n"),
    "a manifest that is deep": ("manifest.json", deep(100_000)),
    "a manifest of a list of files": ("manifest.json", b'{\n  "files": [\n    1\n  ]\n}\n'),
    "a head of strings": ("head.json", b'{\n  "hash": "\\ud800"\n}\n'),
    "claims of numbers": ("claims.json", b"[\n  1,\n  2\n]\n"),
    "claims that are deep": ("claims.json", deep(100_000)),
    "a page of script": ("report.html", b"<![CDATA[ <!a <? <main" * 10),
    "a number that is long": ("manifest.json", b'{\n  "seq": ' + b"9" * 10_000 + b"\n}\n"),
    "no text": ("report.md", bytes(range(256)) * 4),
}


@pytest.mark.parametrize("what", CRAFTED)
def test_crafted_files_never_raise(files, tmp_path, what):
    name, text = CRAFTED[what]

    said = said_of(zipped({**files, name: text}), tmp_path)

    assert "This bundle was touched." in said
    assert "Traceback" not in said


EVENTS = {
    "data of another kind": b'"data":[]',
    "a page without a name": b'"data":{"number":1}',
    "numbers for texts": b'"data":{"number":[],"sha256":{},"size":"x","content":1,"claims":{},"key":1}',
}


@pytest.mark.parametrize("what", EVENTS)
def test_crafted_events_whose_hashes_fit_never_raise(files, tmp_path, what):
    """Whoever has no key can write any log that fits."""
    previous, lines = bytes(32).hex(), []
    for raw in files["events.ndjson"].splitlines():
        frame = json.loads(raw)
        line = raw[raw.index(bundle_verifier.MARK) + len(bundle_verifier.MARK) : -1]
        if frame["event"]["type"] in {"page_read", "report_written", "source_found"}:
            line = re.sub(rb'"data":\{.*\}\}$', lambda _: EVENTS[what] + b"}", line)
        head = f"{frame['version']} {'-' if frame['epoch'] is None else frame['epoch']} {frame['actor']}\n"
        frame |= {"prev_hash": previous}
        frame["hash"] = sha256(bytes.fromhex(previous) + head.encode() + line).hexdigest()
        lines.append(bundle_verifier.canonical_frame(frame, line))
        previous = frame["hash"]
    crafted = fitted({**files, "events.ndjson": b"\n".join(lines) + b"\n"})
    head = {**json.loads(crafted["head.json"]), "hash": previous}
    crafted["head.json"] = bundle_verifier.canonical(head)

    found = checked(tmp_path, crafted)

    assert any("was crafted" in sentence for sentence in found)


def test_nothing_of_a_file_reaches_the_terminal_as_it_is(files, tmp_path):
    crafted = fitted({**files, f"pages/{ESCAPE}": b"x"})
    manifest = json.loads(crafted["manifest.json"])
    manifest["job_id"] = ESCAPE
    crafted["manifest.json"] = bundle_verifier.canonical(manifest)

    said = said_of(zipped(crafted), tmp_path)

    assert not set("\x1b\x07\u202e") & set(said)
    assert "pages/?]0;owned??[2J?" in said


def test_a_terminal_that_knows_no_other_letters_is_no_reason_to_raise(files, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))

    bundle_verifier.say("\u4e2d: was touched.")
