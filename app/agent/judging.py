"""Choose the claims that a judge sees, and apply its verdicts.

A report that is to be judged is a draft first. Its claims go to the judge in batches; what the judge or the
citation check refused goes back to the writer once, and what still falls then is taken out.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from msgspec import Struct

from app.agent.citations import cited_in
from app.agent.ports import JudgedClaim, JudgeReply, Repair
from app.domain import events as e
from app.domain.job import Job
from app.domain.research import Research
from dossier.job_types import Claim

BATCH = 12  # claims of one call: a small model loses track of more
MAX_JUDGED = 240  # claims of one draft
CONTEXT = 300  # characters of the page on each side of a quote
MAX_FALLEN = 30  # sentences that are told back to the writer
MAX_DRAFTS = 2  # the first, and the one that was repaired

Claimed = tuple[str, int]  # text of a claim, number of its source
FALLS = ("contradicted", "unrelated")


class JudgeCall(Struct, frozen=True):
    """Judge some claims of the draft.

    Without claims it only ends a check that cannot go on.
    """

    key: str
    claims: tuple[Claim, ...] = ()
    kind: Literal["judge"] = "judge"

    @property
    def is_empty(self) -> bool:
        """True if nobody is asked: it is free, and in no limit."""
        return not self.claims


def is_on(job: Job) -> bool:
    """Return True if a report written now is to be judged."""
    return job.request.verify in ("cited", "all") and not job.research.is_ending


def judge_calls(job: Job) -> list[JudgeCall]:
    """Return the calls that judge the newest draft.

    After a limit it is one call that asks nobody.
    """
    research = job.research
    if research.draft is None:
        return []
    calls = [] if research.is_judged else _batches(research)
    if not research.is_ending:
        return calls
    settled = {call.key for call in research.calls if call.settled}
    return [*(call for call in calls if call.key in settled), ending(job)]


def _batches(research: Research) -> list[JudgeCall]:
    turn, claims = len(research.turns), unjudged(research)
    batches = [claims[at : at + BATCH] for at in range(0, len(claims), BATCH)]
    return [JudgeCall(f"{turn}/judge/{n}", batch) for n, batch in enumerate(batches, 1)]


def ending(job: Job) -> JudgeCall:
    """The call after which the draft is delivered as it is."""
    return JudgeCall(f"{len(job.research.turns)}/judge/none")


def unjudged(research: Research) -> tuple[Claim, ...]:
    """Return the draft's claims without a verdict, each once.

    Each text and source is one.
    """
    known = {(verdict.text, verdict.number) for verdict in research.verdicts}
    claims = _asked(research)
    new = {(claim.text, claim.number): claim for claim in claims}
    return tuple(claim for key, claim in new.items() if key not in known)[:MAX_JUDGED]


def _asked(research: Research) -> tuple[Claim, ...]:
    """The claims of the newest draft, and the sentences without a citation."""
    draft = research.draft
    return (*draft.claims, *research.matched, *bare(research), *_values(draft)) if draft else ()


def _values(draft: e.ReportDrafted) -> tuple[Claim, ...]:
    """Return the claims that the values of the wanted output make."""
    fields = draft.output.fields if draft.output else ()
    return tuple(claim for field in fields if field.status == "found" for claim in field.citations)


def bare(research: Research) -> tuple[Claim, ...]:
    """Return the draft's sentences without a citation, nor an embedded one."""
    draft = research.draft
    found = (draft.uncited or ()) if draft else ()
    held = [claim.text for claim in research.matched]
    return tuple(claim for claim in found if not any(text in claim.text for text in held))


def meant(research: Research) -> tuple[Claim, ...]:
    """Return the sentences without a citation that the judge found supported."""
    return tuple(claim for claim, verdict in _uncited(research) if verdict.support == "supported")


def contradicted(research: Research) -> tuple[str, ...]:
    """Describe each sentence without a citation that a page contradicts."""
    return tuple(
        f"No citation in “{verdict.text}”: page {verdict.number} contradicts it: {verdict.reason}"
        for _, verdict in _uncited(research)
        if verdict.support == "contradicted"
    )


def _uncited(research: Research) -> Iterator[tuple[Claim, e.Verdict]]:
    known = opinions(research)
    for claim in bare(research):
        if verdict := known.get((claim.text, claim.number)):
            yield claim, verdict


def seen(call: JudgeCall, digests: Mapping[int, str | None], texts: Mapping[str, str]) -> list[JudgedClaim]:
    """Return a call's claims with their quotes and the words around."""
    return [_seen(claim, texts.get(digests.get(claim.number) or "", "")) for claim in call.claims]


def _seen(claim: Claim, page: str) -> JudgedClaim:
    context = page[max(0, claim.start - CONTEXT) : claim.end + CONTEXT]
    return JudgedClaim(claim.text, claim.quote, " ".join(context.split()))


def judged(job: Job, calls: Iterable[JudgeCall], replies: Mapping[str, JudgeReply]) -> e.ClaimsJudged:
    """The verdicts of a whole draft, in the order of its claims."""
    verdicts = list[e.Verdict]()
    asked, judge = 0, ""
    for call in calls:
        asked += len(call.claims)
        known = job.research.call(call.key)
        if (reply := replies.get(call.key)) and call.claims:
            judge = known.provider if known else judge
            verdicts += _verdicts(call, reply)
    return e.ClaimsJudged(judge, tuple(verdicts), asked - len(verdicts))


def _verdicts(call: JudgeCall, reply: JudgeReply) -> list[e.Verdict]:
    """The first verdict on each claim that was asked about."""
    first = {judgement.claim: judgement for judgement in reversed(reply.judgements)}
    return [
        e.Verdict(claim.text, claim.number, first[at].support, first[at].reason)
        for at, claim in enumerate(call.claims)
        if at in first
    ]


def opinions(research: Research) -> dict[Claimed, e.Verdict]:
    """Return the newest verdicts by claim and source."""
    return {(verdict.text, verdict.number): verdict for verdict in research.verdicts}


def repair(research: Research) -> Repair | None:
    """What the writer of the newest draft is told."""
    draft = research.draft
    return Repair(draft.title, draft.content, fallen(research)) if draft else None


def fallen(research: Research) -> tuple[str, ...]:
    """Describe each fault of the newest draft, for its writer."""
    draft, known = research.draft, opinions(research)
    if draft is None:
        return ()
    cited = (*draft.claims, *research.matched)
    verdicts = [known.get((claim.text, claim.number)) for claim in cited]
    refused = [_told(verdict) for verdict in verdicts if verdict and verdict.support in FALLS]
    against = contradicted(research)
    held = tuple(f"{cited_in(claim.number, claim.text)}:" for claim in research.matched)
    removed = [line for line in draft.removed if not line.startswith(held)] if held else draft.removed
    return tuple(dict.fromkeys((*refused, *against, *removed)))[:MAX_FALLEN]


def _told(verdict: e.Verdict) -> str:
    says = "contradicts this" if verdict.support == "contradicted" else "does not say this"
    why = f": {verdict.reason}" if verdict.reason else ""
    return f"“{verdict.text}” [{verdict.number}]: source {verdict.number} {says}{why}"


def may_repair(job: Job, turns: int) -> bool:
    """Return True if the draft may still return to its writer.

    `turns` is the most that the job may take.
    """
    research = job.research
    if research.work.threads:
        return False  # sections are rewritten by a critique; the whole is in no single prompt
    has_room = research.drafts < MAX_DRAFTS and research.turns_taken < turns and not research.is_ending
    return has_room and bool(fallen(research))
