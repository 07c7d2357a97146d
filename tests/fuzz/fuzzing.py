"""Make requests from the OpenAPI document, and hold the answers to it."""

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings, strategies
from hypothesis.errors import Unsatisfiable
from msgspec import Struct
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.fuzz.world import World

PATIENCE = 60.0  # seconds that an answer may take
EVENT_STREAM = "text/event-stream"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
TRIES = 50  # until nothing is wrong with any request of an operation; hypothesis itself makes 459
WIRE = frozenset({"content-encoding", "content-length", "transfer-encoding"})
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


class MadeInVain(Exception):
    """No try has made a request, and so none will."""


class Fault(Struct, frozen=True):
    """An answer that is not in the document, and its request."""

    operation: str
    said: str
    curl: str

    def __str__(self) -> str:
        return f"{self.operation}: {self.said}\n    {self.curl}"


class Fuzzer:
    """Sends requests, every other about what is there."""

    def __init__(self, world: World, url: str) -> None:
        self._schema = schemathesis.openapi.from_dict(dict(world.document))
        self._http = httpx.Client(
            base_url=url, timeout=PATIENCE, headers={"Authorization": f"Bearer {world.key}"}, trust_env=False
        )
        self._known = {name: itertools.cycle(values) for name, values in world.known.items()}
        self._turn = 0
        self.sent = 0
        self.statuses: set[int] = set()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def cases(self, examples: int, number: int = 0) -> list[Case]:
        """Make requests of each mode for each operation, alike for a number.

        The server must do nothing meanwhile: it shares the state of `random` with this.
        """
        made: list[Case] = []
        for found in self._schema.get_all_operations():
            for mode in MODES:
                collect(found.ok().as_strategy(generation_mode=mode), examples, number, made)
        return made

    def faults(self, cases: Sequence[Case]) -> list[Fault]:
        """Send the requests, and return each fault once."""
        found = {(fault.operation, fault.said): fault for case in cases for fault in self._wrong(case)}
        return list(found.values())

    def _wrong(self, case: Case) -> Iterator[Fault]:
        self._turn += 1
        if self._turn % 2:
            for name in case.path_parameters or {}:
                if name in self._known:
                    case.path_parameters[name] = next(self._known[name])
        try:
            request = self._request(case)
        except (httpx.InvalidURL, UnicodeError, TypeError, AttributeError):
            return  # no client can write it
        try:
            answer = self._answer(request)
        except httpx.LocalProtocolError:
            return  # nor send it
        try:
            case.validate_response(answer, checks=CHECKS)
        except FailureGroup as group:
            for failure in group.exceptions:
                said = f"{answer.status_code} {failure.title}: {failure.message}"[:800]
                yield Fault(case.operation.label, said, case.as_curl_command()[:600])

    def _answer(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and read only the head of a stream."""
        self.sent += 1
        with contextlib.closing(self._http.send(request, stream=True)) as told:
            is_stream = told.headers.get("content-type", "").startswith(EVENT_STREAM)
            body = b"" if is_stream else told.read()
        self.statuses.add(told.status_code)
        headers = [(name, value) for name, value in told.headers.multi_items() if name.lower() not in WIRE]
        answer = httpx.Response(told.status_code, headers=headers, content=body, request=request)
        answer.elapsed = told.elapsed
        return answer

    def _request(self, case: Case) -> httpx.Request:
        """Write a request. Raises what httpx does where it cannot."""
        given = case.as_transport_kwargs(base_url=str(self._http.base_url).rstrip("/"))
        headers = {n: v for n, v in (given.get("headers") or {}).items() if n.lower() != "authorization"}
        data = given.get("data")
        body = {"content": data} if isinstance(data, bytes | str) else {"data": data}
        taken = {name: given[name] for name in ("params", "json", "files", "cookies") if name in given}
        request = self._http.build_request(
            given["method"], given["url"], headers=headers, **taken, **(body if data is not None else {})
        )
        request.read()  # a form with files is made as it is sent, and shown where something is wrong
        return request


def collect(strategy: Any, examples: int, number: int, made: list[Case]) -> None:
    """Add examples of a strategy to what was made."""
    before, tries = len(made), itertools.count()

    @strategies.composite
    def tried(draw: Any) -> Case:
        try:
            case: Case = draw(strategy)
        except BaseException:  # hypothesis's own, of which some are no Exception
            if next(tries) > TRIES and len(made) == before:
                raise MadeInVain from None
            raise
        return case

    @seed(number)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=tried())
    def take(case: Case) -> None:
        made.append(case)

    # Nothing can be wrong with a request that has nothing in it.
    with contextlib.suppress(Unsatisfiable, MadeInVain):
        take()
