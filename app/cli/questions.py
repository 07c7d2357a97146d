"""Ask the agent's questions in the terminal, and run `dossier answer`."""

from collections.abc import Callable, Sequence
from uuid import UUID

import click

from app.cli.naming import find_job
from app.cli.server_connection import connect
from app.cli.terminal import harmless, line, print_json
from app.domain.events import InputRequested
from dossier import ApiError, Dossier


def put_questions(dossier: Dossier, job_id: UUID, asked: InputRequested) -> None:
    """Ask each question and send the answers.

    Sends nothing where the question is no longer open.

    An empty answer leaves a question to the agent's own assumptions.
    """
    if dossier.job(job_id).status != "input_required":
        return
    if asked.plan:
        review_plan(dossier, job_id, asked.plan)
        return
    line("The agent asks, before it spends anything. Without an answer it assumes:")
    for assumption in asked.assumptions:
        line(f"  · {harmless(assumption)}")
    said = [
        click.prompt(harmless(text), default="", show_default=False, err=True) for text in asked.questions
    ]
    answers = [f"{text} {answer}" for text, answer in zip(asked.questions, said, strict=True) if answer]
    _send(lambda: dossier.answer(job_id, answers or asked.assumptions))


def review_plan(dossier: Dossier, job_id: UUID, plan: Sequence[str]) -> None:
    """Show the plan as lines to edit, and send them."""
    line("The plan:")
    for number, step in enumerate(plan, 1):
        line(f"  {number}. {harmless(step)}")
    if not click.confirm("Edit it?", default=False, err=True):
        _send(lambda: dossier.answer(job_id, approve=True))
        return
    edited = lines_of(click.edit("\n".join(map(harmless, plan))) or "")
    _send(lambda: dossier.answer(job_id, plan=edited or plan))


def lines_of(text: str) -> list[str]:
    """Return the lines of an edited plan, without empty ones."""
    return [one.strip() for one in text.splitlines() if one.strip()]


def _send(answer: Callable[[], object]) -> None:
    try:
        answer()
    except ApiError as error:
        if error.code != "no_input_requested":
            raise
        line("The question timed out; the job continued with its assumptions.")


@click.command(epilog='Example: dossier answer last "The language."')
@click.argument("job_id")
@click.argument("answers", nargs=-1)
@click.option("--step", "steps", multiple=True, help="A step of the plan instead of the agent's; repeatable.")
@click.option("--approve", is_flag=True, help="Go on with the plan as it is.")
@click.option("--json", "as_json", is_flag=True, help="Print the job as JSON.")
def answer(
    job_id: str, answers: tuple[str, ...], steps: tuple[str, ...], *, approve: bool, as_json: bool
) -> None:
    """Answer the agent's questions, or review its plan.

    A job with --plan-review shows its plan in `dossier show`. With --step you replace it, with --approve it
    stays, and answers are remarks on it.
    """
    if not (answers or steps or approve):
        raise click.UsageError("Say an answer, --step or --approve.")
    with connect() as dossier:
        view = dossier.answer(find_job(dossier, job_id), answers, plan=steps or None, approve=approve)
    if as_json:
        print_json(view)
        return
    line(f"Job {view.job_id} goes on: {view.current_step.lower()}.")
