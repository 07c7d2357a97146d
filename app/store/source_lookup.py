"""Look up a source of a job: found, read and quoted."""

from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from app.domain.caller import Caller
from app.domain.events import ClaimsJudged, PageRead, PageSetAside, ReportWritten, SourceFound
from app.store import blobs
from app.store.database import Engine, fetch_own
from dossier.job_types import Claim

# Within one job the index finds these rows; a run of 5,000 events has a few hundred of them.
READ_SOURCE_EVENTS = """
    SELECT type, data::text FROM events
    WHERE EXISTS (SELECT FROM jobs WHERE jobs.job_id = $2 AND tenant = $1::text) AND job_id = $2::uuid
      AND (type IN ('report_written', 'claims_judged')
           OR type IN ('source_found', 'page_read', 'page_set_aside')
           AND (data->>'number')::integer = $3::integer)
    ORDER BY seq"""

_found = msgspec.json.Decoder(SourceFound).decode
_read = msgspec.json.Decoder(PageRead).decode
_set_aside = msgspec.json.Decoder(PageSetAside).decode
_judged = msgspec.json.Decoder(ClaimsJudged).decode
_report = msgspec.json.Decoder(ReportWritten).decode


class StoredSource(Struct, frozen=True):
    """A source, its page's text if stored, and the claims citing it."""

    found: SourceFound
    page: PageRead | PageSetAside | None  # None: it was not read
    text: str | None  # None: not read, or forgotten since
    claims: tuple[Claim, ...]
    judge: str  # of the newest verdicts, "" where nobody was asked


async def source(engine: Engine, caller: Caller, job_id: UUID, number: int) -> StoredSource | None:
    """Return source `number` of the caller's job, or None."""
    rows = await fetch_own(engine, caller, READ_SOURCE_EVENTS, job_id, number, job_id=job_id)
    if not (found := _last(rows, "source_found", _found)):
        return None
    page = _last(rows, "page_read", _read) or _last(rows, "page_set_aside", _set_aside)
    report = _last(rows, "report_written", _report)
    claims = tuple(claim for claim in report.claims if claim.number == number) if report else ()
    judged = [_judged(row[1]).judge for row in rows if row[0] == "claims_judged"]
    judge = next(filter(None, reversed(judged)), "")
    return StoredSource(found, page, await _text(engine, page), claims, judge)


def _last(rows: list[Any], kind: str, decode: Any) -> Any:  # noqa: ANN401 - what the decoder makes
    texts = [row[1] for row in rows if row[0] == kind]
    return decode(texts[-1]) if texts else None


async def _text(engine: Engine, page: PageRead | PageSetAside | None) -> str | None:
    if page is None:
        return None
    body = (await blobs.get(engine, [page.sha256])).get(page.sha256)
    return None if body is None else body.decode("utf-8", errors="replace")
