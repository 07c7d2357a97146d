"""A question as three or four questions that can be searched for one by one.

Its own parts come first; where they are too few, what one would ask next about the same subject.
"""

import re
import unicodedata
from itertools import takewhile

from msgspec import Struct

from app.providers.extractive.terms import FUNCTION_WORDS, QUESTION_WORDS, SYMBOL

MAX_STEPS = 4
MIN_STEPS = 3
MAX_LINE = 300  # characters of a sub-question
MAX_SUBJECT = 120  # characters
MAX_QUERY = 300  # characters

WH = "what|what's|how|why|when|where|who|whom|whose|which|explain|describe|compare"
ASKING = f"{WH}|is|are|was|were|does|do|did|can|could|should|will|would|tell|list|name"
PARTS = re.compile(
    rf"[?;]+\s*(?:(?:and|or|but)\s+)?|[.!]\s+|,?\s+(?:and|or|but)\s+(?=(?:{WH})\s)|,\s+(?=(?:{WH})\s)",
    re.IGNORECASE,
)
STARTS_ASKING = re.compile(rf"(?:{ASKING})\b", re.IGNORECASE)
ORDERS = re.compile(r"(?:explain|describe|compare|tell|list|name)\b", re.IGNORECASE)
# Between an article and a noun a preposition is no preposition: it is the noun's name.
NAME = re.compile(
    r"\b(the|an?)\s+(with|if|for|while|is|in|not|and|or|as|from|by|to|at|on|do)\s+(?=[a-z])", re.IGNORECASE
)
PAIRS = (
    re.compile(r"\bbetween\s+(?P<a>.+?)\s+and\s+(?P<b>.+)$", re.IGNORECASE),
    re.compile(
        r"^(?:compare\s+)?(?P<a>.+?)\s+(?:vs\.?|versus|compared (?:to|with))\s+(?P<b>.+)$", re.IGNORECASE
    ),
    re.compile(r"^compare\s+(?P<a>.+?)\s+(?:and|with|to)\s+(?P<b>.+)$", re.IGNORECASE),
    re.compile(
        r"^how\s+(?:do|does|is|are)\s+(?P<a>.+?)\s+(?:relate|related|compare|connected|linked|differ)"
        r"\s+(?:to|with|from)\s+(?P<b>.+)$",
        re.IGNORECASE,
    ),
    re.compile(
        r"^how\s+(?:do|are)\s+(?P<a>.+?)\s+and\s+(?P<b>.+?)\s+(?:differ|related?|compare)$", re.IGNORECASE
    ),
)
# "How do I sort a list" is about a list; "how are slices evaluated" is about slices.
DOING = re.compile(r"^how\s+(?:(?:do|can|should|could)\s+(?:i|you|we|one)|to)\s+\w+\s+(?=\w)", re.IGNORECASE)
DONE = re.compile(
    r"^(?P<start>how\s+(?:is|are|was|were)\s+)(?P<subject>.+?)\s+\w+(?:ed|en|wn|ne|lt|nt|de|ght)$",
    re.IGNORECASE,
)
SCOPE = re.compile(r"(?<=\w)\s+in\s+(?P<scope>[A-Z][\w+#.]*)$")
PRONOUN = re.compile(r"\b(?:it|they|them)\b", re.IGNORECASE)
ARTICLES = {"the", "a", "an"}
VERBS = {
    "is",
    "are",
    "was",
    "were",
    "does",
    "do",
    "did",
    "can",
    "has",
    "have",
    "will",
    "must",
    "handle",
    "support",
}
EMPTY = (FUNCTION_WORDS | QUESTION_WORDS | set(WH.split("|"))) - {"not"}


class Facet(Struct, frozen=True):
    """What one asks next about a subject, and the words by which a sentence shows that it answers."""

    form: str
    cues: frozenset[str] = frozenset()

    def about(self, step: str) -> str | None:
        """The subject, if the step is this facet of one."""
        start, _, end = self.form.partition("{}")
        fits = step.startswith(start) and step.endswith(end)
        return step.removeprefix(start).removesuffix(end) if fits else None


MEANING = Facet("What is meant by {}?")
FACETS = (
    MEANING,
    Facet(
        "Which uses and examples of {} are there?",
        frozenset({"use", "used", "uses", "using", "useful", "typical", "typically", "example", "examples"}),
    ),
    Facet(
        "Which conditions and exceptions apply to {}?",
        frozenset(
            {"must", "cannot", "only", "error", "errors", "raise", "raises", "raised", "exception", "unless"}
            | {"except", "always", "never", "limit", "limits", "limited", "required", "allowed", "forbidden"}
        ),
    ),
    Facet("What else is known about {}?"),
)


def plan(question: str) -> tuple[str, ...]:
    """Three or four different sub-questions; those that the question asks itself come first."""
    steps = list(asked(question))
    about = subject(steps[0]) or "it"
    for facet in FACETS:
        if facet is MEANING and steps[0].lower().startswith(("what is", "what are", "what does")):
            continue
        if len(steps) < MIN_STEPS:
            steps.append(facet.form.format(about))
    return tuple(steps)


