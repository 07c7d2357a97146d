"""`dossier fork` and `dossier diff` branch and compare jobs.

A fork starts at a point of a job's past. A diff shows two jobs side by side.
"""

from collections.abc import Iterator, Mapping
from typing import Any, get_args

import click
from msgspec import structs

from app.cli.asking import (
    LIMIT_OPTIONS,
    REPORT_OPTIONS,
    SOURCE_OPTIONS,
    finish,
    how_to_go_on,
    report_fields_of,
    sources_of,
    watch_or_leave,
    with_options,
)
from app.cli.naming import find_job
from app.cli.printing import print_table, usage_in_words
from app.cli.server_connection import OWN_WORKERS, connect
from app.cli.terminal import counted, harmless, line, print_json
from dossier import Dossier
from dossier.comparison import Diff, StepSide
from dossier.job_types import JobView, UsageView
from dossier.request import Effort, Limits

COLUMN_WIDTH = 60  # characters of a step or a source
EXAMPLE_FORK = 'Example: dossier fork last --instruction "And if it fails?" --max-searches 2'


@click.command(epilog=EXAMPLE_FORK)
@click.argument("job_id")
@click.option(
    "--after", type=click.IntRange(1), help="The seq of the last event to keep (default: the last)."
)
@click.option(
    "--instruction", help="What you want beyond the question; of a finished job, a further question."
)
@click.option("--effort", type=click.Choice(get_args(Effort)))
@click.option("--priority", type=click.IntRange(-100, 100), help="Higher goes first.")
@click.option("--tag", "tags", multiple=True, help="Instead of the origin's; repeatable.")
@click.option("--model", help="Another language model, as its server calls it.")
@with_options(*SOURCE_OPTIONS, *REPORT_OPTIONS, *LIMIT_OPTIONS)
@click.option("--callback-url", metavar="URL", help="Post its questions and its end there; see webhooks.")
@click.option("--idempotency-key", help="With the same key and changes, the same job.")
@click.option("--no-wait", is_flag=True, help="Print the new job's id and leave.")
@click.option("--json", "as_json", is_flag=True, help="Print the new job with its result as JSON.")
def fork(
    job_id: str,
    after: int | None,
    callback_url: str | None,
    idempotency_key: str | None,
    *,
    no_wait: bool,
    as_json: bool,
    **options: Any,  # noqa: ANN401 - click's
) -> None:
    """Fork a job from any point of its history.

    What the old job did up to that point is reused and costs nothing. Limits and sources that you do not
    name stay the old job's. A fork of a finished job with an instruction is a follow-up question.
    """
    with connect(0 if no_wait else OWN_WORKERS) as dossier:
        origin = dossier.job(find_job(dossier, job_id))
        changes = _changes(origin, options)
        created = dossier.fork(
            origin.job_id, after, callback_url=callback_url, idempotency_key=idempotency_key, **changes
        )
        if created.callback and not as_json:
            line(f"The callback is signed with {created.callback.secret}")
        if no_wait and as_json:
            print_json(created)
            return
        if no_wait:
            click.echo(created.job_id)
            line(how_to_go_on(created.job_id))
            return
        line(f"Job {created.job_id} goes on from there.")
        watch_or_leave(dossier, created.job_id)
        finish(dossier, created.job_id, as_json=as_json)


def _changes(origin: JobView, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options as changes.

    Single limits and sources are put into the origin's.
    """
    changes = {
        name: options[name]
        for name in ("instruction", "effort", "priority", "model")
        if options[name] is not None
    } | report_fields_of(options)
    if options["tags"]:
        changes["tags"] = options["tags"]
    limits = {name: options[name] for name in structs.asdict(Limits()) if options[name] is not None}
    sources = sources_of(options)
    if limits:
        changes["limits"] = structs.replace(origin.limits, **limits)
    if sources:
        changes["sources"] = structs.replace(origin.sources, **sources)
    return changes


@click.command(epilog="Example: dossier diff last 0199d2a4")
@click.argument("job_id")
@click.argument("other")
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
def diff(job_id: str, other: str, *, as_json: bool) -> None:
    """Compare two jobs: steps, sources, claims, cost."""
    with connect() as dossier:
        found = _diff(dossier, job_id, other)
    if as_json:
        print_json(found)
    else:
        _print(found)


def _diff(dossier: Dossier, job_id: str, other: str) -> Diff:
    return dossier.diff(find_job(dossier, job_id), find_job(dossier, other))


def _print(found: Diff) -> None:
    jobs = (str(found.a), str(found.b))
    print_table(("", *jobs), list(_rows(found)), cut=jobs)
    line(f"They start with {counted(found.common_prefix, 'common step')}.")


def _rows(found: Diff) -> Iterator[tuple[str, str, str]]:
    for changed in found.requests:
        yield changed.field, _cut(changed.a), _cut(changed.b)
    for pair in found.steps:
        yield f"step {pair.step}", _step(pair.a), _step(pair.b)
    for shared in found.sources.both:
        yield "source", _cut(f"[{shared.a}] {shared.url}"), _cut(f"[{shared.b}] {shared.url}")
    for source in found.sources.only_a:
        yield "source", _cut(f"[{source.number}] {source.url}"), ""
    for source in found.sources.only_b:
        yield "source", "", _cut(f"[{source.number}] {source.url}")
    for text in found.claims.both:
        yield "claim", _cut(text), _cut(text)
    for claim in found.claims.only_a:
        yield "claim", _cut(claim.text), ""
    for claim in found.claims.only_b:
        yield "claim", "", _cut(claim.text)
    yield "usage", _usage(found.usage.a), _usage(found.usage.b)


def _cut(value: object) -> str:
    text = harmless(" ".join(str(value).split()))
    return text if len(text) <= COLUMN_WIDTH else f"{text[: COLUMN_WIDTH - 1]}…"


def _step(side: StepSide | None) -> str:
    if side is None:
        return ""
    return _cut(f"{'(reused) ' if side.reused else ''}{side.words}")


def _usage(usage: UsageView) -> str:
    cost = "unknown" if usage.cost_usd is None else f"${usage.cost_usd:.4f}"
    return f"{usage_in_words(usage.searches, usage.pages_read, usage.calls)}, {cost}"
