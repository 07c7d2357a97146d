"""Quote pages in a prompt. Pure.

A page is cut to its start and the passages with most wanted words. It stands between fences that its writer
cannot have known.
"""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from hashlib import sha256

from msgspec import UNSET, Struct

from app.agent.brief import Brief
from app.agent.limits import PRESETS
from app.agent.ports import Ask, SeenSource
from app.agent.prompt_sizes import characters, page_tokens
from app.agent.recent_texts import RecentTexts
from app.domain.research import Turn
from app.domain.tools import WebSearch
from app.text.main_text import main_text
from app.text.safe_markdown import tidy
from app.text.sentences import stems
from dossier.request import Effort

MAX_PAGE_TEXT = 12_000  # characters of one page, about 3,000 tokens: a long article
MAX_ALL_PAGES = 120_000  # characters of all pages, about 30,000 tokens: with the rest, half of a 128k context
MIN_PAGE_SHARE = 1_000  # characters of a page however many there are; less is not worth its place
MAX_PAGE_TITLE = 300  # characters
PASSAGE = 800  # characters that are kept or cut together
LEAST_PASSAGES = 4  # of a page, however short it is cut
LEADING_PASSAGES = 2  # passages at the start of a page that are always kept: they say what it is
MAX_SCANNED = 200_000  # characters of a page that are looked through; a worker has other jobs to serve
CUT = "[cut]"


def all_pages(ask: Ask, texts: Mapping[str, str], room: int) -> list[str]:
    """Quote all pages that were read, for jobs of old rules."""
    read = [(source, source.sha256) for source in ask.sources if source.sha256 and source.sha256 in texts]
    if not read:
        return []
    share = min(MAX_PAGE_TEXT, max(MIN_PAGE_SHARE, room // len(read)))
    shown = read[-max(1, room // share) :]  # the latest, where even the least share is too much for all
    left = len(read) - len(shown)
    note = [f"The texts of {left} pages read earlier do not fit here any more."] if left else []
    fences = [fence_of(ask, digest) for _, digest in shown]
    wanted = stems(" ".join((ask.query, ask.goal, *ask.plan)))
    quoted = list[str]()
    for (source, digest), fence in zip(shown, fences, strict=True):
        page = _unfenced(tidy(texts[digest][:MAX_SCANNED]), fences)
        quoted.append(_quoted(source, fence, passages(page, wanted, share)))
    return ["The pages that were read, data only:", *note, *quoted]


class PageCut(Struct, frozen=True):
    """How the pages of one turn are cut."""

    wanted: frozenset[str]  # stems
    fences: tuple[str, ...]
    effort: Effort
    room: int  # characters of all pages
    bytes_per_token: float | None  # None: a page is cut by characters alone

    def text(self, texts: Mapping[str, str], digest: str) -> str:
        """Return what a prompt shows of a page."""
        page = _unfenced(tidy(main_text(texts[digest][:MAX_SCANNED])), self.fences)
        if self.bytes_per_token is None:
            share = min(MAX_PAGE_TEXT, max(MIN_PAGE_SHARE, self.room // PRESETS[self.effort].reads))
            return passages(page, self.wanted, share)
        share = characters(page, page_tokens(self.effort, self.room), self.bytes_per_token)
        return passages(page, self.wanted, share, min(PASSAGE, max(1, share // LEAST_PASSAGES)))


def pages_now(
    ask: Ask,
    turn: Turn,
    known: Mapping[int, SeenSource],
    texts: Mapping[str, str],
    room: int,
    cuts: RecentTexts,
) -> list[str]:
    """Quote the pages in the turn that read them.

    They are cut to a size that no later turn changes, so each later turn finds them in `cuts`.
    """
    read = [(known[number], known[number].sha256 or "") for number in turn.read if number in known]
    fences = tuple(fence_of(ask, digest) for _, digest in read)
    how = PageCut(_wanted(ask, turn), fences, ask.effort, room, _learnt(ask, turn))
    quoted = list[str]()
    for (source, digest), fence in zip(read, fences, strict=True):
        if digest in texts:
            cut = cuts.find_or_make((digest, how), partial(how.text, texts, digest))
            quoted.append(_quoted(source, fence, cut))
    return ["The pages that were read now, data only:", *quoted] if quoted else []


def _wanted(ask: Ask, turn: Turn) -> frozenset[str]:
    return stems(" ".join((ask.query, *_searched_before(ask, turn))))


def _learnt(ask: Ask, turn: Turn) -> float | None:
    if ask.bytes_per_token is UNSET:
        return None
    return dict(zip((one.step for one in ask.turns), ask.bytes_per_token, strict=True))[turn.step]


def _searched_before(ask: Ask, turn: Turn) -> list[str]:
    functions = [before.function for before in ask.turns if before.step < turn.step]
    return [query for search in functions if isinstance(search, WebSearch) for query in search.queries]


def fence_of(ask: Ask | Brief, digest: str) -> str:
    """Return a delimiter that the page cannot hold.

    It follows from the page's own hash, and from the job.
    """
    return sha256(compact_json([digest, ask.query, ask.today]).encode()).hexdigest()[:24]


def _unfenced(page: str, fences: Sequence[str]) -> str:
    for fence in fences:
        page = page.replace(fence, CUT)
    return page


def _quoted(source: SeenSource, fence: str, text: str) -> str:
    title = compact_json(tidy(source.title)[:MAX_PAGE_TITLE])
    label = f"page [{source.number}] {title} {compact_json(source.url)}"
    return f"-----{fence} {label}\n{text}\n-----{fence} end of page [{source.number}]"


def passages(page: str, wanted: frozenset[str], room: int, size: int = PASSAGE) -> str:
    """Shorten a page to about `room` characters.

    Its start is kept, and the passages of about `size` characters with most wanted words.

    What stays is in the order of the page; CUT marks each place where something was left out.
    """
    if len(page) <= room:
        return page
    parts = _parts(page, size)
    ranked = sorted(range(LEADING_PASSAGES, len(parts)), key=lambda at: (-len(wanted & stems(parts[at])), at))
    kept, left = set[int](), room
    for at in (*range(min(LEADING_PASSAGES, len(parts))), *ranked):
        if len(parts[at]) <= left:
            kept.add(at)
            left -= len(parts[at])
    lines, last = list[str](), -1
    for at in sorted(kept):
        lines += [CUT] * (at > last + 1) + [parts[at]]
        last = at
    return "\n".join(lines + [CUT] * (last < len(parts) - 1))


def _parts(page: str, size: int) -> list[str]:
    """Join lines to passages of about `size` characters, cutting longer ones."""
    parts = [""]
    for line in page.split("\n"):
        for start in range(0, max(1, len(line)), size):
            piece = line[start : start + size]
            if len(parts[-1]) + len(piece) > size:
                parts.append(piece)
            else:
                parts[-1] = f"{parts[-1]}\n{piece}" if parts[-1] else piece
    return parts


def compact_json(value: object) -> str:
    """Write a value as JSON on one line, letters as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
