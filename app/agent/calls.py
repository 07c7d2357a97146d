"""The calls that the agent may make, and what each one asks."""

from typing import Literal

import msgspec
from msgspec import Struct

from app.agent.brief import Brief
from app.agent.judging import JudgeCall
from app.agent.matching import EmbedCall
from app.agent.ports import Ask, EmbedReply, JudgeReply, ModelReply, PageReply, SearchReply, TextReply


class ModelCall(Struct, frozen=True):
    """Ask the model for the next step.

    `fallback` asks the one that cannot fail and costs nothing.
    """

    key: str
    ask: Ask
    fallback: bool = False
    kind: Literal["model"] = "model"


class SearchCall(Struct, frozen=True):
    """Search for one query."""

    key: str
    query: str
    limit: int
    kind: Literal["search"] = "search"


class ReadCall(Struct, frozen=True):
    """Read one page."""

    key: str
    number: int
    url: str
    kind: Literal["read"] = "read"


class BriefCall(Struct, frozen=True):
    """Ask a model for one piece of a threaded job's work."""

    key: str
    brief: Brief
    kind: Literal["model"] = "model"


class StageCall(Struct, frozen=True):
    """Begin a stage of a threaded job.

    It asks nobody and is free. It is a call, so what the stage brings has a cause in the log.
    """

    key: str
    stage: Literal["open", "report"]
    kind: Literal["model"] = "model"


DecidingCall = ModelCall | JudgeCall | EmbedCall | StageCall  # whose outcome can bring the report
Call = SearchCall | ReadCall | BriefCall | DecidingCall
Reply = ModelReply | SearchReply | PageReply | JudgeReply | EmbedReply | TextReply

STAGES = {"open": "the threads", "report": "the report"}

_encode = msgspec.json.Encoder(order="deterministic").encode


def input_of(call: Call) -> bytes:
    """Return the input of a call, which is hashed.

    A model's input is stored too.
    """
    match call:
        case ModelCall():
            return _encode(call.ask)
        case BriefCall():
            return _encode(call.brief)
        case _:
            return _encode(call)


def about(call: Call) -> str:
    """What a call is about, for people."""
    match call:
        case ModelCall():
            return f"turn {call.ask.step}"
        case BriefCall():
            return call.brief.about
        case StageCall():
            return STAGES[call.stage]
        case SearchCall():
            return call.query
        case ReadCall():
            return call.url
        case JudgeCall():
            return f"{len(call.claims)} claims" if call.claims else "the draft as it is"
        case EmbedCall():
            return f"{len(call.claims)} claims on page {call.number}" if call.claims else "the draft as it is"


def is_free(call: Call) -> bool:
    """Return True for a stand-in for a provider.

    It asks nobody, costs nothing, and is never cut off.
    """
    match call:
        case ModelCall():
            return call.fallback
        case JudgeCall() | EmbedCall():
            return call.is_empty
        case StageCall():
            return True
        case _:
            return False
