"""End a job with the model's report, a selection, or both."""

from collections.abc import Mapping

from msgspec.structs import replace

from app.agent.asks import selection_ask
from app.agent.both import joined, needs_selection, with_selection
from app.agent.citations import bind
from app.agent.extractive import select
from app.agent.limits import usable
from app.agent.menu import has_no_model, may_research
from app.domain import events as e
from app.domain import tools
from app.domain.job import Job
from app.domain.research import Research
from dossier.job_types import ReportPart

Texts = Mapping[str, str]


def ended(
    job: Job,
    report: e.ReportWritten,
    wrote: tools.WriteReport | e.ReportDrafted,
    texts: Texts,
    *,
    fallback: bool,
) -> tuple[e.Event, ...]:
    """Return the report, without what no page holds.

    It is set aside while the stand-in can still find some.
    """
    if fallback:
        return (_with_set_aside(job, report, texts),)
    better = supported(job, report, texts)
    if better.claims or not may_research(job) or has_no_model(job):
        return (better,)
    draft = e.ReportDrafted(wrote.title, wrote.content, wrote.confidence, (), report.removed, wrote.quotes)
    return (replace(draft, rules=report.rules, is_set_aside=True),)


def supported(job: Job, report: e.ReportWritten, texts: Texts) -> e.ReportWritten:
    """Return the model's report, with a selection if support is low."""
    if job.agent_rules < 2 or has_no_model(job) or not texts or not needs_selection(report):
        return report
    return with_selection(asked(job), report, _selection(job, texts), job.request.language or "")


def _selection(job: Job, texts: Texts) -> e.ReportWritten:
    chosen = select(selection_ask(job), texts)
    if isinstance(chosen, tools.Answer):
        return bind("", chosen.answer, "low", citable(job), texts)
    return bind(chosen.title, chosen.content, chosen.confidence, citable(job), texts)


def _with_set_aside(job: Job, report: e.ReportWritten, texts: Texts) -> e.ReportWritten:
    """Return the stand-in's report with the model's, or the latter alone.

    It is alone if the stand-in found nothing.
    """
    aside = job.research.set_aside
    if aside is None:
        return report
    known = citable(job)
    model = bind(
        aside.title, aside.content, aside.confidence, known, texts, quotes=aside.quotes, is_bound=True
    )
    if not report.claims:
        return model if job.agent_rules < 4 else replace(model, parts=(_whole(model),))
    language = job.request.language or ""
    return joined(asked(job), (("stand_in", report), ("model", model)), language)


def _whole(report: e.ReportWritten) -> ReportPart:
    """Name the model as author, though the stand-in took the last turn."""
    return ReportPart("model", 0, len(report.content), report.coverage)


def citable(job: Job) -> Research:
    """The research with the sources that the request allows."""
    return replace(job.research, sources=usable(job))


def asked(job: Job) -> str:
    """What the report is to answer."""
    forked = job.research.forked
    return (forked and forked.instruction) or job.request.query
