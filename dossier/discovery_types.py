"""Describe what a server offers, and what a job would take."""

from msgspec import Struct

from dossier.request import Effort, SearchScope


class PastFigures(Struct, frozen=True):
    """A half and nine tenths of past jobs stayed below these."""

    p50: float
    p90: float


class Past(Struct, frozen=True):
    """What the newest completed jobs took."""

    jobs: int
    calls: PastFigures
    seconds: PastFigures  # from the first attempt's start
    cost_usd: PastFigures | None  # None: no such job has a known cost


class EffortOffer(Struct, frozen=True):
    """An effort: its limits, and what its jobs took."""

    effort: Effort
    max_searches: int
    max_pages: int
    max_calls: int
    deadline_seconds: int
    past: Past | None  # None: no job of this effort was completed lately


class RequestLimits(Struct, frozen=True):
    """What one request and one server take at most."""

    query_characters: int
    body_bytes: int
    tags: int
    metadata_bytes: int
    page_size: int
    waiting_jobs: int


class Capabilities(Struct, frozen=True):
    """What this server offers."""

    version: str
    models: tuple[str, ...]  # known by name; empty: sentences are selected without a model
    default_model: str | None
    search_engines: tuple[str, ...]  # of the web
    default_search: SearchScope
    documents: int  # that can be searched; counted up to 100,000
    efforts: tuple[EffortOffer, ...]
    limits: RequestLimits
    protocols: dict[str, str]  # name to path


class Estimate(Struct, frozen=True):
    """What a job would take, judged by past ones.

    No job takes more than its limits, and nothing here is promised.
    """

    effort: Effort
    past: Past | None  # None: no such job was completed lately, and the limits are all that is known
    max_calls: int
    deadline_seconds: int
    max_cost_usd: float | None  # of the request; None: unlimited
    waiting_jobs: int  # that come before it, at most
