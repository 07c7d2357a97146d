"""Serve GET /jobs/{id}/sources/{n}, a source with its quotes.

The quotes are the places in its stored page that the report cites.
"""

import asyncio
from uuid import UUID

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Struct

from app.api.context import ApiContext
from app.api.contract import LOG, problems_of
from app.api.path_values import job_id_of
from app.api.problem_details import BadRequest
from app.api.trail import read_trail
from app.domain.events import PageRead, PageSetAside
from app.domain.words import aside_in_words
from app.store import source_lookup
from app.text.languages import detect
from app.text.pages import page_number
from dossier.evidence import SourceOrigin
from dossier.job_types import Claim, FurtherPassage, Support

MAX_NUMBER = 2**31 - 1  # an integer in Postgres


class QuoteView(Struct, frozen=True):
    """A place in the page that a claim quotes.

    `quote` is `text[start:end]` of the page, in characters. `claim` is the sentence that it supports.
    """

    claim: str
    quote: str
    start: int
    end: int
    score: float
    given: bool  # the model itself copied the quote
    embedded: bool  # words found no quote; an embedding found it, and score is its cosine
    bound: bool  # the model cited no page for this sentence; the quote was found in one that was read
    verdict: Support | None  # of a judge; null where none was given
    reason: str  # of the verdict
    more: tuple[FurtherPassage, ...] = ()  # further places of the page that the claim needs
    page_number: int | None = None  # of the quote, from 1, in a PDF or presentation


class SourcePage(Struct, frozen=True):
    """A source of the job.

    `text` is null where the page was not read, or is no longer kept.
    """

    job_id: UUID
    number: int
    url: str
    title: str
    excerpt: str
    read: bool
    sha256: str | None
    size: int | None  # bytes
    text: str | None
    quotes: tuple[QuoteView, ...]
    language: str  # of the page (ISO 639-1), or of its excerpt; "" if neither tells
    published: str  # as the page tells it: 2019, 2019-03 or 2019-03-02; "" where it does not
    set_aside: str  # why the page was read and not used, "" where it was not set aside
    judged_by: str  # who gave the verdicts, "" where nobody did
    origin: SourceOrigin  # where it comes from: the read, the search, and the steps that asked for them


@get(
    "/jobs/{job_id:str}/sources/{number:int}",
    responses=problems_of(*LOG, "source_not_found"),
    summary="Get a source of a job, its stored page, and the quotes in it",
)
async def job_source(
    context: NamedDependency[ApiContext], job_id: FromPath[str], number: FromPath[int]
) -> Response[SourcePage]:
    """Return the source of this number.

    Answers 404 `source_not_found` where the job has none.
    """
    key = job_id_of(job_id)
    await context.head(key)  # raises where the job is not the caller's
    engine, found = context.reading, None
    if 0 < number <= MAX_NUMBER:
        found = await source_lookup.source(engine, context.caller, key, number)
    if found is None:
        raise BadRequest("source_not_found", f"The job has no source {number}.", "number")
    origin = (await read_trail(context, key)).origins()[number]
    return Response(await asyncio.to_thread(_page, key, found, origin))


def _page(job_id: UUID, source: source_lookup.StoredSource, origin: SourceOrigin) -> SourcePage:
    found, page = source.found, source.page
    return SourcePage(
        job_id=job_id,
        number=found.number,
        url=found.url,
        title=found.title,
        excerpt=found.excerpt,
        read=isinstance(page, PageRead),
        sha256=page.sha256 if page else None,
        size=page.size if page else None,
        text=source.text,
        quotes=tuple(_quote(claim, source.text or "") for claim in source.claims),
        language=detect(source.text or found.excerpt) or (page.language if page else "") or "",
        published=(page.published if page else "") or "",
        set_aside=aside_in_words(page) if isinstance(page, PageSetAside) else "",
        judged_by=source.judge if any(claim.verdict for claim in source.claims) else "",
        origin=origin,
    )


def _quote(claim: Claim, text: str) -> QuoteView:
    return QuoteView(
        claim=claim.text,
        quote=claim.quote,
        start=claim.start,
        end=claim.end,
        score=claim.score,
        given=claim.given,
        embedded=claim.embedded,
        bound=claim.bound,
        verdict=claim.verdict,
        reason=claim.reason,
        more=claim.more,
        page_number=page_number(text, claim.start),
    )
