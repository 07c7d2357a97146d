"""Serve the page for people.

Its html, css and scripts are the files in this folder's `web/`, unchanged.

The files are read once, when the process starts, and found by name in a table: no path of a request
ever reaches the file system. Whatever a page loads has the version of all files in its address, so a
browser may keep it for good; the pages themselves are checked by their ETag each time.
"""

import gzip
import re
from collections.abc import Mapping
from functools import cache, partial
from hashlib import sha256
from html import escape
from pathlib import Path
from urllib.parse import quote

from litestar import MediaType, Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.status_codes import HTTP_308_PERMANENT_REDIRECT
from msgspec import Struct

from app.api.authentication import PUBLIC
from app.api.compression import SENT_AS_IS, takes_gzip
from app.api.contract import accepted
from app.api.problem_details import Problem
from app.text.report_style import REPORT_STYLE_HASH

PAGE_OPT = {**PUBLIC, **SENT_AS_IS}  # files are compressed already
WEB_FOLDER = Path(__file__).parent / "web"

MEDIA_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}

# No script or style but our own, nothing from elsewhere, and no way from a text to html (trusted types).
# A saved report has its style in it, which a browser meets where the page reads the report.
PAGE_POLICY = (
    f"default-src 'none'; script-src 'self'; style-src 'self' {REPORT_STYLE_HASH}; "
    "img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
# Swagger UI writes html as text, which trusted types forbid. It shows /schema, and runs only our scripts.
DOCS_POLICY = PAGE_POLICY.partition("; require-trusted-types-for")[0]
PAGE_HEADERS = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
}
FOR_GOOD = "public, max-age=31536000, immutable"
CHECKED = "no-cache"

# A view, its title, and the paths that show it. `/jobs` belongs to the API.
PAGE_VIEWS = (
    ("ask", "Ask", ("/",)),
    ("runs", "Jobs", ("/browse/jobs",)),
    ("run", "Job", ("/browse/jobs/{job_id:str}",)),
    ("report", "Report", ("/browse/jobs/{job_id:str}/report",)),
    ("compare", "Compare", ("/compare",)),
    ("documents", "Documents", ("/browse/documents",)),
    ("operations", "Operations", ("/browse/operations",)),
    ("admin", "Administration", ("/browse/admin",)),
    ("session", "Your key", ("/sign-in",)),
    ("docs", "API", ("/docs",)),
)
# `/overview` is the API's: a browser that asks it for html gets the view.
OVERVIEW = ("overview", "Overview")


class File(Struct, frozen=True):
    """A file as it is sent."""

    body: bytes
    media_type: str
    etag: str


@cache
def _packed(file: File) -> bytes:
    """Compress a file when the first browser asks for it."""
    return gzip.compress(file.body, 9, mtime=0)


def page_routes(root: str = "") -> list[HTTPRouteHandler]:
    """Return the routes of the page, whose links begin with `root`."""
    return [
        *(_view_route(*view, root) for view in PAGE_VIEWS),
        web_file,
        _old_overview(root),
        _old_jobs(root),
    ]


def _view_route(name: str, title: str, paths: tuple[str, ...], root: str) -> HTTPRouteHandler:
    policy = DOCS_POLICY if name == "docs" else PAGE_POLICY

    def show(request: Request) -> Response[bytes]:  # type: ignore[type-arg]
        page = _view_file(name, title, root, _provider_name(request))
        return _answer(request, page, CHECKED, policy=policy)

    return get(list(paths), name=name, opt=PAGE_OPT, include_in_schema=False, sync_to_thread=False)(show)


def _provider_name(request: Request) -> str:  # type: ignore[type-arg]
    """Return the name of the provider of sign-ins, or nothing."""
    door = request.app.state.context.sign_in
    return door.name if door else ""


def _old_overview(root: str) -> HTTPRouteHandler:
    def lead() -> Redirect:
        """Lead an old address of the overview to the one of today."""
        return Redirect(f"{root}/overview", status_code=HTTP_308_PERMANENT_REDIRECT)

    return get("/dash", opt=PUBLIC, include_in_schema=False, sync_to_thread=False)(lead)


