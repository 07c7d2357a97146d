"""Copy from another job's log what holds for a fork. Pure.

What was learnt is copied, event by event, so the new job's log is whole in itself. Left out are what only
the old job lived through (claims, limits, cancels), calls that came to nothing, and the turn that wrote a
report: that is what the new job is to do again, or to go on from.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from uuid import UUID

from msgspec import Struct
from msgspec.structs import asdict, replace

from app.agent.page_bounds import judged
from app.agent.turns import pending
from app.domain import events as e
from app.domain import tools
from app.domain.event_kinds import COPIED, LESSONS
from app.domain.job import Job, fold
from app.domain.threaded_work import is_thread_key
from dossier.request import ResearchRequest, Sources

Outcome = e.CallCompleted | e.CallFailed

MAX_INSTRUCTION = 16_000  # characters of all that forks of forks have added


class Beginning(Struct, frozen=True):
    """What follows `job_submitted` in the log of a fork."""

    forked: e.JobForked
    copies: tuple[e.Event, ...]


def cut(recorded: Sequence[e.Recorded], after: int) -> Sequence[e.Recorded]:
    """Return the events up to `after`, with all their effects.

    What the last reply taught is included, so nobody pays for it twice.
    """
    end = after
    while end < len(recorded) and isinstance(recorded[end].event, LESSONS):
        end += 1
    return recorded[:end]


def begin(
    prefix: Sequence[e.Recorded], origin_hash: bytes, request: ResearchRequest, instruction: str
) -> Beginning:
    """The beginning of a fork with this request.

    Args:
        prefix: of the origin's log, as `cut` returns it; not empty.
        origin_hash: of its last event.
        request: the origin's with the changes applied.
        instruction: what is wanted beyond the question, "" for nothing.
    """
    origin = fold(prefix[0].job_id, prefix)
    last = _last_step(prefix)
    copies, is_half_done = _copies(prefix, last, request.sources)
    forked = _forked(prefix, origin, origin_hash, request, instruction, copies)
    # What threads read belongs to no turn's tool: each call of theirs is whole in itself.
    is_half_done = is_half_done and not _has_planned(origin, last)
    if is_half_done and not pending(_state(prefix[0].job_id, request, forked, copies)):
        # The new limits leave no room for the rest of the turn, and only a whole turn teaches anything.
        copies = tuple(event for event in copies if not _is_of_tool(event, last))
        forked = _forked(prefix, origin, origin_hash, request, instruction, copies)
    return Beginning(forked, copies)


def _has_planned(origin: Job, last: int) -> bool:
    """Return True if turn `last` planned, and so has no calls."""
    turns = origin.research.turns
    return 0 < last <= len(turns) and isinstance(turns[last - 1].function, tools.GeneratePlan)


def _last_step(prefix: Sequence[e.Recorded]) -> int:
    """Return the last turn that holds for the fork.

    A report is written again, and an open question asked again.
    """
    last, asks = 0, False
    for fact in prefix:
        match fact.event:
            case e.StepReasoned(step=step, function=function):
                asks = isinstance(function, tools.Clarify)
                last = last if isinstance(function, tools.WriteReport | tools.Answer) else step
            case e.InputRequested():
                asks = True
            case e.InputProvided():
                asks = False
    return last - 1 if asks else last


def _copies(prefix: Sequence[e.Recorded], last: int, sources: Sources) -> tuple[tuple[e.Event, ...], bool]:
    """Return the copies, and whether the last turn has open calls."""
    settled, is_half_done = _settled(prefix, last)
    copies = list[e.Event]()
    for fact in prefix:
        match fact.event:
            case e.StepReasoned(step=step) if step > last:
                break
            case e.CallRequested() as event if settled.get(event.key, (0, 0))[0] == fact.seq:
                copies.append(replace(event, repeat=0, reused=True))
            case e.CallCompleted() | e.CallFailed() as event if settled.get(event.key, (0, 0))[1] == fact.seq:
                copies.append(event)
            case (e.PageRead() | e.PageSetAside()) as event:
                copies.append(judged(sources, event))  # the fork may want another time or language
            case event if isinstance(event, COPIED):
                copies.append(event)
    return tuple(copies), is_half_done


def _settled(prefix: Sequence[e.Recorded], last: int) -> tuple[dict[str, tuple[int, int]], bool]:
    """Return where each call began and ended, and if any was skipped."""
    announced, settled, is_half_done = dict[str, int](), dict[str, tuple[int, int]](), False
    for fact in prefix:
        match fact.event:
            case e.CallRequested(key=key):
                announced[key] = fact.seq
            case e.CallCompleted(key=key) | e.CallFailed(key=key, retryable=False) as outcome:
                # What a thread's model failed at says nothing of the turns that go on from here.
                has_failed = isinstance(outcome, e.CallFailed) and is_thread_key(key)
                is_empty = has_failed or (_is_of_tool(outcome, last) and _says_nothing(outcome))
                if key in announced and not is_empty:
                    settled[key] = announced[key], fact.seq
    is_half_done = any(_is_tools(key, last) for key in announced.keys() - settled.keys())
    return {key: place for key, place in settled.items() if _step(key) <= last}, is_half_done


def _says_nothing(outcome: Outcome) -> bool:
    """Return True for a failure that may not repeat in a fork.

    Another key, or more time, may help.
    """
    return isinstance(outcome, e.CallFailed) and outcome.error_type != "validation"


def _is_of_tool(event: e.Event, step: int) -> bool:
    """Return True for a call of the tool that turn `step` chose."""
    return isinstance(event, e.CallRequested | Outcome) and _is_tools(event.key, step)


def _is_tools(key: str, step: int) -> bool:
    return key.startswith((f"{step}/search/", f"{step}/read/"))


def _step(key: str) -> int:
    return int(key.partition("/")[0])


def _forked(
    prefix: Sequence[e.Recorded],
    origin: Job,
    origin_hash: bytes,
    request: ResearchRequest,
    instruction: str,
    copies: tuple[e.Event, ...],
) -> e.JobForked:
    costs = [event.usage.cost_usd for event in copies if isinstance(event, Outcome)]
    known = [cost for cost in costs if cost is not None]
    said, earlier = _said(origin, instruction)
    return e.JobForked(
        origin=origin.id,
        after=prefix[-1].seq,
        origin_hash=origin_hash.hex(),
        changed=tuple(_changed(origin.request, request)),
        instruction=said,
        earlier=earlier,
        answers=origin.research.answers,
        reused_turns=sum(isinstance(event, e.StepReasoned) for event in copies),
        reused_calls=len(costs),
        saved_cost_usd=round(sum(known), 9) if len(known) == len(costs) else None,
    )


def _said(origin: Job, instruction: str) -> tuple[str, e.Earlier | None]:
    """What is wanted, and the report that it is about.

    A fork of a fork still wants what its origin did, unless the origin's report has answered that.
    """
    report, forked = origin.research.report, origin.research.forked
    if instruction and report:
        return instruction, e.Earlier(report.title, report.content)
    before = forked.instruction if forked else ""
    whole = "\n".join(filter(None, (before, instruction)))
    return whole[-MAX_INSTRUCTION:], forked.earlier if forked else None


def _changed(before: ResearchRequest, after: ResearchRequest) -> Iterator[str]:
    old, new = asdict(before), asdict(after)
    return (name for name in new if old[name] != new[name])


def _state(job_id: UUID, request: ResearchRequest, forked: e.JobForked, copies: tuple[e.Event, ...]) -> Job:
    """Return the fork as its worker will find it, except times."""
    at = datetime.fromtimestamp(0, UTC)
    submitted = e.JobSubmitted(request, "", 1, agent_rules=e.AGENT_RULES)
    events = (submitted, forked, *copies)
    return fold(job_id, (e.Recorded(job_id, seq, at, "", None, event) for seq, event in enumerate(events, 1)))
