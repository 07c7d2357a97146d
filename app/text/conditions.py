"""Tell what depends on something from what simply holds.

"If the doctors leave, the clinic closes" says of neither that it happens, and "the actors waited, or the
scientist slept" not which. A claim that has one half alone leaves out what the page makes it depend on.
"""

import re
from collections.abc import Iterator
from itertools import islice

from msgspec import Struct

from app.text import languages
from app.text.turning_words import CERTAIN, negations, word_set

UNCONDITIONAL = "the page says it under a condition that is missing here"
ALTERNATIVE = "the page says it as one of several possibilities"
BOUND = "the page says “{}”, which is missing here"

MAX_CONDITIONAL = 2000  # characters that are looked at
MAX_CONDITION_WORDS = 10  # of a sentence
HAS_HALF = 0.5  # of a half's words, from which a claim has it

_CONDITION_WORDS = {
    "en": r"(?<!as )(?<!even )(?<!what )if(?! any| not| possible| necessary| needed| only| so| at all)"
    r"|unless|provided that|on condition that|assuming(?: that)?|in case",
    "de": r"(?<!auch )(?<!selbst )(?<!als )wenn(?! auch| möglich| nötig)|falls|sofern|vorausgesetzt"
    r"|es sei denn|außer wenn",
    "fr": r"(?<!même )(?<!comme )(?<!aussi )(?<!et )si(?= )|s['’](?=ils?\b)|à moins que|à condition que"
    r"|pourvu que",
    "es": r"(?<!como )(?<!incluso )(?<!aun )si(?= )|a menos que|siempre que|siempre y cuando",
    "it": r"(?<!come )(?<!anche )se(?= )|a meno che|purché|a condizione che",
    "pt": r"a menos que|desde que|contanto que|a não ser que",
    "nl": r"tenzij|mits|indien|op voorwaarde dat",
    "ru": r"если|при условии",
}
_CONDITION_IN = {
    spoken: re.compile(rf"(?<!\w)(?:{listed})(?!\w)", re.IGNORECASE)
    for spoken, listed in _CONDITION_WORDS.items()
}
_PRECAUTION = re.compile(r"in case\Z", re.IGNORECASE)  # "they took a coat in case it rained": they did
# Who writes one of these leaves no condition out.
_CONDITIONAL = word_set("""if unless when whenever provided should would could assuming depends depending
    wenn falls sofern sobald wann würde würden könnte könnten sollte sollten vorausgesetzt si quand lorsque
    cuando se quando tenzij mits indien als wanneer если когда бы""")
# Before "if", these ask whether something is so.
_ASKING_IF = re.compile(
    r"\b(?:ask|asks|asked|see|know|knows|knew|determine|determines|check|checks|checked|test|tests|tested"
    r"|wonder|wondered|clear|unclear|unknown|doubt|doubts|decide|decided|demander|demandé|savoir|saber"
    r"|preguntó|chiese|sapere)\s\Z",
    re.IGNORECASE,
)
_CONNECTED = re.compile(
    r"[;:—–]\s|,\s(?:and|but|while|whereas|yet|although|und|aber|während|jedoch|et|mais|tandis|y|pero|mientras"
    r"|e|ma|mas|en|maar|и|но|а)\s",
    re.IGNORECASE,
)
# An article or a pronoun behind "or" begins another clause; another name for the same has none.
_OR_CLAUSE = re.compile(
    r",\s(?:or|oder|ou|o|или)\s(?=(?:the|a|an|it|they|he|she|we|you|der|die|das|ein|eine|es|sie|er|le|la|les|il|ils"
    r"|elle|un|une|el|los|las|una|lo|gli|uma|het|een|он|она|они)\s)",
    re.IGNORECASE,
)
_EITHER_WORDS = word_set("or oder ou o или either entweder whether ob any")
_MAY_BE = CERTAIN | word_set(
    "can cannot kann können peut peuvent puede pueden può possono pode podem kan мочь"
)
_OR_BOUND = re.compile(
    r"\b(?:or|oder|ou|o|или)\s(?:more|fewer|less|greater|higher|lower|later|earlier|older|younger|above|below"
    r"|longer|mehr|weniger|höher|niedriger|später|früher|älter|jünger|länger|plus|moins|más|menos|meno|meer"
    r"|minder|более|больше|менее|меньше)\b",
    re.IGNORECASE,
)
_BOUND_WORDS = word_set("""more over above beyond exceeding least most fewer less under below up between
    minimum maximum several mehr über mindestens wenigstens höchstens unter ab bis weniger mehrere plus moins
    dès más menos desde hasta almeno oltre meno meer minstens hoogstens более менее свыше больше меньше""")


