"""An older client reads a newer server.

Fields, words and events that it has never seen break nothing.
"""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
import pytest
from msgspec import UNSET, Meta, Struct, UnsetType

from dossier import AsyncDossier, StreamBroken
from dossier.lenient import decode
from tests.client.played_server import JOB, serving

CREATED = {
    "job_id": str(JOB), "status": "pending", "progress": 0, "created_at": "2026-01-01T00:00:00Z",
    "url": "/a", "stream_url": "/b", "events_url": "/c", "report_url": "/d",
}  # fmt: skip


class Part(Struct, frozen=True, forbid_unknown_fields=True):
    number: Annotated[int, Meta(le=3)]
    word: Literal["a", "b"] | None = None


class Either(Struct, frozen=True):
    size: Literal["short"] | Annotated[int, Meta(le=3)] | None = None
    plan: tuple[str, ...] | UnsetType = UNSET


class Whole(Struct, frozen=True):
    id: UUID
    parts: tuple[Part, ...]
    one: Part | None = None


def answered(body: object) -> bytes:
    content = msgspec.json.encode(body)
    return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(content) + content


@pytest.mark.parametrize("size", ["short", "a new word", 9, None])
def test_a_member_of_several_types_is_read(size):
    assert decode(msgspec.json.encode({"size": size, "plan": ["a"]}), Either) == Either(size, ("a",))
    assert decode(b"{}", Either) == Either()


def test_what_is_new_is_left_out_or_kept_as_it_is():
    body = {"id": str(JOB), "parts": [{"number": 9, "word": "c", "new": 1}], "one": None, "also": {"new": 2}}

    assert decode(msgspec.json.encode(body), Whole) == Whole(JOB, (Part(9, "c"),))


@pytest.mark.parametrize(
    "body",
    [[], None, {"parts": []}, {"id": "x", "parts": []}, {"id": str(JOB), "parts": {}},
     {"id": str(JOB), "parts": [{"number": "1"}]}, {"id": str(JOB), "parts": [{"number": 1, "word": 2}]}],
    ids=["a list", "null", "a field missing", "no id", "no list", "no number", "no word"],
)  # fmt: skip
def test_what_does_not_fit_is_an_error(body):
    with pytest.raises(msgspec.DecodeError):
        decode(msgspec.json.encode(body), Whole)


async def test_a_newer_servers_answer_is_understood():
    newer = CREATED | {"status": "postponed", "queue": {"place": 3}}
    async with serving([answered(newer)]) as (_, url), AsyncDossier(url) as dossier:
        created = await dossier.submit("boil?")

    assert (created.job_id, created.status) == (JOB, "postponed")


@pytest.mark.parametrize(
    "body", [{}, [], "x", CREATED | {"job_id": "7"}], ids=["empty", "list", "text", "id"]
)
async def test_an_answer_of_something_else_is_an_error(body):
    async with serving([answered(body)]) as (_, url), AsyncDossier(url) as dossier:
        with pytest.raises(StreamBroken, match="valid Dossier response"):
            await dossier.submit("boil?")
