"""`dossier ask`, `submit` and `follow` ask a question and watch the job."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args
from uuid import UUID

import click
import msgspec
from click.exceptions import Exit
from msgspec import structs

from app.cli.board import watch
from app.cli.exits import CANCELLED, FAILED, INTERRUPTED, NOT_FOUND, NOT_RESEARCHED, Ended, ExitCode
from app.cli.naming import find_job
from app.cli.printing import print_report
from app.cli.server_connection import OWN_WORKERS, connect, is_own
from app.cli.terminal import is_interactive, line, print_json
from dossier import Dossier
from dossier.job_types import JobView, Outcome
from dossier.problems import ApiError
from dossier.request import Effort, Length, LengthName, Limits, Sources

REPORT_FIELDS = ("instructions", "language", "length", "outline", "output_schema")
UNANSWERED: dict[Outcome | None, ExitCode] = {"not_found": NOT_FOUND, "not_researched": NOT_RESEARCHED}


class SearchChoice(click.Choice[str]):
    """The places to search, by the words of users."""

    def __init__(self) -> None:
        super().__init__(["web", "documents", "both"])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ANN401 - click's
        """Return the choice as the API calls it."""
        return "corpus" if value in {"documents", "corpus"} else super().convert(value, param, ctx)


class SchemaFile(click.Path):
    """A file with a JSON Schema, read."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401 - click's
        """Return the object in the file."""
        if isinstance(value, dict):
            return value
        path = super().convert(value, param, ctx)
        try:
            return msgspec.json.decode(Path(str(path)).read_bytes(), type=dict[str, Any])
        except (msgspec.DecodeError, OSError) as error:
            self.fail(f"{value} has no JSON object: {error}", param, ctx)


class ReportLength(click.ParamType[Length]):
    """A length by its name, or as a number of words."""

    name = "length"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Length:  # noqa: ANN401 - click's
        """Return the length as the API takes it."""
        try:
            return msgspec.convert(int(value) if str(value).isdecimal() else value, Length)  # type: ignore[no-any-return]
        except msgspec.ValidationError:
            names = ", ".join(get_args(LengthName))
            self.fail(f"{value!r} is not a length; use {names} or 50 to 10000 words.", param, ctx)


CommandT = TypeVar("CommandT", bound=Callable[..., Any])
AddOption = Callable[[Any], Any]  # of click

LIMIT_OPTIONS = (
    click.option("--max-searches", type=click.IntRange(0), help="Searches at most."),
    click.option("--max-calls", type=click.IntRange(1), help="Paid calls at most."),
    click.option("--max-tokens", type=click.IntRange(1), help="Tokens at most."),
    click.option(
        "--max-cost",
        "max_cost_usd",
        type=click.FloatRange(0, min_open=True),
        help="US dollars to spend at most.",
    ),
    click.option(
        "--deadline", "deadline_seconds", type=click.IntRange(1), help="Seconds of research at most."
    ),
)
REPORT_OPTIONS = (
    click.option("--instructions", help="On the report: for whom, in which form, what it must include."),
    click.option("--language", metavar="TAG", help="The report's language, such as de or pt-BR."),
    click.option("--length", type=ReportLength(), help="short, medium, long, or a number of words."),
    click.option(
        "--schema",
        "output_schema",
        type=SchemaFile(exists=True, dir_okay=False),
        help="A file with a JSON Schema that the job fills; see --json.",
    ),
    click.option(
        "--heading", "outline", multiple=True, help="A heading of the report; repeatable, in order."
    ),
)
CALENDAR_DAY = click.DateTime(["%Y-%m-%d"])
SOURCE_OPTIONS = (
    click.option("--search", type=SearchChoice(), help="Where to look."),
    click.option(
        "--allow",
        "allowed_domains",
        multiple=True,
        metavar="DOMAIN",
        help="Search this domain alone; repeatable.",
    ),
    click.option(
        "--block",
        "blocked_domains",
        multiple=True,
        metavar="DOMAIN",
        help="Never search this domain; repeatable.",
    ),
    click.option(
        "--collection", "collections", multiple=True, help="Search its documents alone; repeatable."
    ),
    click.option(
        "--published-after",
        type=CALENDAR_DAY,
        metavar="YYYY-MM-DD",
        help="The first day that pages are from.",
    ),
    click.option(
        "--published-before",
        type=CALENDAR_DAY,
        metavar="YYYY-MM-DD",
        help="The last day that pages are from.",
    ),
    click.option("--pages-in", metavar="TAG", help="The pages' language, such as de or pt-BR."),
    click.option("--region", metavar="CODE", help="The country that is searched from, such as AT."),
)
REQUEST_OPTIONS = (
    click.argument("question"),
    click.option("--effort", type=click.Choice(get_args(Effort)), default="standard"),
    click.option("--tag", "tags", multiple=True, help="Finds the job with `dossier jobs --tag`; repeatable."),
    click.option("--priority", type=click.IntRange(-100, 100), default=0, help="Higher goes first."),
    *SOURCE_OPTIONS,
    click.option("--clarify", is_flag=True, help="The agent may ask you first, before it spends anything."),
    click.option("--plan-review", is_flag=True, help="Wait with the plan until you approve or edit it."),
    click.option("--model", help="A language model other than the worker's, as its server calls it."),
    *REPORT_OPTIONS,
    *LIMIT_OPTIONS,
)


