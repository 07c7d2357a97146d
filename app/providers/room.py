"""Learn how much of a model's context the pages may take.

The server's counts and refusals tell.
"""

from app.providers.refusals import ContextOverflow

LEARNT = 500  # tokens of a prompt from which its characters per token say something
USUAL = 3.5  # characters per token, until it is known
SPARSE = 6.0  # characters per token that hardly any prompt has, while nothing is known
MAX_PER_TOKEN = 12.0  # characters per token; more of them were not read
USABLE = 0.9  # of the context that a prompt may fill: counts are not exact
REPLY_SHARE = 0.25  # of the context that is kept for the reply at most
LEAST = 1_000  # characters of pages; with less there is nothing to write from
MIN_COUNTED = 0.6  # of the expected tokens: a prompt that counts fewer was cut
PLAUSIBLE = 1_000  # tokens; some servers count only what was not in their cache


class ContextRoom:
    """The context of one model, in tokens and in characters."""

    def __init__(self, context: int = 0) -> None:
        self.context = context  # 0: not known
        self._per_token = 0.0

    def learn(self, characters: int, tokens: int) -> None:
        """Note how many tokens a prompt took."""
        if tokens >= LEARNT and characters / tokens <= MAX_PER_TOKEN:
            self._per_token = characters / tokens

    def cut(self, characters: int, tokens: int | None) -> ContextOverflow | None:
        """Return the sizes of a prompt cut in silence, or None."""
        if tokens is None or tokens < PLAUSIBLE:
            return None
        expected = characters / (self._per_token or SPARSE)
        short = MIN_COUNTED if self._per_token else 1.0
        return ContextOverflow(tokens, round(expected)) if tokens < short * expected else None

    def excess(self, characters: int, reply: int) -> int:
        """Return how many characters exceed the context, as far as known."""
        if not self.context:
            return 0
        reserved = min(reply, int(REPLY_SHARE * self.context)) if reply else int(REPLY_SHARE * self.context)
        return max(0, characters - int(USABLE * (self.context - reserved) * (self._per_token or USUAL)))

    def shrink(self, overflow: ContextOverflow, characters: int, *, is_counted: bool = True) -> None:
        """Learn from a prompt that was too long.

        `is_counted`: the server counted it; else it is our guess.
        """
        if overflow.sent and is_counted:
            self._per_token = min(MAX_PER_TOKEN, max(0.5, characters / overflow.sent))
        if overflow.context:
            self.context = min(self.context or overflow.context, overflow.context)
        elif not self.context:
            self.context = int(characters / (self._per_token or USUAL) / 2)
        else:
            self.context = int(0.75 * self.context)
