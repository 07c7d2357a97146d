"""What a caller asks for: the question and its bounds. Stored whole in `job_submitted`."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

Effort = Literal["quick", "standard", "deep"]
SearchScope = Literal["web", "corpus", "both"]

Domain = Annotated[str, Meta(min_length=1, max_length=253)]
Tag = Annotated[str, Meta(min_length=1, max_length=50)]


class Limits(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Upper bounds of one job; a field left out takes the preset of the effort."""

    max_cost_usd: Annotated[float, Meta(gt=0, le=10_000)] | None = None
    max_tokens: Annotated[int, Meta(ge=1, le=100_000_000)] | None = None
    max_searches: Annotated[int, Meta(ge=0, le=1_000)] | None = None
    max_calls: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    deadline_seconds: Annotated[int, Meta(ge=1, le=86_400)] | None = None


class Sources(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where the agent may look."""

    search: SearchScope | None = None  # None: the web where a key is set, else the corpus
    allowed_domains: Annotated[tuple[Domain, ...], Meta(max_length=100)] = ()
    blocked_domains: Annotated[tuple[Domain, ...], Meta(max_length=100)] = ()


class ResearchRequest(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The body of `POST /jobs`."""

    query: Annotated[str, Meta(min_length=1, max_length=4000)]
    effort: Effort = "standard"
    priority: Annotated[int, Meta(ge=-100, le=100)] = 0
    tags: Annotated[tuple[Tag, ...], Meta(max_length=10)] = ()
    metadata: dict[str, Any] = field(default_factory=dict)
    limits: Limits = Limits()
    sources: Sources = Sources()
    clarify: bool = False
