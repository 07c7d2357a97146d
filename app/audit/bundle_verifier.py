"""Checks a bundle of Dossier offline.

python -I verify.py [bundle.zip | folder]

Needs Python 3.9 and nothing else; without an argument it checks the folder that it lies in. It recomputes the
hash of every event and follows the chain to the head, recomputes the sha256 of every page, looks for every
quote at its place in its page, compares the report with the event that wrote it, and checks the signature.
Each line that it prints names a file, and where it can the line, that was touched. The exit code is 0 if
all is as it was written, else 1.

Whoever gives you a bundle may have changed this program too: take it from a Dossier of your own, or run
`dossier bundle --check`, which is the same.
"""

from __future__ import annotations

import json
import re
import sys
import zipfile
from hashlib import sha256, sha512
from pathlib import Path
from typing import Any, Tuple

MANIFEST, EVENTS, HEAD, CLAIMS = "manifest.json", "events.ndjson", "head.json", "claims.json"
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


# The bundle


class Folder:
    """A bundle that was unpacked."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)

    def names(self) -> list[str]:
        """Every file in it, by its path with slashes."""
        files = (file for file in self.path.rglob("*") if file.is_file())
        return [file.relative_to(self.path).as_posix() for file in files if "__pycache__" not in file.parts]

    def read(self, name: str) -> bytes:
        """The bytes of a file."""
        return (self.path / name).read_bytes()


class Archive:
    """A bundle as it came."""

    def __init__(self, path: Path) -> None:
        self.zip = zipfile.ZipFile(path)

    def names(self) -> list[str]:
        """List every file in it, duplicates included."""
        return self.zip.namelist()

    def read(self, name: str) -> bytes:
        """Read a file, without the archive's own checksum.

        Our hash names the line.
        """
        return self.zip.read(name)


class Check:
    """The check of one bundle.

    `wrong` is what was found, `unsaid` what could not be checked.
    """

    def __init__(self, bundle: Folder | Archive) -> None:
        self.bundle = bundle
        self.wrong: list[str] = []
        self.unsaid: list[str] = []
        self.texts: dict[int, str] = {}
        self.manifest: dict[str, Any] = {}
        self.rows: list[tuple[int, str, Any]] = []  # (seq, type, data) of the events that are what was hashed
        self.head = ""

    def run(self) -> bool:
        """Check everything, skipping what depends on unreadable files.

        Each such file is named.
        """
        names = self.bundle.names()
        for name in sorted({name for name in names if names.count(name) > 1}):
            self.wrong.append("%s: is there more than once." % name)
        self.manifest = self.json(MANIFEST, dict) or {}
        self.files(set(names))
        self.events()
        self.heads()
        self.pages()
        self.claims()
        self.report()
        return not self.wrong

    def text(self, name: str) -> bytes | None:
        """Return a file's bytes, or name it and return None."""
        try:
            return self.bundle.read(name)
        except Exception as error:
            self.wrong.append("%s: cannot be read (%s)." % (name, type(error).__name__))
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

    def files(self, names: set[str]) -> None:
        """Each file against the manifest."""
        listed = self.manifest.get("files")
        if not isinstance(listed, dict):
            listed = {}
        for name, digest in sorted(listed.items()):
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
            self.wrong.append("%s: its key is not the public key that stands there." % HEAD)
        elif not is_signed(public, TEXT.format(**head).encode(), signature):
            self.wrong.append("%s: its signature is not by key %s over this head." % (HEAD, head["key"]))
        else:
            self.unsaid.append("Signed by key %s: make sure that you know it." % head["key"])

    def pages(self) -> None:
        """Check each page's hash, and list those not kept."""
        gone = self.manifest.get("forgotten")
        gone = gone if isinstance(gone, list) else []
        self.texts = {}
        for seq, kind, data in self.rows:
            if kind == "page_read":
                name = "pages/%s.txt" % data["sha256"]
                if data["sha256"] in gone:
                    self.unsaid.append("%s: is not kept any more, event %d read it." % (name, seq))
                    continue
                text = self.text(name) if name in self.bundle.names() else None
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
        done = any(kind == "job_completed" for _, kind, _ in self.rows)
        listed = self.manifest.get("files")
        listed = listed if isinstance(listed, dict) else {}
        if not done:
            self.unsaid.append("There is no report: the job is not completed at this event.")
            if "report.md" in listed or "report.html" in listed:
                self.wrong.append("report.md: there is a report, but no event that completes the job.")
            return
        text = self.text("report.md")
        if text is not None and reports:
            content = unmarked(reports[-1]["content"].replace("\0", "").strip())
            body = unmarked(text.decode("utf-8", "replace").partition("\n\n")[2])
            if not body.startswith(content + "\n\n## Evidence\n\n"):
                self.wrong.append("report.md: its text is not that of the event that wrote the report.")
            for claim in reports[-1].get("claims", []):
                if not re.search(r"^- \[%d\] " % claim["number"], body, re.MULTILINE):
                    self.wrong.append("report.md: source [%d] was taken out of its list." % claim["number"])


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


def main(arguments: list[str]) -> int:
    """Check the named bundle, or this folder.

    Return the exit code.
    """
    path = Path(arguments[0]) if arguments else Path(__file__).resolve().parent
    try:
        check = Check(Folder(path) if path.is_dir() else Archive(path))
        good = check.run()
    except (OSError, zipfile.BadZipFile) as error:
        print("%s: cannot be read as a bundle (%s)." % (path, error))
        return 1
    for sentence in check.wrong:
        print(sentence)
    for sentence in check.unsaid:
        print("Note: " + sentence)
    manifest = check.manifest
    if good:
        print("Verified, no changes found: job %s up to event %s." % (manifest["job_id"], manifest["seq"]))
        return 0
    print("This bundle was touched.")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
