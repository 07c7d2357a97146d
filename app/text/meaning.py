"""Words that turn a meaning: where a claim and its quote differ in one of them, they say different things.

Compared are negations, words of direction and order ("rose" and "fell"), "all" and "some", and hedges, in
English and German, across the two as well; names and numbers only where they changed places. Synonyms, irony
and what follows from context are for a judge.
"""

import re

NEAR = 0.7  # share of the claim's words that a sentence has which says nearly the same
MAX_COMPARED_WORDS = 400  # of a text that are compared

_COMPARED_WORD = re.compile(r"[^\W_]+(?:['’][^\W\d_]+)?")
_NEGATIONS = frozenset(
    [
        "not",
        "no",
        "never",
        "none",
        "nobody",
        "nothing",
        "neither",
        "nor",
        "cannot",
        "without",
        "hardly",
        "isn't",
        "aren't",
        "wasn't",
        "weren't",
        "don't",
        "doesn't",
        "didn't",
        "won't",
        "can't",
        "couldn't",
        "shouldn't",
        "wouldn't",
        "hasn't",
        "haven't",
        "hadn't",
        "nicht",
        "kein",
        "keine",
        "keinen",
        "keiner",
        "keines",
        "keinem",
        "nie",
        "niemals",
        "niemand",
        "nichts",
        "weder",
        "ohne",
        "kaum",
    ]
)
_OPPOSITES = (
    (
        """rose rise rises risen rising increase increases increased increasing grew grow grows grown growing
        climbed gained up higher more growth stieg steigt gestiegen stiegen wuchs wächst gewachsen zugenommen
        erhöht erhöhte zunahm mehr höher""",
        """fell fall falls fallen falling decrease decreases decreased decreasing declined declines dropped
        drop drops shrank shrunk lost down lower less fewer decline sank sinkt gesunken sanken fiel fielen
        gefallen schrumpfte abgenommen gesenkt verringert abnahm weniger niedriger""",
    ),
    (
        "larger bigger greater longer taller heavier faster older better stronger größer länger älter",
        "smaller shorter lighter slower younger worse weaker kleiner kürzer jünger langsamer",
    ),
    ("before prior vor bevor earlier früher", "after nach nachdem later später"),
    (
        "first highest largest most best erste höchste größte meisten",
        "last lowest smallest least worst letzte",
    ),
    (
        "won win wins allowed permitted gewann gewonnen erlaubt",
        "loses lost forbidden prohibited verlor verloren verboten",
    ),
    ("north northern nördlich norden", "south southern südlich süden"),
    ("east eastern östlich osten", "west western westlich westen"),
    ("majority mehrheit", "minority minderheit"),
    ("profit gewinn", "loss verlust"),
)
_PAIRS = tuple((frozenset(one.split()), frozenset(other.split())) for one, other in _OPPOSITES)
_ALL = frozenset(
    [
        "all",
        "every",
        "each",
        "always",
        "entire",
        "entirely",
        "alle",
        "allen",
        "aller",
        "alles",
        "jede",
        "jeder",
        "jedes",
        "immer",
    ]
)
_SOME = frozenset(
    [
        "some",
        "many",
        "most",
        "several",
        "few",
        "often",
        "usually",
        "sometimes",
        "part",
        "einige",
        "einigen",
        "manche",
        "viele",
        "vielen",
        "meist",
        "oft",
        "teils",
    ]
)
_HEDGES = frozenset(
    [
        "may",
        "might",
        "could",
        "perhaps",
        "possibly",
        "probably",
        "likely",
        "reportedly",
        "allegedly",
        "suggests",
        "suggest",
        "appears",
        "seems",
        "should",
        "estimated",
        "könnte",
        "könnten",
        "vielleicht",
        "möglicherweise",
        "wahrscheinlich",
        "vermutlich",
        "angeblich",
        "dürfte",
        "offenbar",
        "soll",
        "sollen",
        "mutmaßlich",
        "can",
        "kann",
        "können",
    ]
)
_CERTAIN = _HEDGES - frozenset(["can", "kann", "können", "should", "soll", "sollen"])


def turned(claim: str, quote: str, language: str, *, share: float = 1.0, whole: str = "") -> str:
    """Why a claim says another thing than the quote; "" where the words show no difference.

    Args:
        claim: a sentence of a report.
        quote: the sentence of a page that is nearest to it.
        language: of the page.
        share: of the claim's words that the quote has; the finer rules need much of it.
        whole: the passage around the quote; what stands in it is not missing.
    """
    said, there = words(claim), words(quote)
    around = frozenset(words(whole)) | frozenset(there)
    if share >= NEAR:
        negated = len(_NEGATIONS.intersection(said)), len(_NEGATIONS.intersection(there))
        if bool(negated[0]) != bool(negated[1]):
            return "the page says the opposite: a negation differs"
        if _HEDGES.isdisjoint(said) and not _CERTAIN.isdisjoint(there):
            return "the page says it with a reservation that is missing here"
        if language in ("", "en", "de") and (swapped := _swapped(said, there)):
            return f"the page has {swapped[0]} and {swapped[1]} the other way round"
    scope = frozenset(there) if share >= NEAR else around
    return _opposite(frozenset(said), scope) or _quantity(frozenset(said), scope)


def words(text: str) -> list[str]:
    """The words of a text in their order, in lower case."""
    found = [word[0].casefold().replace("’", "'") for word in _COMPARED_WORD.finditer(text)]
    return found[:MAX_COMPARED_WORDS]


def _opposite(said: frozenset[str], there: frozenset[str]) -> str:
    for pair in _PAIRS:
        for mine, other in (pair, pair[::-1]):
            if mine & said and not other & said and other & there and not mine & there:
                return f"the page says “{min(other & there)}”, not “{min(mine & said)}”"
    return ""


def _quantity(said: frozenset[str], there: frozenset[str]) -> str:
    is_more = _ALL & said and not _SOME & said and _SOME & there and not _ALL & there
    return f"the page says “{min(_SOME & there)}”, not “{min(_ALL & said)}”" if is_more else ""


def _swapped(said: list[str], there: list[str]) -> tuple[str, str] | None:
    """Two words that stand in each other's place, all others being the same in the same order."""
    if sorted(said) != sorted(there):
        return None
    differ = [at for at in range(len(said)) if said[at] != there[at]]
    if len(differ) != 2 or len(set(said)) < 4:
        return None
    first, second = differ
    return (said[first], said[second]) if said[first] == there[second] else None
