"""The reader reads pages over real sockets, and types each attack's error."""

import asyncio
import gzip
import zlib

import pytest

from app.errors import ProviderError
from app.ingest.file_reader import FileReader
from app.providers.reader.fetching import Fetcher
from app.providers.reader.guard import is_public
from app.providers.reader.page_reader import PageReader
from app.providers.reader.robots import Robots
from tests.ingest.pdfs import pdf
from tests.mocks.answering import answering, reply

MOST = 100_000  # bytes of a page in these tests


@pytest.fixture
async def server():
    async with answering() as mock:
        yield mock


@pytest.fixture
async def reader():
    files = FileReader()
    made = PageReader(Fetcher(["127.0.0.1"], most=MOST, timeout=5), read_pdf=files.read_pdf)
    yield made
    await made.aclose()
    await files.aclose()


async def error_of(call) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await call
    assert not caught.value.retryable, "a page's failure must not count as the engine's"
    return caught.value


GERMAN = "Größe ändert sich über Nacht: schöne Grüße aus Köln und Münster."
PAGES = {
    "html": (reply(f"<title>x</title><p>{GERMAN}</p>"), GERMAN),
    "header before meta": (
        reply(f'<meta charset="utf-8"><p>{GERMAN}'.encode("cp1252"), type_="text/html; charset=ISO-8859-1"),
        GERMAN,
    ),
    "bom before header": (
        reply(b"\xef\xbb\xbf" + f"<p>{GERMAN}".encode(), type_="text/html; charset=iso-8859-1"),
        GERMAN,
    ),
    "meta": (reply(f'<meta charset="windows-1252"><p>{GERMAN}'.encode("cp1252"), type_="text/html"), GERMAN),
    "detected": (reply(f"<html><p>{GERMAN * 4}".encode("cp1252"), type_="text/html"), GERMAN),
    "wrong header": (reply(f"<p>{GERMAN}", type_="text/html; charset=klingon"), GERMAN),
    "wide": (reply(GERMAN.encode("utf-16"), type_="text/plain"), GERMAN),
    "untyped": (reply(f"<!DOCTYPE html><script>x()</script><p>{GERMAN}", type_=""), GERMAN),
    "html as text": (reply(f"<html><p>{GERMAN}", type_="text/plain"), GERMAN),
    "json": (reply('{"a": 1}', type_="application/json"), '{"a": 1}'),
    "pdf as html": (reply(pdf("Water boils at 100 degrees"), type_="text/html"), "Water boils"),
    "gzip": (reply(gzip.compress(GERMAN.encode()), type_="text/plain", Content_Encoding="gzip"), GERMAN),
    "deflate": (
        reply(zlib.compress(GERMAN.encode()), type_="text/plain", Content_Encoding="deflate"),
        GERMAN,
    ),
}


@pytest.mark.parametrize("case", PAGES)
async def test_a_page_is_its_text(server, reader, case):
    sent, expected = PAGES[case]
    server.answer = lambda request: sent

    page = await reader.read(f"{server.url}/page")

    assert expected in page.text
    assert "x()" not in page.text
    assert "<p>" not in page.text
    assert (page.usage.pages, page.usage.cost_usd) == (1, 0)


async def test_a_page_tells_its_date_and_language(server, reader):
    head = '<meta property="article:published_time" content="2019-03-02T08:00Z">'
    server.answer = lambda request: reply(
        f"<html lang=de-AT><head>{head}</head><p>{GERMAN}", type_="text/html"
    )

    page = await reader.read(f"{server.url}/page")

    assert (page.published, page.language) == ("2019-03-02", "de")


async def test_redirects_are_followed_and_no_cookie_is_kept(server, reader):
    def answer(request):
        if request.path == "/end":
            return reply("<p>Arrived.")
        return reply("", 302, Location="/end", Set_Cookie="id=1")

    server.answer = answer

    assert (await reader.read(f"{server.url}/start#there")).text.strip() == "Arrived."
    assert [request.path for request in server.requests] == ["/start", "/end"]
    assert not any("cookie" in request.headers for request in server.requests)


