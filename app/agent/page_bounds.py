"""Compare a page's date and language with those wanted.

A page that does not tell is kept. So is one of another region: the region is where the search is made
from, and what a page's tag names (en-US in many templates) is not what it is about.
"""

from msgspec import UnsetType

from app.domain import events as e
from app.domain.research import Call
from app.text.dates import first_and_last
from app.text.languages import same_language
from dossier.job_types import AsideCause
from dossier.request import Sources

Page = e.PageRead | e.PageSetAside


def page_of(sources: Sources, number: int, call: Call, size: int) -> Page:
    """Return what a settled read means within the bounds of `sources`."""
    digest = call.reply_sha256 or ""
    return judged(sources, e.PageRead(number, digest, size, call.key, call.published, call.language))


def judged(sources: Sources, page: Page) -> Page:
    """Keep a page or set it aside, whatever it was before."""
    outside = _time_missed(sources, page.published) or _language_missed(sources, page.language)
    number, sha256, size, read_by = page.number, page.sha256, page.size, page.read_by
    if outside is None:
        return e.PageRead(number, sha256, size, read_by, page.published, page.language)
    return e.PageSetAside(number, sha256, size, read_by, *outside, page.published, page.language)


def _time_missed(sources: Sources, published: str | UnsetType) -> tuple[AsideCause, str] | None:
    """Return the day that all of a date misses, if any."""
    if not published:
        return None
    first, last = first_and_last(published)
    if sources.published_after and last < sources.published_after:
        return "too_early", sources.published_after.isoformat()
    if sources.published_before and first > sources.published_before:
        return "too_late", sources.published_before.isoformat()
    return None


def _language_missed(sources: Sources, language: str | UnsetType) -> tuple[AsideCause, str] | None:
    if not language or not sources.language or same_language(language, sources.language):
        return None
    return "other_language", sources.language