def with_options(*options: AddOption) -> Callable[[CommandT], CommandT]:
    """Return what adds options to a command, in this order."""

    def add(command: CommandT) -> CommandT:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def fields_of(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options as fields of a request.

    What was not said is left to the server.
    """
    limits = {name: options[name] for name in structs.asdict(Limits()) if options[name] is not None}
    return {
        "effort": options["effort"],
        "priority": options["priority"],
        "tags": options["tags"],
        "limits": limits,
        "clarify": options["clarify"],
        "plan_review": options["plan_review"],
        "model": options["model"],
        "sources": sources_of(options),
        **report_fields_of(options),
    }


def sources_of(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was said of the sources."""
    said = {**options, "language": options["pages_in"]}  # --language is the report's
    for name in ("published_after", "published_before"):
        said[name] = said[name] and said[name].date()
    return {name: said[name] for name in Sources.__struct_fields__ if said[name]}


def report_fields_of(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was said of the report."""
    return {name: options[name] for name in REPORT_FIELDS if options[name]}


@click.command(epilog='Example: dossier ask "What is a context manager?" --max-searches 4')
@with_options(*REQUEST_OPTIONS)
@click.option("--json", "as_json", is_flag=True, help="Print the job with its result as JSON.")
def ask(question: str, *, as_json: bool, **options: Any) -> None:  # noqa: ANN401 - click's
    """Ask a question, watch the research, print the report.

    The report goes to standard output, all else to standard error. The exit code is 1 if the job
    failed, 3 if it was cancelled, 4 if nothing was found and 5 if nothing was researched. Ctrl-C
    leaves the job running unless you say otherwise.
    """
    with connect(OWN_WORKERS) as dossier:
        warn_of_empty_sources(dossier)
        created = dossier.submit(question, **fields_of(options))
        watch_or_leave(dossier, created.job_id)
        finish(dossier, created.job_id, as_json=as_json)


def warn_of_empty_sources(dossier: Dossier) -> None:
    """Say so where a job would have nothing to search."""
    try:
        offered = dossier.capabilities()
    except ApiError:  # a key that may submit need not be one that may read
        return
    if not offered.documents and not offered.search_engines:
        line(
            "This server has no documents and no web search. Add documents with `dossier ingest FOLDER` or "
            "`dossier ingest --builtin`, or set up a search engine: docs/sources.md."
        )


def watch_or_leave(dossier: Dossier, job_id: UUID, after: int = 0) -> None:
    """Watch until the job is over, or leave on Ctrl-C.

    On Ctrl-C the person says what is to become of the job.
    """
    try:
        watch(dossier, job_id, after)
    except KeyboardInterrupt:
        line("")
        if is_interactive() and click.confirm("Cancel the job?", default=False, err=True):
            line(f"{dossier.cancel(job_id).message} Job {job_id}")
            raise Exit(CANCELLED.number) from None
        line(how_to_go_on(job_id))
        raise Exit(INTERRUPTED.number) from None


def how_to_go_on(job_id: UUID) -> str:
    """What to do about a job that is left alone."""
    rest = " The next `dossier serve`, `worker` or `follow` continues it." if is_own() else ""
    return f"Job {job_id} is not over.{rest} Watch it: dossier follow {job_id}"


def finish(dossier: Dossier, job_id: UUID, *, as_json: bool) -> None:
    """Print the report of a finished job.

    Say why, if there is none.
    """
    view = dossier.job(job_id)
    if as_json:
        print_json(view)
    elif view.status == "completed":
        print_report(dossier.report(job_id))
    end_as(view)


def end_as(view: JobView) -> None:
    """Exit, and say why a job has no report.

    The reason is given in words and as the exit code.
    """
    if view.status == "cancelled":
        raise Ended(f"Job {view.job_id} was cancelled.", CANCELLED)
    if view.status == "failed":
        reason = view.error.error_message if view.error else "no reason given"
        raise Ended(f"Job {view.job_id} failed: {reason}", FAILED)
    if code := UNANSWERED.get(view.outcome):
        reason = (
            f": {view.result.outcome_reason.rstrip('.')}"
            if view.result and view.result.outcome_reason
            else ""
        )
        raise Ended(f"Job {view.job_id} has no answer ({str(view.outcome).replace('_', ' ')}){reason}.", code)


@click.command(epilog='Example: dossier submit "What is a context manager?" --tag python')
@with_options(*REQUEST_OPTIONS)
@click.option("--idempotency-key", help="With the same key and question, the same job.")
@click.option("--callback-url", metavar="URL", help="Post its questions and its end there; see webhooks.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def submit(
    question: str,
    *,
    idempotency_key: str | None,
    callback_url: str | None,
    as_json: bool,
    **options: Any,  # noqa: ANN401 - click's
) -> None:
    """Submit a question without waiting, and print the job's id.

    Without DOSSIER_URL the job waits for the next `dossier serve`, `worker` or `follow`.
    """
    with connect() as dossier:
        warn_of_empty_sources(dossier)
        created = dossier.submit(
            question, callback_url=callback_url, idempotency_key=idempotency_key, **fields_of(options)
        )
    if as_json:
        print_json(created)
    else:
        click.echo(created.job_id)
        line(how_to_go_on(created.job_id))
        if created.callback:
            line(f"The callback is signed with {created.callback.secret}")


@click.command(epilog="Example: dossier follow last --after 12")
@click.argument("job_id")
@click.option("--after", default=0, type=click.IntRange(0), help="The seq of the last event you have.")
@click.option("--json", "as_json", is_flag=True, help="Print each stored event as one line of JSON.")
def follow(job_id: str, after: int, *, as_json: bool) -> None:
    """Follow a job live, from the start or from a cursor.

    It reconnects after a lost connection or a server restart, and loses no event.
    """
    with connect(OWN_WORKERS) as dossier:
        view = dossier.job(find_job(dossier, job_id))
        if as_json:
            _print_events(dossier, view.job_id, after)
        else:
            watch_or_leave(dossier, view.job_id, after)
            line(f"The report: dossier report {view.job_id}")
        end_as(dossier.job(view.job_id))


def _print_events(dossier: Dossier, job_id: UUID, after: int) -> None:
    for followed in dossier.stream(job_id, after):
        sys.stdout.buffer.write(followed.line + b"\n")
        sys.stdout.buffer.flush()
