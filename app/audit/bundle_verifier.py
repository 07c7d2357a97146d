"""Checks a bundle of Dossier offline.

python -I verify.py [--key KEY] [bundle.zip | folder]

Needs Python 3.9 and nothing else; without an argument it checks the folder that it lies in. It recomputes the
hash of every event and follows the chain to the head, recomputes the sha256 of every page, looks for every
quote at its place in its page, compares the report with the event that wrote it, and checks the signature.
Each line that it prints names a file, and where it can the line, that was touched. The exit code is 0 if
all is as it was written, else 1.

With --key the head must be signed by that key: the 16 digits of its id, the 64 of the key, or its file.

The sender of a bundle may have changed this program too: take it from a Dossier of your own, or run
`dossier bundle --check`, which is the same.
"""

from __future__ import annotations

import argparse
import base64
import json
import re
import struct
import sys
import zipfile
from collections import Counter
from hashlib import sha256, sha512
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Callable, Iterator, Tuple

MANIFEST, EVENTS, HEAD, CLAIMS = "manifest.json", "events.ndjson", "head.json", "claims.json"
MARKDOWN, PAGE = "report.md", "report.html"
KNOWN_FILES = {MANIFEST, EVENTS, HEAD, CLAIMS, MARKDOWN, PAGE, "README.txt", "verify.py"}
PAGE_FILE = re.compile(r"pages/[0-9a-f]{64}\.txt")
MAX_FILES = 10_000
MAX_UNPACKED = 1 << 29  # of all files together, unpacked
MAX_SENTENCES = 100  # findings
MAX_SENTENCE = 400  # characters of one
# What a claim may lack, in the log and in the list, and what it then is.
OPTIONAL: tuple[tuple[str, Any], ...] = (
    ("verdict", None),
    ("reason", ""),
    ("more", []),
    ("given", False),
    ("embedded", False),
)
MARKS = (" *(unverified)*", " *(partly supported)*")
TEXT = "dossier bundle 1\njob {job_id}\nseq {seq}\nhash {hash}\nmanifest {manifest}\nkey {key}\n"
MARK = b',"event":'

Point = Tuple[int, int, int, int]

# Ed25519, the verification of RFC 8032, section 5.1.7

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)  # of minus one


def add(a: Point, b: Point) -> Point:
    """The sum of two points in extended coordinates."""
    m, n = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    t, z = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = n - m, z - t, z + t, n + m
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number: int, point: Point) -> Point:
    """The point added to itself so often."""
    total = (0, 1, 1, 0)
    while number:
        if number & 1:
            total = add(total, point)
        point, number = add(point, point), number >> 1
    return total


def recover(y: int, odd: int) -> int | None:
    """Return the x of a point with this y, or None."""
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P or (x == 0 and odd):
        return None
    return P - x if x & 1 != odd else x


def point_of(text: bytes) -> Point | None:
    """The point that 32 bytes stand for, or None."""
    y = int.from_bytes(text, "little")
    odd, y = y >> 255, y & (2**255 - 1)
    x = recover(y, odd) if y < P else None
    return None if x is None else (x, y, 1, x * y % P)


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = point_of(BASE_Y.to_bytes(32, "little")) or (0, 1, 1, 0)


