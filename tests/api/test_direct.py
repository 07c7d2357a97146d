"""What is asked most takes a shorter way, checked no less."""

import msgspec
import pytest
from litestar.params import QueryParameter

from app.api.app import make_app, make_side_app
from app.api.contract import expected, plain_body
from app.api.direct import DIRECT
from app.api.openai.error_bodies import OPENAI_HANDLERS
from app.api.problem_details import HANDLERS
from app.api.shape import bound_faults, faults, is_closed, text_faults
from dossier.request import NewJob
from tests.api.test_bad_input import BODIES, nested

RIGHT = [
    {"query": "why?"},
    {"query": "warum heißt das so? なぜ"},
    {
        "query": "why?",
        "effort": "deep",
        "tags": ["a", "b"],
        "priority": -100,
        "limits": {"max_cost_usd": 0.5},
    },
    {"query": "why?", "metadata": nested(20), "length": 300, "language": "pt-BR"},
    {"query": "why?", "metadata": {"n": [1e15] * 300}, "sources": {"published_after": "2026-01-31"}},
    {"query": "why?", "callback_url": "https://a.example/", "output_schema": {"type": "object"}},
]
DECODE = msgspec.json.Decoder(NewJob).decode


@pytest.fixture(scope="module")
def handlers():
    return [handler for route in make_app(None).routes for handler in getattr(route, "route_handlers", ())]


def test_an_application_adds_nothing_to_what_others_are_made_of():
    """Litestar adds to the mapping of handlers that it is given."""
    make_side_app(None)

    assert make_app(None).exception_handlers
    assert set(OPENAI_HANDLERS) == set(HANDLERS)


def is_faultless(body: bytes) -> bool:
    value, kind = msgspec.json.decode(body), msgspec.inspect.type_info(NewJob)
    return not [*bound_faults(value), *faults(value, kind, ""), *text_faults(value, "")]


def test_the_quick_look_at_a_body_takes_only_what_the_whole_check_takes():
    bodies = [msgspec.json.encode(body) for body in [*RIGHT, *(body for body, *_ in BODIES)]]
    bodies += [b'{"query":"why?","metadata":{"%s":1}}' % (b"k" * length) for length in (199, 200, 201)]
    bodies += [b'{"query":"why?","metadata":{%s}}' % b",".join(b'"%d":1' % n for n in range(1001))]
    bodies += [b'{"query":"why?","metadata":{"a":%s1%s}}' % (b"[" * 31, b"]" * 31)]

    taken = [body for body in bodies if plain_body(body, DECODE)]

    assert len(taken) > len(RIGHT)
    assert all(map(is_faultless, taken))


@pytest.mark.parametrize("body", RIGHT)
def test_the_quick_look_is_enough_for_what_is_usual(body):
    encoded = msgspec.json.encode(body)

    assert plain_body(encoded, DECODE) == (DECODE(encoded) if len(encoded) < 2_048 else None)


def test_a_type_that_allows_other_fields_gets_no_quick_look():
    class Open(msgspec.Struct):
        pass

    class Holder(msgspec.Struct, forbid_unknown_fields=True):
        inner: tuple[Open, ...] = ()

    assert is_closed(msgspec.inspect.type_info(NewJob))
    assert not is_closed(msgspec.inspect.type_info(Holder))


def test_each_direct_route_has_only_parameters_that_it_can_read(handlers):
    direct = [handler for handler in handlers if not DIRECT.keys().isdisjoint(handler.opt)]

    assert {handler.handler_name for handler in direct} == {"submit_job", "get_job", "stream_job"}
    for handler in direct:
        fields = handler.parsed_fn_signature.parameters
        texts = [field for field in fields.values() if isinstance(field.kwarg_definition, QueryParameter)]
        assert all(field.annotation == str | None for field in texts)
        assert set(handler.resolve_dependencies()) & set(fields) <= {"context"}
        assert handler.resolve_before_request().__name__ == "check_request"
        assert expected(handler).body is None or expected(handler).decode


def test_each_route_has_the_entrance_around_it(handlers):
    assert all("Entrance" in [one.__name__ for one in handler.resolve_middleware()] for handler in handlers)
