"""Size what a prompt quotes, in tokens.

How many bytes a token has is learnt from the server's own counts, and is in the log turn by turn. So what was
cut to a size in one turn has the same size in all later ones, and a provider's cache holds it.
"""

from functools import lru_cache

from app.agent.limits import PRESETS
from dossier.request import Effort

BYTES_PER_TOKEN = 4.0  # of English, until a server has counted
MAX_PAGE_TOKENS = 3_000  # of one page: a long article
MIN_PAGE_TOKENS = 250  # of a page however many there are; less is not worth its place
MAX_RESULT_TOKENS = 15_000  # of all excerpts; the first ones are kept
MAX_EXCERPT_TOKENS = 75  # of one hit
NOMINAL = 4  # characters of room that count as a token


def page_tokens(effort: Effort, room: int) -> int:
    """Return the tokens of each page, whatever else is read."""
    share = room // NOMINAL // PRESETS[effort].reads
    return min(MAX_PAGE_TOKENS, max(MIN_PAGE_TOKENS, share))


def result_tokens(room: int) -> int:
    """Return the tokens of all excerpts: less where the context is short."""
    return min(MAX_RESULT_TOKENS, room // NOMINAL // 2)


@lru_cache(maxsize=4096)
def characters(text: str, tokens: int, bytes_per_token: float) -> int:
    """Return how many characters of this text are so many tokens."""
    size = len(text.encode("utf-8", "replace")) or 1
    return int(tokens * (bytes_per_token or BYTES_PER_TOKEN) * len(text) / size)


@lru_cache(maxsize=4096)
def tokens_of(text: str, bytes_per_token: float) -> int:
    """Return about how many tokens a text is."""
    return round(len(text.encode("utf-8", "replace")) / (bytes_per_token or BYTES_PER_TOKEN))
