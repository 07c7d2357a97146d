"""`dossier eval` asks a file of questions, and measures the reports."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, get_args
from uuid import UUID

import click
from click.exceptions import Exit
from msgspec import Struct

from app.cli.eval_grading import grade, judge_name
from app.cli.eval_results import (
    EvalQuestion,
    EvalResult,
    ResultsFile,
    head_of,
    questions_file,
    read_questions,
    results_in,
)
from app.cli.exits import FAILED, INTERRUPTED
from app.cli.printing import print_table
from app.cli.server_connection import connect
from app.cli.terminal import harmless, line, out, print_json
from app.domain.paired_bootstrap import PairedDifference, paired_difference
from app.settings import load_settings
from dossier import Dossier
from dossier.job_types import OVER, JobView
from dossier.request import Effort

LOOK_SECONDS = 1.0  # between two looks at the jobs that are under way
MEASURES = ("rubric", "reference", "coverage", "support", "sources", "cost_usd", "seconds", "tokens")


class EvalSummary(Struct, frozen=True, omit_defaults=True):
    """The whole of a run, as `--json` prints it."""

    results: tuple[EvalResult, ...]
    means: dict[str, float]
    comparison: tuple[PairedDifference, ...] = ()


@click.command("eval", epilog="Example: dossier eval questions.jsonl --effort quick --compare before.jsonl")
@click.argument("questions", type=click.Path(exists=True, path_type=Path))
@click.option("--effort", type=click.Choice(get_args(Effort)), default="standard")
@click.option("--parallel", type=click.IntRange(1, 50), default=3, show_default=True, help="Jobs at a time.")
@click.option(
    "--out", "results", type=click.Path(dir_okay=False, path_type=Path), help="The file of results."
)
@click.option(
    "--compare",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The results of another run: show the differences.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the intervals' resampling.")
@click.option("--json", "as_json", is_flag=True, help="Print results, means and comparison as JSON.")
def evaluate(
    questions: Path,
    effort: Any,  # noqa: ANN401 - click's
    parallel: int,
    results: Path | None,
    compare: Path | None,
    seed: int,
    *,
    as_json: bool,
) -> None:
    """Ask a file of questions, and measure the reports.

    Each line of the file is a JSON object: `question`, and if you like a `reference` answer and `rubric`, a
    list of what the report should say; lines of DeepResearch Bench and BrowseComp-Plus, or the folder of one
    of them, are read as they are. The results go to a file beside it (--out). An interrupted run goes on
    where it was when you start it again. The judge is the configured model; without one, matching words
    decide. The exit code is 1 if a job had no report or could not be graded.
    """
    questions = questions_file(questions)
    asked, settings = read_questions(questions), load_settings()
    before = results_in(compare) if compare else {}
    kept = results or questions.with_suffix(f".{effort}.results.jsonl")
    file = ResultsFile(kept, head_of(questions, effort, judge_name(settings)))
    left = [one for one in asked if one.name not in file.results or file.results[one.name].is_ungraded]
    if left:
        with connect(parallel) as dossier:
            _ask_all(dossier, file, left, parallel)
    ordered = tuple(file.results[one.name] for one in asked)
    summary = EvalSummary(ordered, means_of(ordered), compared(before, file.results, seed))
    if as_json:
        print_json(summary)
    else:
        _print(summary)
        line(f"Results: {file.path}. Judged by {file.head.judge}.")
    if any(one.status != "completed" or one.is_ungraded for one in ordered):
        raise Exit(FAILED.number)


def _ask_all(dossier: Dossier, file: ResultsFile, left: Sequence[EvalQuestion], parallel: int) -> None:
    """Keep so many jobs under way until each question has its result."""
    try:
        waiting, under_way = list(left), dict[UUID, EvalQuestion]()
        while waiting or under_way:
            while waiting and len(under_way) < parallel:
                one = waiting.pop(0)
                under_way[_job_of(dossier, file, one)] = one
            for job_id, view in _over(dossier, under_way).items():
                file.ended(_result(under_way.pop(job_id), view))
                line(f"{len(file.results)} done: {harmless(view.query[:80])}")
            if under_way:
                time.sleep(LOOK_SECONDS)
    except KeyboardInterrupt:
        line(f"{len(file.results)} questions are done. Start the same command again to go on.")
        raise Exit(INTERRUPTED.number) from None


def _job_of(dossier: Dossier, file: ResultsFile, one: EvalQuestion) -> UUID:
    """Return the job of a question, submitted once however often asked."""
    known = file.jobs.get(one.name)
    if known is None:
        key = f"eval-{file.head.run}-{one.name}"
        known = dossier.submit(
            one.question, effort=file.head.effort, tags=["eval"], idempotency_key=key
        ).job_id
        file.submitted(one.name, known)
    return known


def _over(dossier: Dossier, under_way: Mapping[UUID, EvalQuestion]) -> dict[UUID, JobView]:
    views = {job_id: dossier.job(job_id) for job_id in under_way}
    return {job_id: view for job_id, view in views.items() if view.status in OVER}


def _result(one: EvalQuestion, view: JobView) -> EvalResult:
    settings, usage, result = load_settings(), view.usage, view.result
    lines = [*one.rubric, *([one.reference] if one.reference else [])]
    graded = grade(settings, result.final_answer, lines) if result else None
    grades = graded.lines if graded else ()
    took = result.metrics.total_duration_seconds if result else 0.0
    return EvalResult(
        name=one.name,
        question=one.question,
        job_id=view.job_id,
        status=view.status,
        outcome=view.outcome,
        stop_reason=result.stop_reason if result else "",
        seconds=round(took, 3),
        cost_usd=usage.cost_usd,
        calls=usage.calls,
        tokens=usage.input_tokens + usage.output_tokens,
        sources=sum(source.read for source in result.sources) if result else 0,
        coverage=result.coverage if result else None,
        support=result.support if result else None,
        rubric=grades[: len(one.rubric)],
        reference=grades[-1] if one.reference and grades else None,
        judge=judge_name(settings) if grades else "",
        judge_cost_usd=graded.cost_usd if graded else 0.0,
        error=view.error.error_message if view.error else graded.error if graded else "",
        is_ungraded=bool(graded and graded.error),
    )


def figure_of(result: EvalResult, measure: str) -> float | None:
    """Return one figure of a result, or None."""
    if measure == "rubric":
        return fmean(one.points for one in result.rubric) if result.rubric else None
    if measure == "reference":
        return result.reference.points if result.reference else None
    value = getattr(result, measure)
    return None if value is None or result.status != "completed" else float(value)


def means_of(results: Sequence[EvalResult]) -> dict[str, float]:
    """Return the mean of each measure over the results that have it."""
    figures = {name: [figure_of(one, name) for one in results] for name in MEASURES}
    known = {name: [one for one in found if one is not None] for name, found in figures.items()}
    return {name: round(fmean(found), 6) for name, found in known.items() if found}


def compared(
    before: Mapping[str, EvalResult], after: Mapping[str, EvalResult], seed: int
) -> tuple[PairedDifference, ...]:
    """Return the differences over the questions of both runs."""
    shared = sorted(before.keys() & after.keys())
    found = list[PairedDifference]()
    for measure in MEASURES:
        both = [(figure_of(before[name], measure), figure_of(after[name], measure)) for name in shared]
        pairs = [(first, second) for first, second in both if first is not None and second is not None]
        if difference := paired_difference(measure, pairs, seed):
            found.append(difference)
    return tuple(found)


def _print(summary: EvalSummary) -> None:
    names = ("Question", "Outcome", "Cost", "Time", "Sources", "Coverage", "Support", "Rubric", "Reference")
    print_table(names, list(map(_cells, summary.results)), cut=("Question",), right=names[2:7])
    out.print("Means: " + ", ".join(f"{name} {value:.4g}" for name, value in summary.means.items()))
    if summary.comparison:
        _print_comparison(summary.comparison)


def _cells(one: EvalResult) -> list[str]:
    rubric = f"{sum(part.points for part in one.rubric):g} of {len(one.rubric)}" if one.rubric else ""
    return [
        one.question,
        one.outcome or one.status,
        "unknown" if one.cost_usd is None else f"${one.cost_usd:.4f}",
        f"{one.seconds:.1f} s",
        str(one.sources),
        "" if one.coverage is None else f"{one.coverage:.2f}",
        "" if one.support is None else f"{one.support:.2f}",
        "not graded" if one.is_ungraded else rubric,
        one.reference.support if one.reference else "",
    ]


def _print_comparison(found: Sequence[PairedDifference]) -> None:
    names = ("Measure", "Before", "Now", "Difference", "95 % interval", "Questions", "")
    print_table(names, list(map(_compared_cells, found)), right=("Before", "Now", "Difference", "Questions"))


def _compared_cells(one: PairedDifference) -> tuple[str, ...]:
    interval = f"{one.low:+.4g} to {one.high:+.4g}"
    clear = "clear" if one.is_clear else "may be chance"
    cells = (one.measure, f"{one.first:.4g}", f"{one.second:.4g}", f"{one.difference:+.4g}")
    return *cells, interval, str(one.pairs), clear
