"""Whatever strangers send to the port is bounded: size, time, names, bytes."""

import asyncio
import contextlib
import logging
import socket

import httpx
import pytest

from app.api import http_protocol
from app.api.http_protocol import LeanFlow, LenientTransport, OneWrite, PeerCount, peer_of
from app.api.request_guard import AllowedHosts
from app.domain import commands as c
from tests.conftest import serving
from tests.steps import as_worker, completed_job, rows, running_job, until

GET = b"GET /jobs HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST /jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


H2C = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"


async def said(url: str, raw: bytes, wait: float = 10) -> str:
    """Return the status and code that a socket answers with.

    "closed" stands for no answer at all.
    """
    port = int(url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        with contextlib.suppress(ConnectionError):
            writer.write(raw)
        with contextlib.suppress(ConnectionError):
            answer = await asyncio.wait_for(reader.read(100_000), wait)
            status = answer.split(b" ", 2)[1].decode() if answer else "closed"
            code = (
                answer.rpartition(b'"code":"')[2].partition(b'"')[0].decode() if b'"code"' in answer else ""
            )
            return f"{status} {code}".strip()
        return "closed"
    finally:
        writer.transport.abort()


@contextlib.asynccontextmanager
async def guarding(house):
    """Serve with short timeouts, counting connections from this machine too."""
    peers, hosts = PeerCount(20, counts_loopback=True), AllowedHosts(["dossier.example", "any.example:*"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(http_protocol, "HEAD_SECONDS", 0.3)
        patch.setattr(http_protocol, "BODY_SECONDS", 0.5)
        async with serving(house, workers=0, hosts=hosts, peers=peers) as url:
            yield url


@pytest.fixture
async def door(house):
    """The URL of a guarded server of this test's own."""
    async with guarding(house) as url:
        yield url


@pytest.fixture(scope="module")
async def front(front_house):
    """The URL of its guarded server."""
    async with guarding(front_house) as url:
        yield url


async def test_an_answer_goes_out_at_once_and_a_held_head_is_never_lost():
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=ours)
    lenient = LenientTransport(transport)

    lenient.hold_next()
    lenient.write(b"head ")
    with pytest.raises(BlockingIOError):
        theirs.recv(100)
    lenient.write(b"body")
    assert theirs.recv(100) == b"head body"

    lenient.hold_next()
    lenient.write(b"head of a body that failed")
    lenient.close()
    assert theirs.recv(100) == b"head of a body that failed"
    theirs.close()


STARTED = {
    "a known length": ("GET", [(b"content-length", b"2")], b""),
    "no length": ("GET", [], b"transfer-encoding: chunked"),
    "no body": ("HEAD", [(b"content-length", b"2")], b"content-length: 2"),
}


@pytest.mark.parametrize("name", STARTED)
async def test_a_head_waits_only_for_a_body_that_will_come(name):
    method, headers, sent = STARTED[name]
    ours, theirs = socket.socketpair()
    transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=ours)
    lenient = LenientTransport(transport)
    cycle = OneWrite(
        {"type": "http", "method": method}, lenient, LeanFlow(lenient), logging.getLogger(),
        logging.getLogger(), False, [], asyncio.Event(), False, True, lambda: None,
    )  # fmt: skip

    await cycle.send({"type": "http.response.start", "status": 200, "headers": headers})

    theirs.setblocking(False)
    if sent:
        assert sent in theirs.recv(200)
    else:
        with pytest.raises(BlockingIOError):
            theirs.recv(200)
    transport.abort()
    theirs.close()


HEADS = {
    "a header of 100 MB": (GET + b"X: " + b"a" * 100_000_000, {"431 headers_too_large", "closed"}),
    "a header of 70 KB": (GET + b"X: " + b"a" * 70_000 + b"\r\n\r\n", {"431 headers_too_large", "closed"}),
    "70 headers of 1 KB": (GET + b"".join(b"X: %b\r\n" % (b"a" * 1000) for _ in range(70)) + b"\r\n",
                           {"431 headers_too_large", "closed"}),
    "101 headers": (GET + b"X: 1\r\n" * 101 + b"\r\n", {"431 headers_too_large"}),
    "90 headers": (GET + b"X: 1\r\n" * 90 + b"\r\n", {"200"}),
    "a header of 60 KB": (GET + b"X: " + b"a" * 60_000 + b"\r\n\r\n", {"200"}),
    "an address of 100 KB": (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
                             {"431 headers_too_large", "closed"}),
    "a head without an end": (GET, {"408 request_too_slow"}),
    "nothing at all": (b"", {"408 request_too_slow"}),
    "empty lines": (b"\r\n" * 10_000, {"408 request_too_slow"}),
    "a body without an end": (POST + b"Content-Length: 1000\r\n\r\n{", {"408 request_too_slow"}),
    "chunks without an end": (POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
                              {"408 request_too_slow"}),
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01", {"400 malformed_request"}),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {"400 malformed_request"}),
    "two lengths": (POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                    {"400 malformed_request"}),
    "HTTP/2 asked for with a body": (POST + H2C + b'Content-Length: 9\r\n\r\n{"x": 1}\n',
                                     {"400 missing_field"}),
    "HTTP/2 asked for with chunks": (
        POST + H2C + b'Transfer-Encoding: chunked\r\n\r\n9\r\n{"x": 1}\n\r\n0\r\n\r\n', {"400 missing_field"}
    ),
    "HTTP/2 asked for with an endless body": (POST + H2C + b"Content-Length: 1000\r\n\r\n{",
                                              {"408 request_too_slow"}),
    "a web socket": (GET + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n", {"200"}),
}  # fmt: skip


@pytest.mark.parametrize("name", HEADS)
async def test_a_head_and_a_body_have_a_size_and_a_time(front, name):
    raw, allowed = HEADS[name]
    assert await said(front, raw) in allowed
    assert await said(front, GET + b"\r\n") == "200"


async def test_a_connection_goes_on_after_an_upgrade_that_is_declined(door):
    port = int(door.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    asked = POST + H2C + b"Content-Length: 15\r\n\r\n"
    for parts in ([asked, b'{"query": "?', b'?"}', GET + b"\r\n"], [GET + H2C + b"\r\n" + GET + b"\r\n"]):
        for part in parts:
            writer.write(part)
            await writer.drain()
        for _ in range(2):
            head = await reader.readuntil(b"\r\n\r\n")
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            assert head.split()[1] in {b"201", b"200"}
            assert b'"' in await reader.readexactly(int(length))
    writer.transport.abort()


async def test_a_body_in_drops_is_cut(door):
    port = int(door.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(POST + b"Content-Length: 60000\r\n\r\n")
    for _ in range(500):
        writer.write(b" ")
        await asyncio.sleep(0.01)
        if reader.at_eof() or writer.is_closing():
            break
    else:
        pytest.fail("the body went on")
    writer.transport.abort()


async def test_half_open_requests_of_one_address_are_bounded_and_end(door):
    port = int(door.rpartition(":")[2])
    open_ones = [await asyncio.open_connection("127.0.0.1", port) for _ in range(20)]

    assert await said(door, GET + b"\r\n") == "429 too_many_connections"

    for reader, writer in open_ones:
        assert b"request_too_slow" in await reader.read()
        writer.transport.abort()
        await asyncio.sleep(0)
    assert await said(door, GET + b"\r\n") == "200"


HOSTS = [
    (b"Host: localhost:8000", "200"),
    (b"Host: 192.168.7.9:8000", "200"),
    (b"Host: [2001:db8::1]:80", "200"),
    (b"Host: x.localhost", "200"),
    (b"Host: dossier.example", "200"),
    (b"Host: ANY.example:8443", "200"),
    (b"Host: dossier.example:81", "421 host_not_allowed"),
    (b"Host: evil.example", "421 host_not_allowed"),
    (b"Host: evil.example:8000", "421 host_not_allowed"),
    (b"Host: localhost.evil.example", "421 host_not_allowed"),
    (b"Host: 127.0.0.1.evil.example", "421 host_not_allowed"),
    (b"Host: a:b", "400 malformed_host"),
    (b"Host: [::1", "400 malformed_host"),
    (b"Host: localhost:99999", "400 malformed_host"),
    (b"Host: localhost@evil.example", "400 malformed_host"),
    (b"Host: \xff\xfe", "400 malformed_host"),
    (b"Host: localhost\r\nHost: evil.example", "400 malformed_host"),
    (b"Host:", "400 malformed_host"),
    (b"X: 1", "400 malformed_host"),
]


@pytest.mark.parametrize(("host", "answer"), HOSTS)
@pytest.mark.parametrize("path", [b"/jobs", b"/health/live", b"/nothing"])
async def test_only_the_server_s_own_names_are_answered(front, host, answer, path):
    expected = "404 not_found" if (path, answer) == (b"/nothing", "200") else answer
    assert await said(front, b"GET " + path + b" HTTP/1.1\r\n" + host + b"\r\n\r\n") == expected


async def test_http_1_0_needs_no_host(front):
    assert await said(front, b"GET /jobs HTTP/1.0\r\n\r\n") == "200"


async def test_http_1_0_gets_a_stream_without_chunks_until_its_end(house):
    job = await completed_job(house.writer)
    async with serving(house, workers=0) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        writer.write(f"GET /jobs/{job.id}/stream HTTP/1.0\r\n\r\n".encode())
        async with asyncio.timeout(60):
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()

    assert b"transfer-encoding" not in head
    assert b"connection: close" in head
    assert body.startswith(b"event: hello\n")
    assert body.endswith(b"event: end\ndata: {}\n\n")


async def test_an_open_stream_lets_go_of_its_request_and_the_next_one_is_answered_behind_it(
    house, monkeypatch
):
    """Parser, headers and scope would stay for hours with each reader."""
    let_go, parsers = list[http_protocol.Protocol](), list[object]()
    forget, parse = http_protocol.Protocol.let_go, http_protocol.make_parser
    monkeypatch.setattr(http_protocol.Protocol, "let_go", lambda self: (forget(self), let_go.append(self)))
    monkeypatch.setattr(http_protocol, "make_parser", lambda self: parsers.append(parse(self)) or parsers[-1])
    job = await running_job(house.writer)
    async with serving(house, workers=0) as url, asyncio.timeout(60):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        writer.write(b"GET /jobs/%b/stream HTTP/1.1\r\nHost: localhost\r\n\r\n" % str(job.id).encode())
        await reader.readuntil(b"event: hello")
        [protocol] = let_go
        assert (protocol.parser, protocol.headers, protocol.url) == (None, [], b"")
        assert protocol.cycle.scope == {"type": "http", "method": "GET"}
        writer.write(b"GET /health/li")
        await until(lambda: asyncio.sleep(0, parsers))
        writer.write(b"ve HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        await as_worker(house.writer, job, c.CompleteJob(job.epoch, "answered"))
        stream, _, answer = (await reader.read()).partition(b"\r\n0\r\n\r\n")
        writer.close()

    assert stream.endswith(b"event: end\ndata: {}\n\n")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert len(parsers) == 1


async def test_a_request_sent_with_a_stream_s_own_is_answered_behind_it(house):
    job = await running_job(house.writer)
    last = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    for cut in (len(last), len(last) - 10, 10):  # whole, without its end, hardly begun
        async with serving(house, workers=0) as url, asyncio.timeout(60):
            reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
            head = b"GET /jobs/%b/stream?after=%d HTTP/1.1\r\nHost: localhost\r\n\r\n"
            writer.write(head % (str(job.id).encode(), job.seq) + last[:cut])
            await reader.readuntil(b"event: hello")
            writer.write(last[cut:])
            house.draining.set()
            answers = await reader.read()
            writer.close()
        house.draining.clear()
        assert answers.count(b"HTTP/1.1 200 ") == 1, cut


ORIGINS = [
    (b"Origin: http://localhost\r\n", "201"),
    (b"Origin: https://dossier.example\r\n", "201"),
    (b"Sec-Fetch-Site: same-origin\r\n", "201"),
    (b"", "201"),
    (b"Origin: http://evil.example\r\n", "403 origin_not_allowed"),
    (b"Origin: http://localhost:3000\r\n", "403 origin_not_allowed"),
    (b"Origin: null\r\n", "403 origin_not_allowed"),
    (b"Origin: \xff\r\n", "403 origin_not_allowed"),
    (b"Origin: http://localhost\r\nOrigin: http://evil.example\r\n", "403 origin_not_allowed"),
    (b"Sec-Fetch-Site: cross-site\r\n", "403 origin_not_allowed"),
]


@pytest.mark.parametrize(("origin", "answer"), ORIGINS)
async def test_a_page_of_another_site_changes_nothing(front, front_house, origin, answer):
    body = b'{"query": "why?"}'
    before = await rows(front_house.engine)
    answered = await said(front, POST + origin + b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    assert answered == answer
    assert len(await rows(front_house.engine)) - len(before) == (answer == "201")


@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT", "PATCH"])
@pytest.mark.parametrize(
    "path", ["/jobs/{id}/replay", "/jobs/{id}/fork", "/jobs/{id}", "/session", "/v1/responses"]
)
async def test_no_route_takes_a_form_or_another_site_s_request(front, front_house, over, method, path):
    before = await rows(front_house.engine)
    where = path.format(id=over)

    async with httpx.AsyncClient(base_url=front, timeout=90) as http:
        form = await http.request(method, where, content=b"a=b", headers={"Content-Type": "text/plain"})
        foreign = await http.request(method, where, headers={"Origin": "http://evil.example"})

    assert form.status_code in (405, 415)
    assert (foreign.status_code, foreign.json()["code"]) == (403, "origin_not_allowed")
    assert await rows(front_house.engine) == before


BYTES = {
    "a list parameter of U+0000": b"GET /jobs?tags=%00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a raw byte in a parameter": b"GET /jobs?tags=\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a raw byte in a path": b"GET /jobs/\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "no UTF-8 in a path": b"GET /jobs/%ff HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "U+0000 in a path": b"GET /jobs/%00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "U+0000 in an address": b"GET /documents/text?url=%00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "brackets in a query": b"GET /jobs?" + b"[" * 32_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "brackets in a body": POST + b"Content-Length: 32000\r\n\r\n" + b"[" * 32_000,
    "raw bytes in a body": POST + b"Content-Length: 2\r\n\r\n\xff\xfe",
    "brackets for OpenAI": (POST + b"Content-Length: 32000\r\n\r\n").replace(b"/jobs", b"/v1/responses")
    + b"[" * 32_000,
    "a session of a:b": POST.replace(b"/jobs", b"/session").replace(b"localhost", b"a:b")
    + b"Content-Length: 2\r\n\r\n{}",
    "a number that is none": b"GET /jobs?limit=%D9%A1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
}


@pytest.mark.parametrize("name", BYTES)
async def test_hostile_bytes_are_a_fault_of_the_caller(front, caplog, name):
    answer = await said(front, BYTES[name])

    assert answer[:4] in {"400 ", "404 "}
    assert len(caplog.text.splitlines()) <= 1


PLACES = ["/", "/jobs", "/jobs/{id}", "/jobs/{id}/report?format=md", "/jobs/{id}/report?format=html",
          "/jobs/{id}/report?format=json", "/jobs/{id}/events", "/jobs/{id}/stream", "/jobs/{id}/bundle",
          "/jobs/{id}/claims", "/events", "/overview", "/metrics", "/schema", "/health/live", "/health/ready",
          "/nothing", "/runs", "/v1/models", "/sources?url=https://x.example/"]  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
async def test_every_representation_says_how_it_may_be_kept(front, over, place):
    async with (
        httpx.AsyncClient(base_url=front, timeout=90) as http,
        http.stream("GET", place.format(id=over)) as answer,
    ):
        headers = answer.headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"].partition(",")[0] in ("no-store", "no-cache")
    assert headers["vary"]


@pytest.mark.parametrize(
    ("address", "peer"),
    [
        ("127.0.0.9", ("127.0.0.9", True)),
        ("::ffff:10.0.0.1", ("10.0.0.1", False)),
        ("", ("", True)),
        ("10.0.0.1", ("10.0.0.1", False)),
    ],
)
def test_a_peer_is_who_has_the_address(address, peer):
    assert peer_of(address) == peer
    assert peer_of("2001:db8::1") == peer_of("2001:db8::ffff:1") != peer_of("2001:db9::1")


async def test_a_client_that_goes_on_after_a_refusal_is_let_go(door):
    async with httpx.AsyncClient(base_url=door) as http:
        assert (
            await http.post("/jobs", json={"query": "why?", "metadata": {"x": "y" * 100_000}})
        ).status_code == 413
        assert (await http.get("/jobs")).status_code == 200