def is_signed(public: bytes, text: bytes, signature: bytes) -> bool:
    """Return True if this key signed the text with these bytes."""
    if len(public) != 32 or len(signature) != 64:
        return False
    a, r = point_of(public), point_of(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    k = int.from_bytes(sha512(signature[:32] + public + text).digest(), "little") % L
    left, right = times(s, BASE), add(r, times(k, a))
    same_x = (left[0] * right[2] - right[0] * left[2]) % P == 0
    return same_x and (left[1] * right[2] - right[1] * left[2]) % P == 0


# What a bundle lies in


class Odd(Exception):
    """What makes an archive none that Dossier wrote."""


class Folder:
    """A bundle that was unpacked."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.left = MAX_UNPACKED

    def close(self) -> None:
        """Let go of nothing: each file is closed once it is read."""

    def names(self) -> list[str]:
        """Every file in it, by its path with slashes."""
        found = []
        for file in self.path.rglob("*"):
            if "__pycache__" in file.parts or (file.is_dir() and not file.is_symlink()):
                continue
            found.append(file.relative_to(self.path).as_posix())
            if len(found) > MAX_FILES:
                raise Odd("has more than %d files" % MAX_FILES)
        return found

    def read(self, name: str) -> bytes:
        """The bytes of a file of the folder itself."""
        file = self.path / name
        if file.is_symlink() or not file.is_file():
            raise Odd("is not a regular file")
        with file.open("rb") as opened:
            text = opened.read(self.left + 1)
        self.left = bounded(self.left, text)
        return text


class Archive:
    """A bundle as it came, with nothing around its files."""

    def __init__(self, path: Path) -> None:
        self.file = Path(path).open("rb")  # noqa: SIM115 - as long as the archive is looked at
        self.left = MAX_UNPACKED
        try:
            self.start = directory_of(self.file, Path(path).stat().st_size)
            self.zip = zipfile.ZipFile(self.file)
        except Exception:
            self.file.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        self.zip.close()
        self.file.close()

    def names(self) -> list[str]:
        """List every file in it, duplicates included."""
        return self.zip.namelist()

    def oddities(self) -> Iterator[str]:
        """Say what the archive has beside its listed files."""
        end = 0
        for info in sorted(self.zip.infolist(), key=lambda entry: entry.header_offset):
            if info.header_offset != end:
                yield "%s: %d bytes before it belong to no file." % (info.filename, info.header_offset - end)
            if info.comment or info.extra:
                yield "%s: has a comment or further fields in the archive." % info.filename
            name, length, told = local_header(self.file, info.header_offset)
            if name != info.filename.encode("utf-8", "replace"):
                yield "%s: has another name in front of its bytes." % info.filename
            if told != (info.flag_bits, info.compress_type, info.CRC, info.compress_size, info.file_size):
                yield (
                    "%s: the list of files describes it otherwise than what is in front of it."
                    % info.filename
                )
            end = info.header_offset + length + info.compress_size
        if end != self.start:
            yield "bundle: %d bytes behind the last file belong to none." % (self.start - end)

    def read(self, name: str) -> bytes:
        """Read a file, without the archive's own checksum.

        Our hash names the line.
        """
        with self.zip.open(name) as opened:
            text = opened.read(self.left + 1)
        self.left = bounded(self.left, text)
        return text


def bounded(left: int, text: bytes) -> int:
    """Return how many bytes may still be read."""
    if len(text) > left:
        raise Odd("holds more than %d bytes" % MAX_UNPACKED)
    return left - len(text)


def directory_of(file: Any, size: int) -> int:
    """Return where the archive's list of files begins, which must end it."""
    file.seek(max(0, size - 22))
    end = file.read(22)
    if len(end) != 22 or end[:4] != b"PK\x05\x06" or end[20:] != b"\0\0":
        raise Odd("does not end as an archive without a comment does")
    disk, of_disk, here, count, length, start = struct.unpack("<4H2L", end[4:20])
    if disk or of_disk or here != count or count > MAX_FILES:
        raise Odd("has more files than a bundle, or is one of several parts")
    if start + length != size - 22:
        raise Odd("has bytes before its first file, or between its list of files and its end")
    return int(start)


def local_header(file: Any, offset: int) -> tuple[bytes, int, tuple[int, ...]]:
    """Return a file's own name, its header's length, and what that tells.

    It tells flags, method, checksum and both sizes.
    """
    file.seek(offset)
    header = file.read(30)
    if len(header) != 30 or header[:4] != b"PK\x03\x04":
        return b"", 0, ()
    flags, method, checksum, packed, size, name, extra = struct.unpack("<2H4x3L2H", header[6:30])
    return file.read(name), 30 + name + extra, (flags, method, checksum, packed, size)


# The check


class Check:
    """The check of one bundle.

    `wrong` is what was found, `unsaid` what could not be checked.
    """

    def __init__(self, bundle: Folder | Archive, key: str = "") -> None:
        self.bundle = bundle
        self.key = key  # that must have signed: the digits of its id, or of itself
        self.wrong: list[str] = []
        self.unsaid: list[str] = []
        self.texts: dict[int, str] = {}
        self.manifest: dict[str, Any] = {}
        self.names: set[str] = set()
        self.rows: list[tuple[int, str, Any]] = []  # (seq, type, data) of the events that are what was hashed
        self.head = ""

    def run(self) -> bool:
        """Check everything, skipping what depends on unreadable files.

        Each such file is named.
        """
        steps: tuple[tuple[str, Callable[[], None]], ...] = (
            ("bundle", self.contents),
            (MANIFEST, self.files),
            (EVENTS, self.events),
            (HEAD, self.heads),
            (EVENTS, self.pages),
            (CLAIMS, self.claims),
            (MARKDOWN, self.report),
        )
        for name, step in steps:
            try:
                step()
            except Exception as error:  # crafted: no honest bundle makes any of them raise
                self.wrong.append("%s: was crafted, it cannot be judged (%s)." % (name, type(error).__name__))
        return not self.wrong

    def contents(self) -> None:
        """Look at what is there, before anything is read."""
        names = self.bundle.names()
        self.names = set(names)
        for name in sorted(name for name, count in Counter(names).items() if count > 1):
            self.wrong.append("%s: is there more than once." % name)
        if isinstance(self.bundle, Archive):
            self.wrong += self.bundle.oddities()
        self.manifest = self.json(MANIFEST, dict) or {}

    def text(self, name: str) -> bytes | None:
        """Return a file's bytes, or name it and return None."""
        try:
            return self.bundle.read(name)
        except Exception as error:
            why = str(error) if isinstance(error, Odd) else type(error).__name__
            self.wrong.append("%s: cannot be read (%s)." % (name, why))
            return None

    def json(self, name: str, kind: type) -> Any:
        """Read a JSON file, which must be exactly as Dossier writes it."""
        text = self.text(name)
        if text is None:
            return None
        try:
            value = json.loads(text)
            as_written = canonical(value) == text and isinstance(value, kind)
        except (ValueError, RecursionError):
            as_written = False
        if not as_written:
            self.wrong.append("%s: was touched, it is not as Dossier writes it." % name)
            return None
        return value

    def files(self) -> None:
        """Each file against the manifest."""
        names = self.names
        listed = self.manifest.get("files")
        if not isinstance(listed, dict):
            listed = {}
        for name, digest in sorted(listed.items()):
            if name not in KNOWN_FILES and not PAGE_FILE.fullmatch(name):
                self.wrong.append("%s: is not a file of a bundle." % name)
            if name not in names:
                self.wrong.append("%s: was removed." % name)
                continue
            text = self.text(name)
            if text is not None and sha256(text).hexdigest() != digest:
                self.wrong.append("%s: was touched, or its sha256 in %s was." % (name, MANIFEST))
        for name in sorted(names - set(listed) - {MANIFEST, HEAD}):
            self.wrong.append("%s: was added, %s does not list it." % (name, MANIFEST))
        for name in (MANIFEST, HEAD):
            if name not in names:
                self.wrong.append("%s: was removed." % name)

    def events(self) -> None:
        """Check each event's hash and link, up to the head."""
        previous, job_id = bytes(32).hex(), self.manifest.get("job_id")
        text = self.text(EVENTS) or b""
        lines = text.split(b"\n")
        if lines.pop() != b"":
            self.wrong.append("%s line %d: was cut off." % (EVENTS, len(lines) + 1))
        for number, raw in enumerate(lines, 1):
            fault, digest = self.event(number, raw, previous, job_id)
            if fault:
                self.wrong.append("%s line %d: %s" % (EVENTS, number, fault))
                return  # what follows cannot fit
            previous = digest
        self.head = previous
        if len(lines) != self.manifest.get("seq"):
            what = "events were cut off or added" if len(lines) else "there are no events"
            wanted = self.manifest.get("seq")
            self.wrong.append("%s: %s: %d lines, %s says %s." % (EVENTS, what, len(lines), MANIFEST, wanted))

    def event(self, number: int, raw: bytes, previous: str, job_id: object) -> tuple[str | None, str]:
        """What is wrong with a line, and the hash of its event."""
        try:
            frame = json.loads(raw)
            line = raw[raw.index(MARK) + len(MARK) : -1]
            fact = json.loads(line)
            version, epoch, actor = frame["version"], frame["epoch"], frame["actor"]
            linked, digest, seq = frame["prev_hash"], frame["hash"], fact["seq"]
            if canonical_frame(frame, line) != raw:
                return "was touched, it is not as Dossier writes it.", ""
        except (ValueError, KeyError, TypeError, RecursionError):
            return "was touched, it cannot be read.", ""
        if seq != number:
            return "event %s is where event %d belongs: removed, inserted or moved." % (seq, number), ""
        if linked != previous:
            return "event %d does not follow the one before it: one of the two was touched." % number, ""
        head = "%s %s %s\n" % (version, "-" if epoch is None else epoch, actor)
        if sha256(bytes.fromhex(previous) + head.encode() + line).hexdigest() != digest:
            return "event %d was changed: it is not what was hashed." % number, ""
        if fact["job_id"] != job_id:
            return "event %d is of another job, or the job in %s was touched." % (number, MANIFEST), ""
        self.rows.append((seq, fact["type"], fact["data"]))
        return None, digest

    def heads(self) -> None:
        """The head is that of the chain, and signed."""
        head = self.json(HEAD, dict)
        if head is None:
            return
        manifest = sha256(self.text(MANIFEST) or b"").hexdigest()
        said = {"job_id": self.manifest.get("job_id"), "seq": self.manifest.get("seq"), "manifest": manifest}
        if self.head:
            said["hash"] = self.head
        for name, value in said.items():
            if head.get(name) != value:
                self.wrong.append(
                    "%s: its %s is not that of the bundle: one of the two was touched." % (HEAD, name)
                )
        if set(head) != {"job_id", "seq", "hash", "manifest", "key", "public_key", "signature"}:
            self.wrong.append("%s: was touched, it has other members." % HEAD)
        elif head["signature"] is None and self.key:
            self.wrong.append("%s: is not signed, and key %s is demanded." % (HEAD, self.key))
        elif head["signature"] is None:
            self.unsaid.append(
                "The head is not signed: the author of the bundle may have invented all of it."
            )
            if head["key"] is not None or head["public_key"] is not None:
                self.wrong.append("%s: its signature was removed." % HEAD)
        else:
            self.signature(head)

    def signature(self, head: dict[str, Any]) -> None:
        """Ed25519 over the five lines of TEXT."""
        try:
            public, signature = bytes.fromhex(head["public_key"]), bytes.fromhex(head["signature"])
        except (TypeError, ValueError):  # it is one of the findings
            self.wrong.append("%s: its key or signature was touched." % HEAD)
            return
        if sha256(public).hexdigest()[:16] != head["key"]:
            self.wrong.append("%s: its key is not the id of its public key." % HEAD)
        elif not is_signed(public, TEXT.format(**head).encode(), signature):
            self.wrong.append("%s: its signature is not by key %s over this head." % (HEAD, head["key"]))
        elif self.key and self.key not in (head["key"], public.hex()):
            self.wrong.append("%s: is signed by key %s, not by %s." % (HEAD, head["key"], self.key))
        elif not self.key:
            self.unsaid.append("Signed by key %s: make sure that you know it." % head["key"])

    def pages(self) -> None:
        """Check each page's hash, and list those not kept."""
        gone = self.manifest.get("forgotten")
        gone = gone if isinstance(gone, list) else []
        self.texts = {}
        for seq, kind, data in self.rows:
            if kind in ("page_read", "page_set_aside"):
                name = "pages/%s.txt" % data["sha256"]
                if data["sha256"] in gone:
                    self.unsaid.append("%s: is not kept any more, event %d read it." % (name, seq))
                    continue
                text = self.text(name) if name in self.names else None
                if text is None:
                    self.wrong.append("%s: was removed, event %d read it." % (name, seq))
                elif sha256(text).hexdigest() != data["sha256"] or len(text) != data["size"]:
                    self.wrong.append("%s: was touched, it is not what event %d read." % (name, seq))
                else:
                    self.texts[data["number"]] = text.decode("utf-8", "replace")

    def claims(self) -> None:
        """Check each quote in its page, and the list of claims."""
        listed = self.json(CLAIMS, list)
        if listed is None:
            return
        reports = [(seq, data) for seq, kind, data in self.rows if kind == "report_written"]
        seq, report = reports[-1] if reports else (0, {})
        known = {seq_: (kind, data) for seq_, kind, data in self.rows}
        claims = report.get("claims", [])
        if len(listed) != len(claims):
            self.wrong.append("%s: has %d claims, event %d has %d." % (CLAIMS, len(listed), seq, len(claims)))
        for place, (said, claim) in enumerate(zip(listed, claims), 1):
            if not agrees(said, claim, seq, known):
                self.wrong.append("%s: claim %d is not that of event %d." % (CLAIMS, place, seq))
            self.quotes(claim, seq, place)

    def quotes(self, claim: Any, seq: int, place: int) -> None:
        """Check the quote at each place that a claim cites."""
        page = self.texts.get(claim["number"])
        if page is None:
            return
        for quoted in [claim, *claim.get("more", [])]:
            if page[quoted["start"] : quoted["end"]] != quoted["quote"]:
                self.wrong.append(
                    "%s line %d: the quote of claim %d is not in its page at %d to %d."
                    % (EVENTS, seq, place, quoted["start"], quoted["end"])
                )

    def report(self) -> None:
        """Check the report against the event that wrote it."""
        reports = [data for _, kind, data in self.rows if kind == "report_written"]
        if not any(kind == "job_completed" for _, kind, _ in self.rows):
            self.unsaid.append("There is no report: the job is not completed at this event.")
            if self.names & {MARKDOWN, PAGE}:
                self.wrong.append("report.md: there is a report, but no event that completes the job.")
            return
        text, page = self.text(MARKDOWN), self.text(PAGE)
        if text is None or page is None or not reports:
            return
        sources = {data["number"]: data for _, kind, data in self.rows if kind == "source_found"}
        said = text.decode("utf-8", "replace")
        self.wrong += ["%s: %s" % (MARKDOWN, fault) for fault in markdown_faults(said, reports[-1], sources)]
        self.wrong += ["%s: %s" % (PAGE, fault) for fault in page_faults(page, said, sources)]


# The report in words

STAND_IN_NOTE = "*This text was selected from the pages without the model, which failed.*\n\n"
EVIDENCE_HEADING = "\n\n## Evidence\n\n"
QUOTE_COUNT = re.compile(r"(\d{1,9}) citations? ha(?:s|ve) a quote")
SOURCE_LINE = re.compile(r"- \[(\d{1,9})\] (.*) \u2013 (.*)")


def markdown_faults(text: str, report: Any, sources: dict[int, Any]) -> Iterator[str]:
    """Compare title, text and sources with the event's."""
    title, _, body = text.partition("\n\n")
    body = unmarked(body.removeprefix(STAND_IN_NOTE))
    content = unmarked(report["content"].replace("\0", "").strip())
    if not begins(letters(report["title"]) or "Report", letters(title)):
        yield "its title is not that of the event that wrote the report."
    if not body.startswith(content + EVIDENCE_HEADING):
        yield "its text is not that of the event that wrote the report."
        return
    evidence, *rest = body[len(content + EVIDENCE_HEADING) :].rstrip("\n").split("\n\n")
    claims = report.get("claims", [])
    counted = QUOTE_COUNT.search(evidence)
    count = int(counted[1]) if counted else 0
    if count != len(claims):
        yield "it counts %d citations with a quote, the event has %d." % (count, len(claims))
    listed = rest.pop().split("\n") if rest[-2:-1] == ["## Sources"] else []
    rest = rest[:-1] if listed else rest
    if rest and (len(rest) != 2 or rest[0] != "These sentences have no quote:"):
        yield "it says more than Dossier writes."
    yield from source_faults(listed, {claim["number"] for claim in claims}, sources)


def source_faults(lines: list[str], cited: set[int], sources: dict[int, Any]) -> Iterator[str]:
    """Compare the list of sources with those that are cited."""
    seen = set()
    for line in lines:
        said = SOURCE_LINE.fullmatch(line)
        number = int(said[1]) if said else 0
        found = sources.get(number)
        if not said or not found or number not in cited or number in seen:
            yield "its list of sources has a line that no event has."
            continue
        seen.add(number)
        if not begins(letters(found["title"]), letters(said[2])) or not begins(
            letters(found["url"]), letters(said[3])
        ):
            yield "source [%d] is not as it was found." % number
    for number in sorted(cited - seen):
        yield "source [%d] was removed from its list." % number


def letters(text: str) -> str:
    """Return the letters and digits of a text."""
    return "".join(filter(str.isalnum, text))


def begins(whole: str, said: str) -> bool:
    """Return True for the whole, or a line of its beginning."""
    return said == whole or (len(said) >= 300 and whole.startswith(said))


# The report as a page

PAGE_TAGS = {
    *("html", "head", "meta", "title", "body", "main", "a", "article", "bdi", "blockquote", "br", "code"),
    *("em", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "section", "strong"),
    *("style", "table", "tbody", "td", "th", "thead", "tr", "ul"),
}
# A style could hide words or add some, so it is one that a release has had: the sha256 of each.
PAGE_STYLES = {"2891bd3b9948d0d1f461a3fef93265107d79bb7f3c2569784a71a177f9116b43"}
PAGE_ATTRIBUTES = {"href", "rel", "id", "value", "start", "lang", "charset", "name", "content", "dir"}
INLINE = {"a", "bdi", "code", "em", "strong"}
ADDRESS = re.compile(r"https?://[^\s<>|]+")
# What markdown has and a page may not show: addresses behind links, numbers of lists, names of languages.
UNSHOWN = re.compile(
    r"https?://[^\s<>|]+|(?P<maybe>\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*(?:[ \t]+\"[^\"\n]*\")?\)"
    r"|^[ \t>*+-]{0,40}\d{1,9}[.)](?=\s)|^[ \t]{0,40}(?:`{3,}|~{3,})[^\n]*|^- \[\d+\](?= )|&#?\w{1,31};)",
    re.MULTILINE,
)


class PageText(HTMLParser):
    """What a page shows, and what else it has."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.shown: list[str] = []
        self.title: list[str] = []
        self.styles: list[str] = []
        self.odd: list[str] = []
        self.addresses: list[str] = []
        self._within = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note tags and attributes that no report has."""
        self._within = tag
        self.shown.append("" if tag in INLINE else " ")
        if tag == "style":
            self.styles.append("")
        if tag not in PAGE_TAGS or {name for name, _ in attrs} - PAGE_ATTRIBUTES:
            self.odd.append(tag)
        self.addresses += [value or "" for name, value in attrs if name == "href"]

    def handle_endtag(self, tag: str) -> None:
        """End a block, the title or a style."""
        self._within = ""
        self.shown.append("" if tag in INLINE else " ")

    def handle_data(self, data: str) -> None:
        """Keep what is shown, and each style."""
        if self._within == "style":
            self.styles[-1] += data
        else:
            (self.title if self._within == "title" else self.shown).append(data)

    def handle_comment(self, data: str) -> None:  # noqa: ARG002 - the parser's
        """No report has comments."""
        self.odd.append("!--")

    def handle_pi(self, data: str) -> None:  # noqa: ARG002 - the parser's
        """No report has instructions."""
        self.odd.append("?")

    def unknown_decl(self, data: str) -> None:  # noqa: ARG002 - the parser's
        """No report has sections of another kind."""
        self.odd.append("![")


def page_faults(page: bytes, markdown: str, sources: dict[int, Any]) -> Iterator[str]:
    """Compare what a page shows with the report in words."""
    parser = PageText()
    parser.feed(page.decode("utf-8", "replace"))
    parser.close()
    for tag in sorted(set(parser.odd)):
        yield "has a <%s>, which no report has." % tag
    if any(sha256(style.encode()).hexdigest() not in PAGE_STYLES for style in parser.styles):
        yield "has a style that no report has."
    known = {letters(data["url"]) for data in sources.values()}
    for address in parser.addresses:
        if not re.fullmatch(r"#source-\d{1,9}", address) and letters(address) not in known:
            yield "leads to an address that no event found: %s" % address
    shown = letters(ADDRESS.sub("", "".join(parser.shown)))
    title = letters("".join(parser.title))
    if not shown.startswith(title) or not reads_as(markdown, shown):
        yield "its text is not that of report.md."


def reads_as(markdown: str, shown: str) -> bool:
    """Return True if this is what a page shows of the markdown.

    Some parts may be shown or not; each place that the page can be at is followed.
    """
    places, done = {0}, 0
    for found in UNSHOWN.finditer(markdown):
        places = follow(places, letters(markdown[done : found.start()]), shown)
        if found["maybe"]:
            places |= follow(places, letters(found["maybe"]), shown)
        done = found.end()
    return len(shown) in follow(places, letters(markdown[done:]), shown)


def follow(places: set[int], part: str, shown: str) -> set[int]:
    """Return where the page is after this part."""
    return {place + len(part) for place in places if shown.startswith(part, place)}


# What is compared


def unmarked(text: str) -> str:
    """Return the report without its marks, which event lists produce."""
    for mark in MARKS:
        text = text.replace(mark, "")
    return text


def agrees(said: Any, claim: Any, seq: int, known: dict[int, tuple[str, Any]]) -> bool:
    """Compare a listed claim with the event's, and its evidence."""
    try:
        source, found, page = said["source"], said["source"]["found"], said["source"]["page"]
        same = all(said[name] == claim[name] for name in ("text", "quote", "start", "end", "score"))
        same = same and all(said.get(name, none) == claim.get(name, none) for name, none in OPTIONAL)
        number = {"number": claim["number"]}
        named = [
            (seq, "report_written", {}),
            (found["seq"], "source_found", {**number, "url": source["url"], "title": source["title"]}),
            (page["seq"], "page_read", {**number, "sha256": page["sha256"], "size": page["size"]}),
        ]
        for call in (found["search"], page["read"]):
            if call is not None:
                step = call["asked_by"]
                named.append((call["seq"], "call_requested", {"key": call["key"], "about": call["about"]}))
                reasoned = {"step": step["step"], "reasoning": step["reasoning"]}
                named.append((step["seq"], "step_reasoned", reasoned))
        return (
            same
            and said["seq"] == seq
            and source["number"] == claim["number"]
            and all(is_event(known, *event) for event in named)
        )
    except (KeyError, TypeError):
        return False


def is_event(known: dict[int, tuple[str, Any]], seq: int, kind: str, members: dict[str, Any]) -> bool:
    """Whether this event is of this type and says this."""
    type_, data = known[seq]
    return type_ == kind and all(data[name] == value for name, value in members.items())


def canonical(value: object) -> bytes:
    """Encode JSON as bundles do: sorted, two spaces, one line end."""
    return (json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def canonical_frame(frame: dict[str, Any], line: bytes) -> bytes:
    """Encode a line of the events' file from stored bytes."""
    head = {name: frame[name] for name in ("version", "epoch", "actor", "prev_hash", "hash")}
    text = json.dumps(head, ensure_ascii=False, separators=(",", ":"))
    return text[:-1].encode() + MARK + line + b"}"


# What is said


def say(text: str) -> None:
    """Print a line that cannot steer the terminal."""
    shown = "".join(sign if sign.isprintable() else "?" for sign in text[:MAX_SENTENCE])
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    print(shown.encode(encoding, "replace").decode(encoding, "replace"))


def key_of(text: str) -> str:
    """Return the digits of a key or of its id. Raises ValueError."""
    if re.fullmatch(r"[0-9a-fA-F]{16}|[0-9a-fA-F]{64}", text):
        return text.lower()
    lines = Path(text).read_text("ascii").strip().splitlines()
    der = base64.b64decode("".join(line for line in lines if not line.startswith("-")))
    if len(der) != 44 or lines[0] != "-----BEGIN PUBLIC KEY-----":
        raise ValueError
    return der[-32:].hex()


def main(arguments: list[str]) -> int:
    """Check the named bundle, or this folder.

    Return the exit code.
    """
    parser = argparse.ArgumentParser(prog="verify.py", description="Check a bundle of Dossier offline.")
    parser.add_argument("path", nargs="?", help="a zip or a folder; default: the folder of this program")
    parser.add_argument("--key", default="", help="demand its signature: an id, a public key, or its file")
    given = parser.parse_args(arguments)
    path = Path(given.path) if given.path else Path(__file__).resolve().parent
    try:
        key = key_of(given.key) if given.key else ""
    except (OSError, ValueError):
        say("%s: is not a public key; give 16 or 64 hexadecimal digits, or the file of one." % given.key)
        return 1
    try:
        check = Check(Folder(path) if path.is_dir() else Archive(path), key)
    except Exception as error:  # whatever is wrong with it, it is no bundle
        why = str(error) if isinstance(error, Odd) else type(error).__name__
        say("%s: cannot be read as a bundle (%s)." % (path, why))
        return 1
    try:
        return conclude(check, key)
    finally:
        check.bundle.close()


def conclude(check: Check, key: str) -> int:
    """Print what a check found, and return the exit code."""
    good = check.run()
    for sentence in check.wrong[:MAX_SENTENCES]:
        say(sentence)
    if len(check.wrong) > MAX_SENTENCES:
        say("... and %d more." % (len(check.wrong) - MAX_SENTENCES))
    for sentence in check.unsaid[:MAX_SENTENCES]:
        say("Note: " + sentence)
    if not good:
        say("This bundle was touched.")
        return 1
    signed = ", signed by key %s" % key if key else ""
    manifest = check.manifest
    say(
        "Verified, no changes found: job %s up to event %s%s." % (manifest["job_id"], manifest["seq"], signed)
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
