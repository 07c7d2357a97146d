"""Ask the agent's questions in the terminal, and run `dossier answer`."""

from uuid import UUID

import rich_click as click

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
    line("The agent asks, before it spends anything. Without an answer it assumes:")
    for assumption in asked.assumptions:
        line(f"  · {harmless(assumption)}")
    said = [
        click.prompt(harmless(text), default="", show_default=False, err=True) for text in asked.questions
    ]
    answers = [f"{text} {answer}" for text, answer in zip(asked.questions, said, strict=True) if answer]
    try:
        dossier.answer(job_id, answers or asked.assumptions)
    except ApiError as error:
        if error.code != "no_input_requested":
            raise
        line("The question timed out; the job continued with its assumptions.")


@click.command(epilog='Example: dossier answer 0199d2a4-5c3b-7000-8000-3f1a5b7c9d00 "The language."')
@click.argument("job_id")
@click.argument("answers", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print the job as JSON.")
def answer(job_id: str, answers: tuple[str, ...], *, as_json: bool) -> None:
    """Answer the agent's questions."""
    with connect() as dossier:
        view = dossier.answer(find_job(dossier, job_id), answers)
    if as_json:
        print_json(view)
        return
    line(f"Job {view.job_id} goes on: {view.current_step.lower()}.")
