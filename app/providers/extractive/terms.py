"""Words as they are compared: without their endings, without the words that every sentence has."""

import re
from collections import Counter
from collections.abc import Iterable
from math import log

# English words that carry no subject, and those that only make a sentence a question.
FUNCTION = (
    "a about above after again all also am an and any are as at be because been before being below "
    "between both but by can could did do does doing done down during each either every few for from "
    "further get gets got had has have having he her here hers him his how i if in into is it its itself "
    "just may me might more most must my no nor not of off on once one only or other our out over own "
    "same shall she should so some such than that the their them then there these they this those through "
    "to too under until up upon us very was we were what when where whether which while who whom whose "
    "why will with within without would you your"
)
QUESTION = (
    "actually compare compared describe detail details differ difference differences different discuss "
    "exactly explain explanation give happen happens kind many mean meaning means much overview please "
    "relate related relates relation relationship role say summarise summarize tell thing things "
    "understand use used uses using versus vs want way ways work working works"
)
# The longest first.
SUFFIXES = (
    "izations ization ations ation ating ated ates ate ables able itions ition ities ity ions ion ings "
    "ing ers er ies ied ed es ly isons ison s e y"
)
FUNCTION_WORDS = frozenset(FUNCTION.split())
QUESTION_WORDS = frozenset(QUESTION.split())
ENDINGS = tuple(SUFFIXES.split())
MIN_STEM = 3  # letters that an ending must leave over

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[^\w\s]+|_+")
SYMBOL = re.compile(r"[=<>!+*/%&|^~@-]{1,3}")
QUOTED = re.compile(r"[\"“`']+([^\s\"“”`']{1,20})[\"”`']+")


def terms(text: str) -> frozenset[str]:
    """The stems of the words that carry the subject, and quoted words and operators as `"is"`, `"=="`."""
    words = {stem(word) for word in words_in(text) if word not in FUNCTION_WORDS | QUESTION_WORDS}
    return frozenset(words | literals(text))


def words_in(text: str) -> list[str]:
    """The words in lower case, in their order; `__enter__` is enter."""
    return [word for word in WORD.findall(text.lower()) if word[0].isalnum()]


def literals(text: str) -> set[str]:
    """Function words and operators that stand in quotes: there they are the subject themselves."""
    return {
        f'"{inner}"'
        for inner in QUOTED.findall(text.lower())
        if inner in FUNCTION_WORDS or SYMBOL.fullmatch(inner)
    }


def stem(word: str) -> str:
    """A word without its ending, so that slice, slices and slicing are one."""
    word = re.sub(r"['’].*", "", word)
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= MIN_STEM and not word.endswith("ss"):
            word = word.removesuffix(ending)
            break
    doubled = len(word) > MIN_STEM and word[-1] == word[-2] and word[-1] not in "aeiouls"
    return word[:-1] if doubled else word


class Rarity:
    """How much a term tells: the rarer among the sentences, the more; an unknown one most of all."""

    def __init__(self, sentences: Iterable[frozenset[str]]) -> None:
        counts: Counter[str] = Counter()
        self._total = 0
        for sentence in sentences:
            counts.update(sentence)
            self._total += 1
        self._counts = counts

    def weight(self, term: str) -> float:
        """Inverse document frequency, in nats, never 0."""
        return log(2 + self._total / (0.5 + self._counts[term]))

    def share(self, wanted: frozenset[str], has: frozenset[str]) -> float:
        """How much of `wanted` is among `has`: 0..1, weighed by rarity; 0 if nothing is wanted."""
        total = sum(map(self.weight, sorted(wanted)))
        return sum(map(self.weight, sorted(wanted & has))) / total if total else 0.0
