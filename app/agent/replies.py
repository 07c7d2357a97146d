"""Encode replies as blobs, and decode them for a resuming worker."""

import msgspec

from app.agent.calls import BriefCall, Call, Reply, StageCall
from app.agent.ports import (
    EmbedReply,
    Hit,
    Judgement,
    JudgeReply,
    ModelReply,
    PageReply,
    PassageMatch,
    SearchReply,
    TextReply,
)
from app.domain.events import CallKind
from app.domain.tools import NextStep

_encode = msgspec.json.Encoder(order="deterministic").encode


def encoded(reply: Reply) -> bytes:
    """Encode a filled schema, hits, or a page's text."""
    match reply:
        case ModelReply():
            return _encode(reply.step)
        case SearchReply():
            return _encode(reply.hits)
        case PageReply():
            return reply.text.encode()
        case JudgeReply():
            return _encode(reply.judgements)
        case EmbedReply():
            return _encode(reply.matches)
        case TextReply():
            return reply.text.encode()


def decoded_of(call: Call, body: bytes) -> Reply:
    """Decode the stored reply of a call."""
    if isinstance(call, BriefCall | StageCall):
        return TextReply(body.decode())
    return decoded(call.kind, body)


def decoded(kind: CallKind, body: bytes) -> Reply:
    """Decode a stored reply, whose cost is in the log."""
    match kind:
        case "model":
            return ModelReply(msgspec.json.decode(body, type=NextStep))
        case "search":
            return SearchReply(msgspec.json.decode(body, type=tuple[Hit, ...]))
        case "read":
            return PageReply(body.decode())
        case "judge":
            return JudgeReply(msgspec.json.decode(body, type=tuple[Judgement, ...]))
        case "embed":
            return EmbedReply(msgspec.json.decode(body, type=tuple[PassageMatch, ...]))
