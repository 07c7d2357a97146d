"""`dossier demo` takes one question through all steps on this machine."""

import time

import click
from msgspec.structs import replace

from app.cli.asking import end_as, watch_or_leave
from app.cli.database_url import ready_url
from app.cli.ingesting import add_examples
from app.cli.printing import print_report
from app.cli.server_connection import OWN_KEY, starting_server
from app.cli.terminal import line, print_json
from app.settings import Settings, load_settings
from dossier import Dossier, Sources
from dossier.job_types import JobView

DEMO_QUESTION = "What does the with statement do, and what is a context manager?"


@click.command(epilog='Example: dossier demo "What is a decorator?"')
@click.argument("question", default=DEMO_QUESTION)
@click.option("--json", "as_json", is_flag=True, help="Print the job with its result as JSON.")
def demo(question: str, *, as_json: bool) -> None:
    """Run a complete example, from question to cited report.

    It needs no keys and no network: it keeps its own Postgres, and searches Python's language
    reference.
    """
    began = time.monotonic()
    # A newcomer's demo leaves databases alone that the environment names.
    settings = replace(load_settings(), database_url="", url="")
    line(f"1. Starting the embedded Postgres, in {settings.data_folder}.")
    database = ready_url(settings)
    line("2. Starting the API and a worker, as `dossier serve` does.")
    with starting_server(1, DATABASE_URL="") as url:
        line(f"3. {add_examples(database, only_first=False)}")
        view = _research(url(), question, as_json=as_json)
    _look_back(view, settings, time.monotonic() - began)
    end_as(view)


def _research(url: str, question: str, *, as_json: bool) -> JobView:
    with Dossier(url, api_key=OWN_KEY) as dossier:
        line(f'4. POST {url}/jobs {{"query": "{question}"}}')
        created = dossier.submit(question, sources=Sources(search="corpus"), tags=["demo"])
        line(f"5. 201, and from now on it cannot be lost. Following {created.stream_url}")
        watch_or_leave(dossier, created.job_id)
        line("")
        view = dossier.job(created.job_id)
        if as_json:
            print_json(view)
        elif view.status == "completed":
            print_report(dossier.report(view.job_id))
        return view


def _look_back(view: JobView, settings: Settings, seconds: float) -> None:
    line("")
    line(f"That took {seconds:.1f} s. Job {view.job_id} is stored in {settings.data_folder}, with")
    line("its whole log, event by event: what was asked, searched, read and claimed, and on what evidence.")
    line(f"  Read it again:      dossier report {view.job_id}")
    line(f"  Replay its events:  dossier follow {view.job_id}")
    line('  Ask your own:       dossier ask "…"    and dossier --help for the rest')
