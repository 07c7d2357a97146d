"""Find what was done to a log, and to which event first.

The judge of histories (`app.domain.history`) says which promises do not hold. This says what must have
happened for that to be so, and adds what only witnesses outside the log know: heads in checkpoints.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from app.domain.chain import GENESIS, link
from app.domain.history import check
from app.domain.history.job_evidence import History, Violation
from app.domain.row import Row

Kind = Literal[
    "changed",
    "removed",
    "inserted",
    "reordered",
    "cut_off",
    "rewritten",
    "row",
    "broken",
    "page",
    "checkpoint",
    "upkeep",
    "access",
    "table",
    "archive",
]

FAR = 10_000  # places that an event is looked for at, when it is not what was hashed at its own


class Witness(Struct, frozen=True):
    """What a checkpoint says: this event of the job had this hash."""

    seq: int
    hash: bytes
    number: int  # of the checkpoint


Witnesses = Mapping[UUID, Sequence[Witness]]  # of jobs


class Finding(Struct, frozen=True):
    """A change that was found.

    `seq` is that of the first event concerned, or 0 if it concerns none in particular.
    """

    kind: Kind
    job_id: UUID | None
    seq: int
    message: str
    rules: tuple[str, ...] = ()  # of the judge, that do not hold


def examine(history: History, witnesses: Iterable[Witness] = ()) -> list[Finding]:
    """Return what was done to a job, empty if it is intact."""
    violations = check(history)
    rules = tuple(violation.rule for violation in violations)
    found = _tampered(history, sorted(witnesses, key=lambda witness: witness.seq), {*rules})
    if found:
        return [replace(found, rules=rules)]
    return [_broken(violation) for violation in violations[:1]]


def _broken(violation: Violation) -> Finding:
    kind: Kind = "row" if violation.rule == "projected" else "broken"
    return Finding(kind, violation.job_id, violation.seq, violation.message, (violation.rule,))


def _tampered(history: History, witnesses: Sequence[Witness], rules: set[str]) -> Finding | None:
    """Check the chain, then the end of the log against other records."""
    if rules & {"gap_free", "chained"} and (found := _in_chain(history)):
        return found
    return _against_witnesses(history, witnesses) or (_against_row(history) if "projected" in rules else None)


def _finding(history: History, kind: Kind, seq: int, sentence: str) -> Finding:
    return Finding(kind, history.job_id, seq, f"Job {history.job_id}: {sentence}")


# The chain


def _in_chain(history: History) -> Finding | None:
    previous = GENESIS
    for place, row in enumerate(history.rows):
        if row.seq != place + 1:
            return _gap(history, place, previous)
        if row.prev_hash != previous or _hash(row) != row.hash:
            return _unfit(history, place, previous)
        previous = row.hash
    return None


def _hash(row: Row) -> bytes:
    return link(row.prev_hash, row.schema_version, row.actor, row.epoch, row.line())


def _fits(history: History, row: Row, seq: int) -> bool:
    """Whether the row is what was hashed, had it this seq."""
    text = replace(row, job_id=history.job_id, seq=seq).line()
    return link(row.prev_hash, row.schema_version, row.actor, row.epoch, text) == row.hash


def _gap(history: History, place: int, previous: bytes) -> Finding:
    """Explain a missing number: its event was renumbered, or is gone."""
    missing, row = place + 1, history.rows[place]
    for other in history.rows[place:]:
        if other.prev_hash == previous and _fits(history, other, missing):
            sentence = f"event {missing} was moved: it is event {other.seq} now."
            return _finding(history, "reordered", missing, sentence)
    last = row.seq - 1
    which = f"event {missing} was" if last == missing else f"events {missing} to {last} were"
    return _finding(history, "removed", missing, f"{which} removed.")


def _unfit(history: History, place: int, previous: bytes) -> Finding:
    """Return the first event whose hash or link is wrong."""
    row, seq = history.rows[place], place + 1
    if (original := _original(history, row)) not in {None, seq}:
        return _renumbered(history, place, original or 0, previous)
    after = history.rows[place + 1] if place + 1 < len(history.rows) else None
    if after and after.prev_hash == previous:
        return _finding(
            history, "inserted", seq, f"event {seq} was inserted: the next follows the one before."
        )
    if row.prev_hash == previous:
        return _finding(history, "changed", seq, _what_changed(history, row, after))
    if link(previous, row.schema_version, row.actor, row.epoch, row.line()) == row.hash:
        return _finding(history, "changed", seq, f"the link (prev_hash) of event {seq} was changed.")
    if place and _hash(row) == row.hash:
        sentence = f"event {seq - 1} was changed and rehashed: event {seq} was written after another one."
        return _finding(history, "changed", seq - 1, sentence)
    return _finding(history, "changed", seq, f"event {seq} was changed: it is not what was hashed.")


def _what_changed(history: History, row: Row, after: Row | None) -> str:
    """The hash where what follows still knows it, else the content."""
    known = after.prev_hash if after else _row(history).get("head_hash")
    if known == _hash(row):
        return f"the hash of event {row.seq} was changed; its content was not."
    return f"event {row.seq} was changed: it is not what was hashed."


def _original(history: History, row: Row) -> int | None:
    """Return the number a row was hashed under, if nearby."""
    last = history.rows[-1].seq
    near = range(max(1, row.seq - FAR), min(last + len(history.rows), row.seq + FAR) + 1)
    return next((seq for seq in near if _fits(history, row, seq)), None)


def _renumbered(history: History, place: int, original: int, previous: bytes) -> Finding:
    """Explain a row that was written under another number."""
    row, seq = history.rows[place], place + 1
    for other in history.rows[place + 1 :]:
        if other.prev_hash == previous and _fits(history, other, seq):
            sentence = f"event {seq} was moved: it is event {other.seq} now, and event {original} here."
            return _finding(history, "reordered", seq, sentence)
    if original > seq:
        last = original - 1
        which = f"event {seq} was" if last == seq else f"events {seq} to {last} were"
        return _finding(history, "removed", seq, f"{which} removed, and those after renumbered.")
    first = next((r.seq for r in history.rows if r.hash == row.prev_hash), original - 1) + 1
    sentence = f"event {first} was inserted: what is event {seq} now was written as event {original}."
    return _finding(history, "inserted", first, sentence)


# What others know


def _row(history: History) -> dict[str, object]:
    projection = history.projection
    return dict(projection.row) if projection and projection.row else {}


def _against_witnesses(history: History, witnesses: Sequence[Witness]) -> Finding | None:
    rows, agreed = history.rows, 0
    for witness in witnesses:
        if not rows:
            sentence = f"all its events were removed: checkpoint {witness.number} knows event {witness.seq}."
            return _finding(history, "removed", 1, sentence)
        if witness.seq > len(rows):
            sentence = f"it was cut off after event {len(rows)}: "
            sentence += f"checkpoint {witness.number} knows event {witness.seq}."
            return _finding(history, "cut_off", len(rows) + 1, sentence)
        if rows[witness.seq - 1].hash != witness.hash:
            first, last = agreed + 1, witness.seq
            where = f"event {last} was" if first == last else f"events {first} to {last} were"
            sentence = f"{where} rewritten with new hashes: checkpoint {witness.number} knows other ones."
            return _finding(history, "rewritten", first, sentence)
        agreed = witness.seq
    return None


def _against_row(history: History) -> Finding | None:
    """Compare the end of the log with the job's row."""
    row, last = _row(history), len(history.rows)
    known, head = row.get("seq"), row.get("head_hash")
    if not isinstance(known, int):
        return None
    if not history.rows:
        return _finding(history, "removed", 1, f"all its events were removed: its row knows event {known}.")
    if known > last and head != history.rows[-1].hash:
        return _finding(
            history, "cut_off", last + 1, f"it was cut off after event {last}: its row knows event {known}."
        )
    if known < last and head == history.rows[known - 1].hash:
        sentence = f"event {known + 1} was inserted: its row knows event {known} as the last."
        return _finding(history, "inserted", known + 1, sentence)
    if known == last and head != history.rows[-1].hash:
        sentence = (
            f"event {last} was rewritten with a new hash, or its row was changed: they know other hashes."
        )
        return _finding(history, "rewritten", last, sentence)
    return None
