"""Replies as bytes: what is hashed, stored as a blob, and read back by a worker that resumes."""

import msgspec

from app.agent.ports import Hit, Judgement, JudgeReply, ModelReply, PageReply, SearchReply
from app.agent.turns import Reply
from app.domain.events import CallKind
from app.domain.tools import NextStep

_encode = msgspec.json.Encoder(order="deterministic").encode


def encoded(reply: Reply) -> bytes:
    """What is stored: the filled schema, the hits, or the page's text itself."""
    match reply:
        case ModelReply():
            return _encode(reply.step)
        case SearchReply():
            return _encode(reply.hits)
        case PageReply():
            return reply.text.encode()
        case JudgeReply():
            return _encode(reply.judgements)


def decoded(kind: CallKind, body: bytes) -> Reply:
    """The reply that these bytes were; what it cost stands in the log."""
    match kind:
        case "model":
            return ModelReply(msgspec.json.decode(body, type=NextStep))
        case "search":
            return SearchReply(msgspec.json.decode(body, type=tuple[Hit, ...]))
        case "read":
            return PageReply(body.decode())
        case "judge":
            return JudgeReply(msgspec.json.decode(body, type=tuple[Judgement, ...]))
