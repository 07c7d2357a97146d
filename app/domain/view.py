"""Build the JSON of `GET /jobs/{id}`, now or in the past. Pure."""

from msgspec import UNSET

from app.domain.job import Job, came_of
from app.domain.outcome import outcome, sentence
from app.domain.words import aside_in_words
from dossier.job_types import ForkedFrom, InputRequest, JobView, Metrics, Result, SourceView, UsageView

MAX_SHOWN_EXCERPT = 300  # characters of a source that a result shows


def job_view(job: Job) -> JobView:
    """Return the job as callers see it.

    Raises ValueError if it was never submitted.
    """
    if job.created_at is None:
        raise ValueError(f"Job {job.id} was never submitted.")
    request = job.request
    return JobView(
        job_id=job.id,
        status=job.status,
        progress=job.progress,
        current_step=job.current_step,
        steps_completed=len(job.research.turns),
        total_steps=job.research.total_steps,
        query=request.query,
        effort=request.effort,
        priority=request.priority,
        tags=request.tags,
        metadata=request.metadata,
        limits=request.limits,
        sources=request.sources,
        clarify=request.clarify,
        created_at=job.created_at,
        started_at=job.started_at,
        completed_at=job.completed_at,
        seq=job.seq,
        attempt=job.attempt,
        usage=usage(job),
        retry_at=job.retry_at,
        result=result(job),
        error=job.failure,
        input_request=input_request(job),
        model=request.model,
        instructions=request.instructions,
        language=request.language,
        length=request.length,
        outline=request.outline,
        plan_review=request.plan_review,
        output_schema=request.output_schema,
        forked_from=forked_from(job),
        outcome=came_of(job),
    )


def forked_from(job: Job) -> ForkedFrom | None:
    """The origin of a fork."""
    forked = job.research.forked
    return ForkedFrom(forked.origin, forked.after, forked.instruction) if forked else None


def input_request(job: Job) -> InputRequest | None:
    """What the agent asks, while it waits for the answer."""
    asked = job.input_request
    if asked is None or job.retry_at is None:
        return None
    return InputRequest(asked.questions, asked.unclear_terms, asked.assumptions, job.retry_at, asked.plan)


def usage(job: Job) -> UsageView:
    """The bill of the job."""
    bill = job.research.bill
    return UsageView(
        calls=bill.calls,
        model_calls=bill.model_calls,
        searches=bill.searches,
        pages_read=bill.reads,
        input_tokens=bill.input_tokens,
        output_tokens=bill.output_tokens,
        cost_usd=None if bill.unpriced_calls else bill.cost_usd,
        repeated_calls=bill.repeated_calls,
        failed_tries=bill.failed_tries,
        unknown_cost_calls=bill.unpriced_calls,
        known_cost_usd=bill.cost_usd,
    )


def result(job: Job) -> Result | None:
    """The result, once the job is completed."""
    report = job.research.report
    if job.status != "completed" or report is None or job.stop_reason is None:
        return None
    return Result(
        title=report.title,
        final_answer=report.content,
        report_url=f"/jobs/{job.id}/report",
        stop_reason=job.stop_reason,
        confidence=report.confidence,
        sources=sources(job),
        claims=report.claims,
        coverage=report.coverage,
        support=report.support,
        removed=report.removed,
        unverified=report.unverified,
        metrics=metrics(job),
        outcome=outcome(job.research, job.stop_reason, job.agent_rules),
        written_by=job.research.author,
        outcome_reason=sentence(job.research, job.stop_reason, job.agent_rules),
        judged_by=job.research.judge if any(claim.verdict for claim in report.claims) else "",
        parts=report.parts if report.parts and len(report.parts) > 1 else (),
        output=report.output,
    )


def sources(job: Job) -> tuple[SourceView, ...]:
    """The sources in order of their numbers."""
    return tuple(
        SourceView(
            source.number,
            source.url,
            source.title,
            source.excerpt[:MAX_SHOWN_EXCERPT],
            source.sha256 is not None,
            published=source.published,
            language=source.language,
            set_aside=aside_in_words(source.set_aside) if source.set_aside else UNSET,
        )
        for source in job.research.sources
    )


def metrics(job: Job) -> Metrics:
    """Figures over the whole job, waiting between attempts included."""
    bill = job.research.bill
    ends, starts = job.completed_at, job.started_at
    return Metrics(
        total_duration_seconds=round((ends - starts).total_seconds(), 6) if ends and starts else 0.0,
        api_calls_made=bill.calls,
        tokens_consumed=bill.input_tokens + bill.output_tokens,
        estimated_cost_usd=None if bill.unpriced_calls else bill.cost_usd,
        search_operations=bill.searches,
    )