BAD_PAGES = {
    "endless redirects": (reply("", 302, Location="/again"), "validation"),
    "redirect to a file": (reply("", 302, Location="file:///etc/passwd"), "validation"),
    "redirect to nowhere": (reply("", 302, Location="http://[::1"), "validation"),
    "redirect with a user": (reply("", 302, Location="http://me:pw@127.0.0.1/"), "validation"),
    "redirect to a private host": (reply("", 302, Location="http://127.0.0.2/"), "validation"),
    "redirect to metadata": (reply("", 307, Location="http://169.254.169.254/latest"), "validation"),
    "too large, said": (b"HTTP/1.1 200 X\r\nContent-Length: 10000000000\r\n\r\n", "resource"),
    "too large": (reply(b"x" * (MOST + 1), type_="text/plain"), "resource"),
    "gzip bomb": (
        lambda: reply(gzip.compress(b"\0" * 50_000_000), type_="text/plain", Content_Encoding="gzip"),
        "resource",
    ),
    "broken gzip": (reply(b"not gzip", Content_Encoding="gzip"), "network"),
    "other encoding": (reply(b"x", Content_Encoding="br"), "validation"),
    "image": (reply(b"\x89PNG\r\n\x1a\n\0\0", type_="image/png"), "validation"),
    "image as html": (reply(b"\x89PNG\r\n\x1a\n\0\0", type_="text/html"), "validation"),
    "archive": (reply(b"PK\x03\x04\0\0", type_=""), "validation"),
    "broken pdf": (reply(b"%PDF-1.7 nothing"), "validation"),
    "no text": (reply("<html><script>x()</script></html>"), "validation"),
    "404": (reply("no", 404), "network"),
    "503": (reply("no", 503, Retry_After="3"), "network"),
    "304": (reply("", 304), "network"),
    "not http": (b"SSH-2.0-OpenSSH_9.9\r\n\r\n", "network"),
    "cut off": (b"HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\n<p>Half", "network"),
    "hung up": (b"", "network"),
}


@pytest.mark.parametrize("case", BAD_PAGES)
async def test_a_bad_page_is_a_typed_error(server, reader, case):
    page, error_type = BAD_PAGES[case]
    sent = (
        page() if callable(page) else page
    )  # a bomb takes long to make, and every test process imports this
    server.answer = lambda request: sent

    error = await error_of(reader.read(f"{server.url}/page"))

    assert error.error_type == error_type, str(error)
    assert len(server.requests) <= 6


async def test_a_page_without_end_is_too_large(server, reader):
    async def endless(request):
        yield b"HTTP/1.1 200 X\r\nContent-Type: text/plain\r\n\r\n"
        while True:
            yield b"x" * 10_000

    server.answer = endless

    assert (await error_of(reader.read(server.url))).error_type == "resource"


async def test_a_slow_drip_is_a_timeout(server):
    async def drip(request):
        yield b"HTTP/1.1 200 X\r\nContent-Type: text/plain\r\n\r\n"
        while True:
            yield b"x"
            await asyncio.sleep(0.02)

    server.answer = drip
    reader = PageReader(Fetcher(["127.0.0.1"], timeout=0.3))

    assert (await error_of(reader.read(server.url))).error_type == "timeout"
    await reader.aclose()


PRIVATE = [
    "http://127.0.0.1/",
    "http://localhost/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0177.0.0.1/",
    "http://127.1/",
    "http://0/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[fd00::1]/",
    "http://[fe80::1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://10.0.0.1/",
    "http://192.168.1.1:8080/",
    "http://100.64.0.1/",
    "http://169.254.169.254/",
    "http://224.0.0.1/",
    "file:///etc/passwd",
    "ftp://127.0.0.1/",
    "gopher://127.0.0.1/",
    "http://me@127.0.0.1/",
    "https://127.0.0.1/",
    "javascript:alert(1)",
    "http://",
    "//127.0.0.1/",
]


@pytest.mark.parametrize("url", PRIVATE)
async def test_a_private_address_is_refused_however_it_is_written(url):
    error = await error_of(PageReader(Fetcher()).read(url))

    assert error.error_type == "validation", str(error)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.0.1",
        "100.64.0.1",
        "169.254.1.1",
        "224.0.0.1",
        "255.255.255.255",
        "240.0.0.1",
        "::1",
        "::",
        "fd00::1",
        "fe80::1%lo",
        "fec0::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:7f00:1::",
        "x",
    ],
)
def test_an_address_that_is_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822"])
def test_an_address_that_is_public(address):
    assert is_public(address)


async def test_a_name_with_one_private_address_among_public_ones_is_refused():
    async def resolve(host, port):
        return ["93.184.216.34", "10.0.0.7"]

    error = await error_of(PageReader(Fetcher(resolve=resolve)).read("http://two.example/"))

    assert "its address is private" in str(error)