def asked(question: str) -> tuple[str, ...]:
    """The parts of a question that are questions themselves: one to four."""
    folded = NAME.sub(r'\1 "\2" ', " ".join(question.replace("\0", " ").split()))
    parts = [part.strip(" ,.?!") for part in PARTS.split(folded)]
    whole = [part for part in parts if any(c.isalnum() for c in part)] or [folded.strip() or "?"]
    whole = _compared(whole[0]) if len(whole) == 1 else [whole[0], *_resolved(whole)]
    return tuple(dict.fromkeys(map(_as_question, whole)))[:MAX_STEPS]


def _resolved(parts: list[str]) -> list[str]:
    """The parts after the first, with "it" and "they" replaced by what the first is about."""
    noun = subject(parts[0])
    return [PRONOUN.sub(lambda _: noun, part, count=1) for part in parts[1:]]


def _compared(part: str) -> list[str]:
    """A question that sets two things against each other, after what each of them is."""
    found = next(filter(None, (pattern.search(part) for pattern in PAIRS)), None)
    if found is None:
        return [part]
    a, b = _named(found["a"]), _named(found["b"])
    whole = part[: found.start("a")] + a + part[found.end("a") : found.start("b")] + b
    return [_what_is(a), _what_is(b), whole]


def _named(side: str) -> str:
    """A word that says nothing outside quotes gets them: "is", "=="."""
    bare = side.strip(" ,?\"'`“”")
    return f'"{bare}"' if bare.lower() in FUNCTION_WORDS or SYMBOL.fullmatch(bare) else side.strip(" ,?")


def _what_is(side: str) -> str:
    if side.startswith('"'):
        return f"What does {side} mean"
    return f"What {'are' if re.search('[^s]s$', side) else 'is'} {side}"


def _as_question(part: str) -> str:
    short = part[:MAX_LINE].strip()
    text = short[:1].upper() + short[1:]
    return f"{text}?" if STARTS_ASKING.match(text) and not ORDERS.match(text) else text


def subject(step: str) -> str:
    """What a question is about, as a noun: its words without the asking, up to the next verb."""
    words = essence(step)[0].split()
    while len(words) > 1 and _empty(words[0]) and words[0].lower() not in ARTICLES:
        words = words[1:]
    while len(words) > 1 and _empty(words[-1]):
        words = words[:-1]
    noun = [*words[:1], *takewhile(lambda word: word.lower() not in VERBS, words[1:])]
    return " ".join(noun)[:MAX_SUBJECT]


def essence(step: str) -> tuple[str, str]:
    """A question in two parts: what a sentence has to speak of, and what its page has to.

    "How are slices evaluated in Python" has to do with slices, on a page that mentions Python.
    """
    part = step.strip(" ?")
    scope = SCOPE.search(part)
    inner = part[: scope.start()] if scope else part
    done = DONE.match(inner)
    return (done["subject"] if done else DOING.sub("", inner)), (scope["scope"] if scope else "")


def _empty(word: str) -> bool:
    return word.lower().strip(" ,.!:") in EMPTY


def facet_of(step: str) -> tuple[Facet, str] | None:
    """The facet and its subject, if a step was not asked but added."""
    found = ((facet, facet.about(step)) for facet in FACETS)
    return next(((facet, about) for facet, about in found if about), None)


def queries(step: str, question: str, most: int) -> tuple[str, ...]:
    """One to `most` different queries for a step: its own words, and with those of the whole question.

    The second goes first where the step has only one word, which by itself could mean anything.
    """
    facet = facet_of(step)
    words = keywords(facet[1] if facet else step)
    wider = keywords(f"{words} {' '.join(asked(question))}")
    both = (words, wider) if " " in words else (wider, words)
    found = dict.fromkeys(query[:MAX_QUERY].strip() for query in both)
    return tuple(query for query in found if query)[:most] or (asked(question)[0][:MAX_QUERY],)


def keywords(text: str) -> str:
    """The words of a text that a search can use; operators by the names that Unicode gives them."""
    found = dict[str, str]()
    for word in text.split():
        bare = word.strip(" ,.?!;:()[]\"'`“”")
        names = _names(word, bare)
        found.update((name.lower(), name) for name in names if name.lower() not in found)
    return " ".join(found.values())


def _names(word: str, bare: str) -> list[str]:
    if SYMBOL.fullmatch(bare):
        names = " ".join(unicodedata.name(c, "").lower() for c in bare).split()
        return [*(name for name in names if name not in ("sign", "mark", "than")), "operator"]
    if bare.lower() in EMPTY:
        return (
            ["operator"]
            if word.startswith(('"', "`")) and bare.lower() in ("is", "in", "not", "and", "or")
            else []
        )
    return [bare] if bare else []
