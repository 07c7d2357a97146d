"""Size what a prompt quotes, in tokens.

How many bytes a token has is learnt from the server's own counts, and is in the log turn by turn. So what was
cut to a size in one turn has the same size in all later ones, and a provider's cache holds it.
"""

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


def characters(text: str, tokens: int, bytes_per_token: float) -> int:
    """Return how many characters of this text are so many tokens."""
    return int(tokens * (bytes_per_token or BYTES_PER_TOKEN) * len(text) / (_bytes_of(text) or 1))


def tokens_of(text: str, bytes_per_token: float) -> int:
    """Return about how many tokens a text is."""
    return round(_bytes_of(text) / (bytes_per_token or BYTES_PER_TOKEN))


def _bytes_of(text: str) -> int:
    """Count a text's bytes.

    No cache: it would hold whole pages, to spare some microseconds.
    """
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
