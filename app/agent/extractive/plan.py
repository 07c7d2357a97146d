"""Split a question into those that can be searched, four at most.

Its own parts come first. Where it asks for a concept, what one would ask next about that follows.
"""

import re
import unicodedata
from itertools import takewhile

from msgspec import Struct

from app.agent.extractive.phrases import FRAMES, Phrases, frame, spoken
from app.agent.extractive.terms import ENGLISH_FUNCTION_WORDS, ENGLISH_QUESTION_WORDS, SYMBOL
from app.text import languages
from app.text.sentences import is_within

MAX_STEPS = 4
ENOUGH_STEPS = 3  # nothing is added to them
MAX_CONCEPT = 4  # words of a concept's name
MAX_SUBQUESTION = 300  # characters of a sub-question
MAX_SUBJECT = 120  # characters
MAX_PLAN_QUERY = 300  # characters

WH = "what|what's|how|why|when|where|who|whom|whose|which|explain|describe|compare"
ASKING = f"{WH}|is|are|was|were|does|do|did|can|could|should|will|would|tell|list|name"
QUESTION_ENDS = re.compile(r"[?;]+\s*(?:(?:and|or|but)\s+)?|[.!]\s+", re.IGNORECASE)
QUESTION_JOINTS = re.compile(
    rf",?(?<!\s)\s+(?:and|or|but)\s+(?=(?:{WH})\s)|,\s+(?=(?:{WH})\s)", re.IGNORECASE
)
# Marks that end a question in any language; the parts between them are questions of their own.
CLAUSE_MARKS = re.compile(r"[?？؟;；]+|[.!](?=\s)|[。！]")
# "No. 2", "Abs. 2", "vol. III": what is short for something stands before its number.
SHORT_WORD = 3  # characters
_LONGER_SHORT_WORDS = "abschn abt anl chap hfst kapit númer odst para rozdz sect sekt sess ziff"
LONGER_SHORT_WORDS = frozenset(_LONGER_SHORT_WORDS.split())
WORD_BEFORE = re.compile(r"[^\s('’\[]{1,30}\Z")
NUMERAL = re.compile(r"\d|[IVX]{2,6}\b")
STARTS_ASKING = re.compile(rf"(?:{ASKING})\b", re.IGNORECASE)
ORDERS = re.compile(r"(?:explain|describe|compare|tell|list|name)\b", re.IGNORECASE)
# Between an article and a noun a preposition is part of the noun's name.
KEYWORD_NAME = re.compile(
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
HOW_DONE = re.compile(
    r"^(?P<start>how\s+(?:is|are|was|were)\s+)(?P<subject>.+?)\s+\w+(?:ed|en|wn|ne|lt|nt|de|ght)$",
    re.IGNORECASE,
)
# What asks for a concept. "Who wrote Hamlet" asks for a fact: nobody wants uses and examples of that.
CONCEPTS = (
    re.compile(r"^(?:explain|describe)\s+how\s+(?P<subject>.+?)\s+works?$", re.IGNORECASE),
    re.compile(r"^(?:explain|describe)\s+(?P<subject>.+)$", re.IGNORECASE),
    re.compile(r"^what\s+(?:is|are)\s+(?P<subject>.+)$", re.IGNORECASE),
    re.compile(r"^what\s+(?:does|do)\s+(?P<subject>.+?)\s+(?:do|mean)$", re.IGNORECASE),
    re.compile(r"^how\s+(?:does|do)\s+(?P<subject>.+?)\s+work$", re.IGNORECASE),
    re.compile(
        r"^how\s+(?:(?:do|can|should|could)\s+(?:i|you|we|one)|to)\s+\w+\s+(?P<subject>.+)$", re.IGNORECASE
    ),
)
SCOPE = re.compile(r"(?<=\w)\s+in\s+(?P<scope>[A-Z][\w+#.]*)$")
PRONOUN = re.compile(r"\b(?:it|they|them)\b", re.IGNORECASE)
EN_ARTICLES = {"the", "a", "an"}
QUESTION_VERBS = {
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
EMPTY = (ENGLISH_FUNCTION_WORDS | ENGLISH_QUESTION_WORDS | set(WH.split("|"))) - {"not"}


class Facet(Struct, frozen=True):
    """A further question on a subject, and the words of its answer."""

    form: str
    cues: frozenset[str] = frozenset()
    is_meaning: bool = False

    def about(self, step: str) -> str | None:
        """The subject, if the step is this facet of one."""
        start, _, end = self.form.partition("{}")
        fits = step.startswith(start) and step.endswith(end)
        return step.removeprefix(start).removesuffix(end) if fits else None


USES = frozenset({"use", "used", "uses", "using", "useful", "typical", "typically", "example", "examples"})
CONDITIONS = frozenset(
    {"must", "cannot", "only", "error", "errors", "raise", "raises", "raised", "exception", "unless"}
    | {"except", "always", "never", "limit", "limits", "limited", "required", "allowed", "forbidden"}
)


def _facets(told: Phrases) -> tuple[Facet, ...]:
    """What is asked besides, and what plans of earlier versions asked."""
    cued = ((told.uses, USES), (told.conditions, CONDITIONS), (told.uses_before, USES))
    return (
        *(Facet(form, cues) for form, cues in cued if form),
        Facet(told.meaning, is_meaning=True),
        Facet(told.more),
    )


FACETS = {language: _facets(told) for language, told in FRAMES.items()}


def plan(question: str, *, keeps_dots: bool = True) -> tuple[str, ...]:
    """Make one to four sub-questions, the question's own ones first."""
    own = asked(question, keeps_dots=keeps_dots)
    return (own + _further(own[0], question))[: max(ENOUGH_STEPS, len(own))]


def _further(step: str, question: str) -> tuple[str, ...]:
    """Ask on about the step's subject, if it has a name."""
    language, told = spoken(question), frame(question)
    if language != "en":
        about = subject(step, language)
        return (told.more.format(about),) if about else ()
    about = concept(step)
    return (told.uses.format(about), told.conditions.format(about)) if about else ()


def concept(step: str) -> str:
    """Return the concept that an English step asks for, or nothing."""
    part = step.strip(" ?.!")
    scope = SCOPE.search(part)
    inner = part[: scope.start()] if scope else part
    found = next(filter(None, (pattern.match(inner) for pattern in (*CONCEPTS, HOW_DONE))), None)
    return found["subject"][:MAX_SUBJECT] if found and _is_name(found["subject"]) else ""


def _is_name(text: str) -> bool:
    """Tell whether a text is a few words that name something."""
    words = text.split()
    bare = words[1:] if words[0].lower() in EN_ARTICLES else words
    return 0 < len(bare) <= MAX_CONCEPT and not any(map(_empty, bare)) and any(map(str.isalpha, text))


def asked(question: str, *, keeps_dots: bool = True) -> tuple[str, ...]:
    """Return a question's parts that are questions themselves, one to four.

    Without `keeps_dots` it is parted at every dot, also in "No. 2".
    """
    folded = " ".join(question.replace("\0", " ").split())
    if spoken(question) != "en":
        wholes = _cut(folded, CLAUSE_MARKS) if keeps_dots else CLAUSE_MARKS.split(folded)
        parts = [part.strip(" ,.!?？؟。;；") for part in wholes]
        asking = [part for part in parts if any(c.isalnum() for c in part)]
        mark = frame(question).mark
        return tuple(dict.fromkeys(part[:MAX_SUBQUESTION] + mark for part in asking))[:MAX_STEPS]
    folded = KEYWORD_NAME.sub(r'\1 "\2" ', folded)
    wholes = _cut(folded, QUESTION_ENDS) if keeps_dots else QUESTION_ENDS.split(folded)
    parts = [part.strip(" ,.?!") for whole in wholes for part in _parts(whole)]
    whole = [part for part in parts if any(c.isalnum() for c in part)] or [folded.strip() or "?"]
    whole = _compared(whole[0]) if len(whole) == 1 else [whole[0], *_resolved(whole)]
    return tuple(dict.fromkeys(map(_as_question, whole)))[:MAX_STEPS]


def _cut(text: str, ends: re.Pattern[str]) -> list[str]:
    """Split at the marks that end a question, at no abbreviation's dot."""
    pieces, start = list[str](), 0
    for mark in ends.finditer(text):
        if not _is_in_number(text, mark.start(), mark.end()):
            pieces.append(text[start : mark.start()])
            start = mark.end()
    return [*pieces, text[start:]]


def _is_in_number(text: str, stop: int, end: int) -> bool:
    """Tell whether a dot ends a short word or an ordinal."""
    if text[stop] != ".":
        return False
    found, after = WORD_BEFORE.search(text[max(0, stop - 30) : stop]), text[end : end + 9].lstrip(" ([")
    word = found[0].lower() if found else ""
    is_short = 0 < len(word) <= SHORT_WORD or word in LONGER_SHORT_WORDS
    is_ordinal = word.isdecimal() and len(word) <= 2 and after[:1].isalpha()  # a date, or a list's number
    is_numbering = is_short and not word.isdecimal() and bool(NUMERAL.match(after))
    return is_numbering or is_ordinal or is_within(text, stop, end)


def _parts(sentence: str) -> list[str]:
    """Split joined questions, but no question from its introduction."""
    parts = QUESTION_JOINTS.split(sentence)
    return parts if STARTS_ASKING.match(parts[0].strip()) else [sentence]


def _resolved(parts: list[str]) -> list[str]:
    """Replace "it" and "they" in later parts by the first part's subject."""
    noun = subject(parts[0], "en")
    return [PRONOUN.sub(lambda _: noun, part, count=1) for part in parts[1:]]


def _compared(part: str) -> list[str]:
    """Split a comparison: what each of the two is, then both."""
    found = next(filter(None, (pattern.search(part) for pattern in PAIRS)), None)
    if found is None:
        return [part]
    a, b = _named(found["a"]), _named(found["b"])
    whole = part[: found.start("a")] + a + part[found.end("a") : found.start("b")] + b
    return [_what_is(a), _what_is(b), whole]


def _named(side: str) -> str:
    """A word that says nothing outside quotes gets them: "is", "=="."""
    bare = side.strip(" ,?\"'`“”")
    return (
        f'"{bare}"' if bare.lower() in ENGLISH_FUNCTION_WORDS or SYMBOL.fullmatch(bare) else side.strip(" ,?")
    )


def _what_is(side: str) -> str:
    if side.startswith('"'):
        return f"What does {side} mean"
    return f"What {'are' if re.search('[^s]s$', side) else 'is'} {side}"


def _as_question(part: str) -> str:
    short = part[:MAX_SUBQUESTION].strip()
    text = short[:1].upper() + short[1:]
    return f"{text}?" if STARTS_ASKING.match(text) and not ORDERS.match(text) else text


def subject(step: str, language: str) -> str:
    """Return a question's subject, as a noun.

    It is the question's words without the asking, up to the next verb.
    """
    if language != "en":
        return _bare(step, language)[:MAX_SUBJECT].strip()
    words = essence(step, language)[0].split()
    while len(words) > 1 and _empty(words[0]) and words[0].lower() not in EN_ARTICLES:
        words = words[1:]
    while len(words) > 1 and _empty(words[-1]):
        words = words[:-1]
    noun = [*words[:1], *takewhile(lambda word: word.lower() not in QUESTION_VERBS, words[1:])]
    return " ".join(noun)[:MAX_SUBJECT]


def _bare(text: str, language: str) -> str:
    """The words that carry the subject, as they are written."""
    return " ".join(languages.without_asking(text, language).split()).strip(" ,.!?¿¡？؟。;；:")


def essence(step: str, language: str) -> tuple[str, str]:
    """Split a question: what its sentences need, and what their page needs.

    "How are slices evaluated in Python" has to do with slices, on a page that mentions Python.
    """
    part = step.strip(" ?")
    if language != "en":
        return part, ""
    scope = SCOPE.search(part)
    inner = part[: scope.start()] if scope else part
    done = HOW_DONE.match(inner)
    return (done["subject"] if done else DOING.sub("", inner)), (scope["scope"] if scope else "")


def _empty(word: str) -> bool:
    return word.lower().strip(" ,.!:") in EMPTY


def facet_of(step: str) -> tuple[Facet, str] | None:
    """Return an added step's facet and subject, or None if asked."""
    found = ((facet, facet.about(step)) for facets in FACETS.values() for facet in facets)
    return next(((facet, about) for facet, about in found if about), None)


def queries(step: str, question: str, most: int) -> tuple[str, ...]:
    """Return one to `most` different queries for a step.

    They use its own words, and those of the whole question too.

    The second goes first where the step has only one word, which alone could mean anything.
    """
    facet, language = facet_of(step), spoken(question)
    words = keywords(facet[1] if facet else step, language)
    wider = keywords(f"{words} {' '.join(asked(question))}", language)
    both = (words, wider) if " " in words else (wider, words)
    found = dict.fromkeys(query[:MAX_PLAN_QUERY].strip() for query in both)
    return tuple(query for query in found if query)[:most] or (asked(question)[0][:MAX_PLAN_QUERY],)


def keywords(text: str, language: str = "en") -> str:
    """Return the words that a search can use.

    Operators are named as in Unicode.
    """
    if language != "en":
        return " ".join(dict.fromkeys(_bare(text, language).split()))
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