def _old_jobs(root: str) -> HTTPRouteHandler:
    def lead(request: Request) -> Redirect:  # type: ignore[type-arg]
        """Redirect an old address of a job's page to today's."""
        rest, query = quote(request.scope["path"].removeprefix("/runs")), request.url.query
        address = f"{root}/browse/jobs{rest}{'?' if query else ''}{query}"
        return Redirect(address, status_code=HTTP_308_PERMANENT_REDIRECT)

    paths = ["/runs", "/runs/{rest:path}"]
    return get(paths, opt=PUBLIC, include_in_schema=False, sync_to_thread=False)(lead)


def overview_page(request: Request, root: str) -> Response[bytes] | None:  # type: ignore[type-arg]
    """Answer a browser with the page of the overview.

    All other callers get the figures.
    """
    if accepted(request, MediaType.JSON, MediaType.HTML) != MediaType.HTML:
        return None
    return _answer(request, _view_file(*OVERVIEW, root), CHECKED, vary="Accept, Accept-Encoding")


@get("/web/{version:str}/{name:str}", opt=PAGE_OPT, include_in_schema=False, sync_to_thread=False)
def web_file(request: Request, version: FromPath[str], name: FromPath[str]) -> Response[bytes]:  # type: ignore[type-arg]
    """Return a style, a script or a picture.

    During a deploy a page of another version gets our file, which its browser must not keep.
    """
    found = files().get(name)
    if found is None:
        raise NotFoundException(detail="No such file.")
    return _answer(request, found, FOR_GOOD if version == web_version() else "no-store")


@cache
def files() -> Mapping[str, File]:
    """Return the files of `web/` that are sent by name."""
    found = (path for path in sorted(WEB_FOLDER.rglob("*")) if path.suffix in MEDIA_TYPES)
    return {path.name: _file(path.read_bytes(), path.suffix) for path in found if path.suffix != ".html"}


@cache
def languages() -> tuple[str, ...]:
    """Return the languages of the page: each has a table, except English."""
    tables = sorted(WEB_FOLDER.glob("language_*.js"))
    return ("en", *(path.stem.removeprefix("language_") for path in tables))


@cache
def web_version() -> str:
    """A name for the state of all these files."""
    return sha256(b"".join(file.etag.encode() for file in files().values())).hexdigest()[:12]


@cache
def _view_file(name: str, title: str, root: str, sign_in: str = "") -> File:
    """Return a view whose links begin with `root`."""
    page = _page(name, title).replace('href="/', f'href="{root}/').replace('src="/', f'src="{root}/')
    return _file(page.replace("{root}", root).replace("{sign_in}", escape(sign_in)).encode(), ".html")


def _page(name: str, title: str) -> str:
    """The frame around a view."""
    parts = {
        "title": title,
        "view": name,
        "main": (WEB_FOLDER / f"{name}.html").read_text(encoding="utf-8").strip(),
        "version": web_version(),
        "languages": " ".join(languages()),
    }
    page = (WEB_FOLDER / "frame.html").read_text(encoding="utf-8")
    for part, text in parts.items():
        page = page.replace(f"{{{part}}}", text)
    return page.replace(f'data-nav="{name}"', f'data-nav="{name}" aria-current="page"')


def error_page(problem: Problem, root: str) -> bytes:
    """Return an error as a page."""
    words = {
        "status": str(problem.status),
        "code": escape(problem.code),
        "problem": escape(problem.title),
        "detail": escape(problem.detail),
    }
    page = _view_file("error", "Error", root).body.decode()
    return re.sub(r"\{(status|code|problem|detail)\}", lambda found: words[found[1]], page).encode()


def _file(body: bytes, suffix: str) -> File:
    etag = f'"{sha256(body).hexdigest()[:20]}"'
    return File(body, MEDIA_TYPES[suffix], etag)


def _answer(
    request: Request,  # type: ignore[type-arg]
    file: File,
    caching: str,
    vary: str = "Accept-Encoding",
    policy: str = PAGE_POLICY,
) -> Response[bytes]:
    answered = {"Content-Security-Policy": policy, "Vary": vary, "Cache-Control": caching, "ETag": file.etag}
    headers = PAGE_HEADERS | answered
    respond = partial(Response[bytes], media_type=file.media_type)
    if file.etag in request.headers.get("if-none-match", ""):
        return respond(b"", status_code=304, headers=headers)
    if takes_gzip(request.headers.get("accept-encoding", "")):
        return respond(_packed(file), headers={**headers, "Content-Encoding": "gzip"})
    return respond(file.body, headers=headers)
