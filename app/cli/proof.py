"""`dossier why` and `bundle` show the evidence of a report.

`why` shows it on a screen, `bundle` makes a file of it for others.
"""

import contextlib
import io
from pathlib import Path

import click
from click.exceptions import Exit

from app.audit.bundle_writer import check as check_bundle
from app.cli.naming import find_job
from app.cli.server_connection import connect
from app.cli.terminal import counted, harmless, line, print_json
from dossier.evidence import CallMade, ProvenClaim, SearchRanks
from dossier.job_types import JobView
from dossier.problems import DossierError


@click.command(epilog="Example: dossier why last 1")
@click.argument("job_id")
@click.argument("number", type=click.IntRange(1), required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the claims as JSON.")
def why(job_id: str, number: int | None, *, as_json: bool) -> None:
    """Show the evidence for a sentence of a report.

    NUMBER counts the claims of the report; without it all are listed.
    """
    with connect() as dossier:
        job = find_job(dossier, job_id)
        found = dossier.claims(job).claims
        aside = _set_aside(dossier.job(job)) if number is None and not as_json else []
    if number is not None and number > len(found):
        raise DossierError(f"The report has {counted(len(found), 'claim')}.")
    shown = found if number is None else (found[number - 1],)
    if as_json:
        print_json(shown)
        return
    for claim in shown:
        for text in [_listed(claim)] if number is None else _chain(claim):
            click.echo(harmless(text))
    for text in aside:
        click.echo(harmless(text))
    if not found:
        line("No claims: the job has no report, or the report cites nothing.")


def _set_aside(job: JobView) -> list[str]:
    """Name the pages that were read and not used."""
    sources = job.result.sources if job.result else ()
    return [
        f"Not used [{one.number}], {one.set_aside}: {one.title} – {one.url}"
        for one in sources
        if one.set_aside
    ]


def _listed(claim: ProvenClaim) -> str:
    page = f", p. {claim.page_number}" if claim.page_number else ""
    return f"{claim.claim}. {claim.text} [{claim.source.number}{page}]"


def _chain(claim: ProvenClaim) -> list[str]:
    """From the sentence back to the steps that led to it."""
    source = claim.source
    lines = [
        f"Claim {claim.claim}, event {claim.seq}: {claim.text}",
        f"  quote, {_place(claim)}, score {claim.score}: {claim.quote}",
        *(f"  and, characters {place.start} to {place.end}: {place.quote}" for place in claim.more),
        f"  quoted by: {_quoted_by(claim)}",
        f"  verdict: {_verdict(claim)}",
        f"  source [{source.number}]: {source.title} – {source.url}",
    ]
    if source.page:
        lines.append(
            f"  page, event {source.page.seq}: sha256 {source.page.sha256}, {source.page.size} bytes"
        )
        lines += _call("read", source.page.read)
    lines.append(
        f"  found, event {source.found.seq}" + ("" if source.found.search else ": the question named it")
    )
    if source.found.ranks:
        lines.append(f"  fits: {shown_ranks(source.found.ranks)}")
    return lines + _call("search", source.found.search)


def shown_ranks(ranks: SearchRanks) -> str:
    """Say how well a document fits a search."""
    by_words = f"number {ranks.words_rank} by its words" if ranks.words_rank else ""
    by_meaning = f"number {ranks.meaning_rank} by its meaning" if ranks.meaning_rank else ""
    cosine = "" if ranks.cosine is None else f"cosine {ranks.cosine}"
    score = "" if ranks.score is None else f"score {ranks.score}"
    coverage = "" if ranks.coverage is None else f"{ranks.coverage:.0%} of the words"
    again = f"sorted again from {ranks.search_rank} to {ranks.rerank_rank}" if ranks.rerank_rank else ""
    return ", ".join(filter(None, (by_words, score, coverage, by_meaning, cosine, again)))


def _place(claim: ProvenClaim) -> str:
    place = f"characters {claim.start} to {claim.end} of the page"
    return f"{place} (page {claim.page_number})" if claim.page_number else place


def _quoted_by(claim: ProvenClaim) -> str:
    if claim.given:
        return "the model, and found in the page"
    return "the search by embedding" if claim.embedded else "the check of the page"


def _verdict(claim: ProvenClaim) -> str:
    why = f" ({claim.reason})" if claim.reason else ""
    return f"{claim.verdict}{why}" if claim.verdict else "not judged"


def _call(kind: str, call: CallMade | None) -> list[str]:
    if call is None:
        return []
    lines = [f"  {kind}, event {call.seq}: {call.about}"]
    if call.asked_by:
        step = call.asked_by
        lines.append(f"    asked by step {step.step} ({step.tool}), event {step.seq}:")
        lines += [f"      - {thought}" for thought in step.reasoning.reasoning_steps]
    return lines


@click.command(epilog="Example: dossier bundle last --output report.zip")
@click.argument("job_id", required=False)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Default: dossier-<id>.zip.")
@click.option("--check", type=click.Path(exists=True), help="Check this bundle, or folder, instead.")
@click.option("--key", help="With --check: demand the signature of this key, by its id, digits or file.")
@click.option("--json", "as_json", is_flag=True, help="Print what was written, or found, as JSON.")
def bundle(
    job_id: str | None, output: Path | None, check: str | None, key: str | None, *, as_json: bool
) -> None:
    """Save a job as one file to check offline.

    With --check, says what was touched in a bundle; the exit code is then 1.
    """
    if key and not check:
        raise click.UsageError("--key goes with --check.")
    if check and as_json:
        _check_as_json(check, key)
    elif check:
        raise Exit(check_bundle(check, key))
    if not job_id:
        raise click.UsageError("Name a job, or pass --check with a bundle.")
    with connect() as dossier:
        found = find_job(dossier, job_id)
        body = dossier.bundle(found)
    file = output or Path(f"dossier-{found}.zip")
    try:
        file.write_bytes(body)
    except OSError as error:
        raise DossierError(f"{file} cannot be written: {error.strerror}.") from error
    if as_json:
        print_json({"job_id": found, "file": str(file), "bytes": len(body)})
        return
    click.echo(f"{file}: {len(body):,} bytes. Check it: dossier bundle --check {file}")


def _check_as_json(check: str, key: str | None) -> None:
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = check_bundle(check, key)
    print_json({"ok": code == 0, "said": said.getvalue().splitlines()})
    raise Exit(code)
