"""Check the values of a wanted output against the pages.

A value counts where its quote is in the page that it names and says it, as a claim of the report would have
to. A field without such a value gets the passage nearest to it, as a passage, or is not found.
"""

from collections.abc import Mapping, Sequence

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from app.agent import given, quotes
from app.agent.asks import selection_ask
from app.agent.ending import citable
from app.agent.extractive.page_sentences import sections
from app.agent.given import Asked
from app.agent.numbered_pages import NumberedPages
from app.domain import events as e
from app.domain.job import Job
from app.domain.output_schema import OutputLeaf, OutputPath, assembled, kind_of, leaves, path_of, read_value
from app.domain.research import Source
from app.domain.tools import OutputEntry, SourceQuote
from app.text.spoken import spoken_language
from dossier.job_types import Claim, Output, OutputField

MAX_ENTRIES = 500  # of a reply
MAX_CHECKED_PAGE = 200_000  # characters of a page in which names are known
POINT_LANGUAGES = {"", "en", "zh", "ja", "ko", "th", "hi"}  # that write 3.14
REFUSING = ("contradicted", "unrelated")

Texts = Mapping[str, str]


def output_of(job: Job, entries: Sequence[OutputEntry], texts: Texts) -> Output | UnsetType:
    """Return the output with what holds of these entries."""
    schema = job.request.output_schema
    if schema is None:
        return UNSET
    by_path = {path_of(entry.field): entry for entry in reversed(entries[:MAX_ENTRIES])}
    wanted = leaves(schema, by_path)
    fields = {leaf.path: _checked(job, leaf, by_path.get(leaf.path), texts) for leaf in wanted}
    open_ = [leaf for leaf in wanted if fields[leaf.path].status == "not_found"]
    for path, claim in _passages(job, open_, texts).items():
        fields[path] = replace(fields[path], status="passage", confidence="low", citations=(claim,))
    return _whole(schema, fields)


def _whole(schema: dict[str, object], fields: Mapping[OutputPath, OutputField]) -> Output:
    values = {path: field.value for path, field in fields.items() if field.status == "found"}
    return Output(assembled(schema, values), tuple(fields.values()))


def _checked(job: Job, leaf: OutputLeaf, entry: OutputEntry | None, texts: Texts) -> OutputField:
    """Return a field with its value, or why it has none."""
    if entry is None:
        return OutputField(leaf.pointer, "not_found", reason="not found in the pages that were read")
    try:
        source, page = _read_page(job, entry.source, texts)
        value = read_value(leaf.node, entry.value, has_decimal_comma=_has_decimal_comma(entry, page))
        claim = _claim(leaf, entry, source, page)
    except ValueError as error:
        return OutputField(leaf.pointer, "not_found", reason=str(error))
    # Words cannot decide whether something is so, only that the page speaks of it.
    sure = "medium" if kind_of(leaf.node) == "boolean" and entry.confidence == "high" else entry.confidence
    return OutputField(leaf.pointer, "found", value, sure, (claim,))


def _read_page(job: Job, number: int, texts: Texts) -> tuple[Source, str]:
    """Return a source with its text. Raises ValueError."""
    source = next((known for known in citable(job).sources if known.number == number), None)
    page = texts.get(source.sha256 or "") if source else None
    if source is None or page is None:
        raise ValueError(f"source {number} was not read")
    return source, page


def _has_decimal_comma(entry: OutputEntry, page: str) -> bool:
    """Return True for a number copied from a page that writes 3,14.

    One that the model rewrote is in the notation of JSON.
    """
    return entry.value.strip() in entry.quote and spoken_language(page) not in POINT_LANGUAGES


def _claim(leaf: OutputLeaf, entry: OutputEntry, source: Source, page: str) -> Claim:
    """Return the citation of a value. Raises ValueError."""
    number = entry.source
    located = given.look_up([SourceQuote(number, entry.quote)], {number: page})
    if number not in located.by_source or not located.by_source[number]:
        raise ValueError("; ".join(located.refused) or "no quote was given")
    is_judgement = kind_of(leaf.node) == "boolean"
    text, language = (leaf.label if is_judgement else entry.value.strip()), spoken_language(page)
    claim = quotes.claimed(text, language, spoken=spoken_language(text))
    indexed = quotes.IndexedPage(
        page, claim.stems, MAX_CHECKED_PAGE, language, f"{source.title} {source.url}"
    )
    [held] = given.deal([Asked(claim, text, claim.language)], located.by_source[number], indexed)
    if isinstance(held, str):
        raise ValueError(held or "the quote does not say this")  # noqa: TRY004 - of the reply, not of our types
    first = held.quotes[0]
    said = f"{leaf.label}: {entry.value.strip()}"
    return Claim(said, number, first.text, first.start, first.end, held.score, given=True)


def _passages(job: Job, open_: Sequence[OutputLeaf], texts: Texts) -> dict[OutputPath, Claim]:
    """Return the passage nearest to each open field."""
    if not open_ or not texts:
        return {}
    found = sections(selection_ask(job), [leaf.label for leaf in open_], texts)
    pages = NumberedPages(((source.number, source.sha256) for source in citable(job).sources), texts)
    claims = dict[OutputPath, Claim]()
    for leaf, section in zip(open_, found, strict=True):
        if section.found:
            line = section.found[0].line
            located = given.look_up([SourceQuote(line.number, line.sentence)], pages).by_source
            for quote in located.get(line.number, ())[:1]:
                place = quote.places[0]
                claims[leaf.path] = Claim(
                    leaf.label, line.number, place.text, place.start, place.end, 1.0, bound=True
                )
    return claims


def judged_output(job: Job) -> Output | UnsetType:
    """Return the draft's output without the values that a judge refused."""
    draft, schema = job.research.draft, job.request.output_schema
    if draft is None or draft.output is UNSET or schema is None:
        return UNSET
    verdicts = {(verdict.text, verdict.number): verdict for verdict in job.research.verdicts}
    fields = {path_of(field.field): _judged(field, verdicts) for field in draft.output.fields}
    return _whole(schema, fields)


def _judged(field: OutputField, verdicts: Mapping[tuple[str, int], e.Verdict]) -> OutputField:
    known = [(claim, verdicts.get((claim.text, claim.number))) for claim in field.citations]
    refused = [verdict for _, verdict in known if verdict and verdict.support in REFUSING]
    if field.status == "found" and refused:
        reason = f"judged {refused[0].support}: {refused[0].reason}"
        return OutputField(field.field, "not_found", reason=reason)
    claims = tuple(
        replace(claim, verdict=verdict.support, reason=verdict.reason) if verdict else claim
        for claim, verdict in known
    )
    return replace(field, citations=claims)