async def test_a_name_is_resolved_once_and_what_was_checked_is_connected_to(server):
    """A rebinding resolver is asked once, and its checked address is used.

    It answers public when it is checked, and loopback when asked again.
    """
    answers = []

    async def resolve(host, port):
        answers.append(host)
        return ["93.184.216.34"] if len(answers) == 1 else ["127.0.0.1"]

    fetcher = Fetcher(resolve=resolve, timeout=0.5)
    tried = []

    async def connect(address, *_):
        tried.append(address)
        raise OSError

    fetcher._guard._network.connect_tcp = connect
    with pytest.raises((ProviderError, OSError)):
        await fetcher.fetch("http://rebind.example/")
    assert tried == ["93.184.216.34"]
    assert answers == ["rebind.example"]

    assert "private" in str(await error_of(fetcher.fetch("http://rebind.example/")))
    assert tried == ["93.184.216.34"]


@pytest.mark.parametrize("host", ["nowhere.invalid", "a" * 64 + ".example"])
async def test_a_name_without_an_address_is_a_typed_error(host):
    async def resolve(host, port):
        host.encode("idna")  # as getaddrinfo does
        raise OSError

    error = await error_of(PageReader(Fetcher(resolve=resolve)).read(f"http://{host}/"))

    assert error.error_type == "network"


async def test_a_public_name_on_an_odd_port_is_refused():
    async def resolve(host, port):
        return ["93.184.216.34"]

    error = await error_of(PageReader(Fetcher(resolve=resolve)).read("http://a.example:22/"))

    assert "port 22" in str(error)


async def test_the_open_web_does_not_redirect_into_a_listed_host(server):
    """Both names lead to this machine, but only one is listed."""

    async def resolve(host, port):
        return ["127.0.0.1"]

    server.answer = lambda request: reply("", 302, Location=f"http://intranet.example:{server.port}/")
    fetcher = Fetcher(["intranet.example", "open.example"], resolve=resolve)
    fetcher._guard.trusts = lambda host: host == "intranet.example"
    fetcher._guard._checked = resolve

    error = await error_of(fetcher.fetch(f"http://open.example:{server.port}/"))

    assert "redirects into a private host" in str(error)
    assert len(server.requests) == 1


async def test_proxies_of_the_environment_are_not_used(server, reader, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    server.answer = lambda request: reply("<p>Direct.")

    assert (await reader.read(server.url)).text.strip() == "Direct."


ROBOTS = {
    "none": (reply("", 404), True, True),
    "of others": (reply("User-agent: other\nDisallow: /", type_="text/plain"), True, True),
    "of a folder": (reply("User-agent: *\nDisallow: /private", type_="text/plain"), True, False),
    "ours": (reply("User-agent: Dossier\nDisallow: /\nAllow: /open", type_="text/plain"), True, False),
    "all": (reply("User-agent: *\nDisallow: /", type_="text/plain"), False, False),
    "broken server": (reply("", 503), False, False),
    "not text": (reply(b"\xff\0" * 100, type_="image/png"), True, True),
}


@pytest.mark.parametrize("case", ROBOTS)
async def test_robots_txt_is_obeyed(server, case):
    rules, *may = ROBOTS[case]
    server.answer = lambda request: rules if request.path == "/robots.txt" else reply("<p>Read.")
    fetcher = Fetcher(["127.0.0.1"])
    reader = PageReader(fetcher, Robots(fetcher))

    for path, allowed in zip(("/open/page", "/private/page"), may, strict=True):
        if allowed:
            assert (await reader.read(server.url + path)).text.strip() == "Read."
        else:
            error = await error_of(reader.read(server.url + path))
            assert (error.error_type, "robots.txt" in str(error)) == ("validation", True)
    assert [request.path for request in server.requests].count("/robots.txt") == 1, "it is kept"


async def test_a_redirect_does_not_lead_around_robots_txt(server):
    def answer(request):
        if request.path == "/robots.txt":
            return reply("User-agent: *\nDisallow: /private", type_="text/plain")
        return reply("", 302, Location="/private") if request.path == "/open" else reply("<p>Read.")

    server.answer = answer
    fetcher = Fetcher(["127.0.0.1"])

    error = await error_of(PageReader(fetcher, Robots(fetcher)).read(f"{server.url}/open"))

    assert "robots.txt" in str(error)