def left_out(claim: str, sentence: str, language: str) -> str:
    """Return why a claim leaves out what it depends on.

    "" means that it leaves out nothing of the kind.
    """
    sentence = sentence[:MAX_CONDITIONAL]
    if not _may_depend(sentence, language):
        return ""
    said = frozenset(word.casefold() for word in languages.words(claim))
    part = _nearest(claim, sentence, language)
    if said.isdisjoint(_CONDITIONAL) and _is_half(claim, _conditions(part, language), language):
        return UNCONDITIONAL
    is_open = said & _EITHER_WORDS or said & _MAY_BE or said & negations(language)
    if not is_open and _is_half(claim, _choices(part), language):
        return ALTERNATIVE
    bound = _OR_BOUND.search(part)
    return BOUND.format(bound[0]) if bound and said.isdisjoint(_BOUND_WORDS | _EITHER_WORDS) else ""


def _may_depend(sentence: str, language: str) -> bool:
    """Return False for most sentences at once."""
    condition = _CONDITION_IN.get(language or "en")
    return bool(
        (condition and condition.search(sentence))
        or _OR_CLAUSE.search(sentence)
        or _OR_BOUND.search(sentence)
    )


class Halves(Struct, frozen=True):
    """What depends on each other in a sentence."""

    one: str
    other: str
    other_holds: bool = False  # whatever becomes of the one


def _conditions(part: str, language: str) -> Iterator[Halves]:
    """Yield each condition, beside the rest of its part of the sentence."""
    pattern = _CONDITION_IN.get(language or "en")
    for found in islice(pattern.finditer(part), MAX_CONDITION_WORDS) if pattern else ():
        if _ASKING_IF.search(part[: found.start()]):
            continue
        comma = part.find(",", found.end())
        end = comma if comma >= 0 else len(part)
        rest = f"{part[: found.start()]} {part[end:]}"
        yield Halves(part[found.end() : end], rest, other_holds=bool(_PRECAUTION.match(found[0])))


def _choices(part: str) -> Iterator[Halves]:
    """Yield the two clauses of "A, or B", not those of lists."""
    found = _OR_CLAUSE.search(part)
    if found and part.count(",") == 1:
        yield Halves(part[: found.start()], part[found.end() :])


def _is_half(claim: str, halves: Iterator[Halves], language: str) -> bool:
    """Return True if a claim has the words of one half alone."""
    said = _stems(claim, language)
    for both in halves:
        one, other = (_share(_stems(half, language), said) for half in (both.one, both.other))
        if other < HAS_HALF <= one or (one < HAS_HALF <= other and not both.other_holds):
            return True
    return False


def _share(half: frozenset[str], said: frozenset[str]) -> float:
    """Return how much of a half is said."""
    return len(half & said) / len(half) if half else 1.0


def _stems(text: str, language: str) -> frozenset[str]:
    spoken = language or "en"
    return frozenset(languages.stem(word, spoken) for word in languages.content_words(text, spoken))


def _nearest(claim: str, quote: str, language: str) -> str:
    """Return the part of a sentence nearest to a claim."""
    said = _stems(claim, language)
    return max(_CONNECTED.split(quote), key=lambda part: len(_stems(part, language) & said))
