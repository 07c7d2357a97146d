"""Read a page of the web as text."""

import asyncio
from collections.abc import Awaitable, Callable

from app.agent.ports import PageReply
from app.domain.events import Usage
from app.errors import BadDocument, ProviderError
from app.providers.reader.fetching import Fetched, Fetcher
from app.providers.reader.robots import Robots
from app.text.dates import day_told
from app.text.formats import Extract, from_plain, tidy
from app.text.languages import primary
from app.text.web_page import from_html

EXTRACTIONS = 2  # at once, in threads; more would take the loop's share of the CPU
EXTRACTION_TIMEOUT = 30.0  # seconds
SNIFFED = 1024  # bytes that tell a format
BINARY = ("image/", "audio/", "video/", "font/", "model/", "application/zip", "application/octet-stream")
HTML_STARTS = (b"<!doctype html", b"<html", b"<head", b"<body")
WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")  # of UTF-16 and UTF-32, whose text has zero bytes

ReadPdf = Callable[[bytes], Awaitable[Extract]]  # raises BadDocument


class PageReader:
    """Reads pages from this machine, for engines that only search.

    `robots` says which pages may be read; None: all. `read_pdf` reads PDFs in a process of its own;
    None: they are refused.
    """

    def __init__(
        self, fetcher: Fetcher, robots: Robots | None = None, read_pdf: ReadPdf | None = None
    ) -> None:
        self._fetcher = fetcher
        self._read_pdf = read_pdf
        self._permit = robots.check if robots else None
        self._places = asyncio.Semaphore(EXTRACTIONS)

    async def read(self, url: str) -> PageReply:
        """Return the text of a page.

        Raises ProviderError, of which none is worth another try.
        """
        page = await self.read_page(url)
        told = page.metadata
        return PageReply(
            page.text, Usage(pages=1), day_told(told.get("date", "")), primary(told.get("language", ""))
        )

    async def read_page(self, url: str) -> Extract:
        """Return the title and text of a page. Raises ProviderError."""
        page = await self._fetcher.fetch(url, self._permit)
        found = await self._extracted(page)
        text = tidy(found.text)
        if not text.strip():
            raise ProviderError("validation", "The page has no text.", retryable=False)
        return Extract(found.title, text, found.metadata)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._fetcher.aclose()

    async def _extracted(self, page: Fetched) -> Extract:
        try:
            async with self._places, asyncio.timeout(EXTRACTION_TIMEOUT):
                if is_pdf(page.body):
                    return await self._of_pdf(page.body)
                return await asyncio.to_thread(extracted, page.body, page.content_type)
        except TimeoutError:
            message = f"The page's text was not found within {EXTRACTION_TIMEOUT:g} seconds."
            raise ProviderError("timeout", message, retryable=False) from None
        except BadDocument as error:
            raise ProviderError("validation", f"The page cannot be read. {error}", retryable=False) from None

    async def _of_pdf(self, body: bytes) -> Extract:
        if self._read_pdf is None:
            raise BadDocument("PDFs are not read here.")
        return await self._read_pdf(body)


def is_pdf(body: bytes) -> bool:
    """Return whether a page is a PDF, whatever its server says."""
    return b"%PDF-" in body[:SNIFFED]


def extracted(body: bytes, content_type: str) -> Extract:
    """Return the text of a page, by its format. Raises BadDocument."""
    kind, _, parameters = content_type.partition(";")
    read = _format(body, kind.strip().lower())
    try:
        return read(body, _charset(parameters))
    except BadDocument:
        raise
    except Exception as error:  # a broken page makes a parser raise anything
        raise BadDocument(f"Its content is broken ({type(error).__name__}).") from error


def _format(body: bytes, kind: str) -> Callable[..., Extract]:
    """Return what reads a page.

    Its first bytes count for more than what the server says.
    """
    start = body[:SNIFFED].lstrip()
    if kind.startswith(BINARY) or (b"\0" in start and not body.startswith(WIDE_MARKS)):
        raise BadDocument(f"Its type is {kind[:60] or 'unknown'}, which holds no text.")
    is_html = "html" in kind or start.lower().startswith(HTML_STARTS)
    return from_html if is_html else from_plain


def _charset(parameters: str) -> str:
    """Return the charset of a Content-Type, "" where it names none."""
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip("\"'")
    return ""
