"""What a caller asks for: the question and its limits."""

from datetime import date
from operator import attrgetter
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field
from msgspec.structs import asdict, replace

Effort = Literal["quick", "standard", "deep"]
SearchScope = Literal["web", "corpus", "both"]
Verify = Literal["off", "cited", "all"]

Domain = Annotated[str, Meta(min_length=1, max_length=253)]
Tag = Annotated[str, Meta(min_length=1, max_length=50)]
Collection = Annotated[str, Meta(min_length=1, max_length=100)]
LANGUAGE_PATTERN = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$"
LanguageTag = Annotated[str, Meta(min_length=2, max_length=35, pattern=LANGUAGE_PATTERN)]
REGION_PATTERN = r"^[A-Za-z]{2}$"
Region = Annotated[str, Meta(pattern=REGION_PATTERN)]


class Limits(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Upper limits of one job.

    A field left out takes the preset of the effort.
    """

    max_cost_usd: Annotated[float, Meta(gt=0, le=10_000)] | None = None
    max_tokens: Annotated[int, Meta(ge=1, le=100_000_000)] | None = None
    max_searches: Annotated[int, Meta(ge=0, le=1_000)] | None = None
    max_calls: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    deadline_seconds: Annotated[int, Meta(ge=1, le=86_400)] | None = None


class Sources(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where the agent may search."""

    search: SearchScope | None = None  # None: the web where a key is set, else the corpus
    allowed_domains: Annotated[tuple[Domain, ...], Meta(max_length=100)] = ()
    blocked_domains: Annotated[tuple[Domain, ...], Meta(max_length=100)] = ()
    # Only documents in one of these; where `search` is None, no web either. Empty: all documents.
    collections: Annotated[tuple[Collection, ...], Meta(max_length=100)] = ()
    # Told to the engines of the web that can search by them; docs/sources.md says which.
    published_after: date | None = None  # the first day
    published_before: date | None = None  # the last day
    language: LanguageTag | None = None  # of the pages
    region: Region | None = None  # that the search is made from, a country of ISO 3166

    def __post_init__(self) -> None:
        """Refuse a time that ends before it begins."""
        after, before = self.published_after, self.published_before
        if after and before and after > before:
            raise ValueError("Use a published_before that is not earlier than published_after.")


MAX_QUERY = 4000  # characters
MAX_TAGS = 10

Query = Annotated[str, Meta(min_length=1, max_length=MAX_QUERY, pattern=r"\S")]  # not only white space
Priority = Annotated[int, Meta(ge=-100, le=100)]
Tags = Annotated[tuple[Tag, ...], Meta(max_length=MAX_TAGS)]
ModelName = Annotated[str, Meta(min_length=1, max_length=100)]

CallbackUrl = Annotated[str, Meta(min_length=1, max_length=2000)]
MAX_INSTRUCTIONS = 4000  # characters
MAX_HEADINGS = 30

Instructions = Annotated[str, Meta(max_length=MAX_INSTRUCTIONS)]
LengthName = Literal["short", "medium", "long"]
Length = LengthName | Annotated[int, Meta(ge=50, le=10_000)]  # a number is one of words
Heading = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S")]
Outline = Annotated[tuple[Heading, ...], Meta(max_length=MAX_HEADINGS)]


class ResearchRequest(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is asked for.

    It is stored whole in `job_submitted`.
    """

    query: Query
    effort: Effort = "standard"
    priority: Priority = 0
    tags: Tags = ()
    metadata: dict[str, Any] = field(default_factory=dict)
    limits: Limits = Limits()
    sources: Sources = Sources()
    clarify: bool = False
    model: ModelName | None = None  # as the language model's server calls it; None: the worker's own
    # Which claims a judge checks; None in an old log, and where the server decides.
    verify: Verify | None = None
    instructions: Instructions = ""  # on the report: for whom, in which form, what it must include
    language: LanguageTag | None = None  # of the report, as BCP 47 has it; None: that of the question
    length: Length | None = None  # of the report; None: by effort
    outline: Outline = ()  # the report's headings, in order
    plan_review: bool = False  # the job waits until its plan is approved or edited
    output_schema: dict[str, Any] | None = None  # JSON Schema of `result.output`, a subset


class NewJob(ResearchRequest, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The body of `POST /jobs`.

    Who is called back is no part of the request: the log does not tell it.
    """

    callback_url: CallbackUrl | None = None

    def request(self) -> ResearchRequest:
        """Return the request alone."""
        return ResearchRequest(*_asked(self))


_asked = attrgetter(*ResearchRequest.__struct_fields__)


class Changes(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a fork changes.

    A field that is given replaces the origin's whole.
    """

    instruction: Query | None = None  # what is wanted beyond the question
    effort: Effort | None = None
    priority: Priority | None = None
    tags: Tags | None = None
    metadata: dict[str, Any] | None = None
    limits: Limits | None = None
    sources: Sources | None = None
    clarify: bool | None = None
    model: ModelName | None = None
    verify: Verify | None = None
    instructions: Instructions | None = None
    language: LanguageTag | None = None
    length: Length | None = None
    outline: Outline | None = None
    plan_review: bool | None = None
    output_schema: dict[str, Any] | None = None

    def applied_to(self, request: ResearchRequest) -> ResearchRequest:
        """Return the request with these changes."""
        given = {name: value for name, value in asdict(self).items() if value is not None}
        given.pop("instruction", None)
        return replace(request, **given)


class Fork(Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `POST /jobs/{job_id}/fork`."""

    after: Annotated[int, Meta(ge=1)] | None = None  # seq of the last event that counts; None: the newest
    changes: Changes = Changes()
    callback_url: CallbackUrl | None = None  # no part of the new job's request
