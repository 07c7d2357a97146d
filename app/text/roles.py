"""Tell who did what to whom, and what came before what.

Two sentences that share a verb, a comparison, or a word of order or cause are compared by what stands on its
two sides. So "Nokia was acquired by Alcatel" is not "Nokia acquired Alcatel", while the passive of the same
sentence is. Order of words alone says nothing in German and Russian: there only prepositions count.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import chain, islice
from typing import Literal

from msgspec import Struct

from app.text import languages
from app.text.turning_words import ARTICLES_OF_NEXT, BESIDES_ROLES, CONJUNCTIONS, word_set

Sides = Literal["crossed", "straight", ""]
Words = Mapping[str, re.Pattern[str]]

MAX_TOLD = 2000  # characters of a sentence that are looked at
MOST_EXCHANGED = 40  # words with a meaning of a sentence in which two may have changed places
MAX_RELATIONS = 40  # of a sentence
SIDE = 8  # words with a meaning on each side
LEAST_VERB = 4  # letters of a word that ends in "ed" as verbs do
PHRASE = 4  # words with a meaning behind a preposition

_ROLE_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:[-'’][^\W\d_]+)*|[,;:()]")
_IRREGULAR = {
    word: words.split()[0]
    for words in (
        "buy bought buys", "sell sold sells", "beat beaten beats", "win won wins", "lead led leads",
        "write written wrote writes", "build built builds", "teach taught teaches", "hold held holds",
        "take taken took takes", "overtake overtaken overtook", "give given gave gives", "hit hits",
        "fight fought fights", "make made makes", "choose chosen chose", "drive driven drove drives",
        "steal stolen stole", "shoot shot", "strike struck strikes", "send sent sends", "pay paid pays",
        "lend lent lends", "lose lost loses", "eat eaten ate eats", "see seen saw sees", "know known knew",
        "find found finds", "bring brought brings", "cause caused causes causing",
        "trigger triggered triggers", "draw drawn drew", "break broken broke",
    )
    for word in words.split()
}  # fmt: skip
_ORDERED_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_SUBJECT_FIRST = frozenset(["en", "fr"])
_SYMMETRIC = word_set("""married met meets meet borders bordered resembles resembled equals matches between
    versus vs with against adjoins neighbours differs similar identical épousa rencontra""")
_PREPOSITIONS = word_set("""in on at by for with from to during after before under over of since until near
    into en dans à au aux pour de du des par sur avec""")
_NO_VERBS = frozenset(["hundred", "kindred", "sacred", "naked", "hatred", "united", "limited", "so-called"])
_BE = r"(?:was|were|is|are|been|being|be)"
_BEFORE_PASSIVE = re.compile(rf"\b{_BE}\s(?:\w{{1,20}}\s){{0,2}}\Z", re.IGNORECASE)


def _patterns(words: Mapping[str, str]) -> Words:
    return {
        spoken: re.compile(rf"(?<!\w)(?:{listed})(?!\w)", re.IGNORECASE) for spoken, listed in words.items()
    }


_AGENT = re.compile(r"(?:\s[^\s,;:()]{1,40}){0,8}?\sby\s", re.IGNORECASE)

# What is on the left, and on the right, of these: cause and effect, later and earlier.
_LEFT_CAUSES = _patterns({
    "en": r"cause[sd]?|triggers|triggered|provoke[sd]?|le(?:d|ads?) to|result(?:s|ed)? in"
    r"|br(?:ings?|ought) about"
    r"|g(?:ives?|ave) rise to",
    # "Die Flut verursachte der Bruch" has the cause behind: its article tells.
    "de": r"(?<!wurde )(?<!wurden )(?:verursach|bewirk|erzeug)(?:t|te|ten)(?!\sder\b)",
    "fr": r"(?:a |ont |avait )?(?:provoqu|caus|entraîn|engendr|déclench)(?:é|e|ent|a|èrent)"
    r"|(?:a |ont )?(?:conduit|mené|abouti) (?:à|au|aux)",
    "es": r"(?:provoc|caus|origin|desencaden)(?:ó|a|an|aron|aba)|(?:condujo|llevó|conduce|lleva) a",
    "it": r"(?:ha |hanno )?(?:provoc|caus|scaten)(?:ato|a|ano|ò)|(?:ha |hanno )?portato a",
    "pt": r"(?:provoc|caus|desencade)(?:ou|a|am|aram)|levou (?:a|à|ao)",
    "nl": r"veroorzaakten?|leidden? tot",
})  # fmt: skip
_RIGHT_CAUSES = _patterns({
    "en": rf"{_BE} (?:caused|triggered|provoked|brought about) by|because of|due to|owing to"
    r"|(?:blamed|put down) (?:on|to)|attributed to"
    r"|as a (?:result|consequence) of|result(?:s|ed)? from|stem(?:s|med)? from|ar(?:ises?|ose) from",
    "de": r"wegen|aufgrund|infolge|durch",
    "fr": r"(?:été|est|sont|fut|furent) (?:provoqu|caus|entraîn|engendr|déclench)ée?s? par|à cause d[eu’']"
    r"|en raison d[eu’']",
    "es": r"(?:fue|fueron|es|son|sido) (?:provocad|causad|originad|desencadenad)[oa]s? por|debido a"
    r"|a causa del?",
    "it": r"(?:stat[oaie]|è|fu) (?:provocat|causat|scatenat)[oaie] d\w{1,4}|a causa d\w{1,4}",
    "pt": r"(?:foi|foram|é|são) (?:provocad|causad|desencadead)[oa]s? pel[oa]s?|devido [aà]o?",
    "nl": r"veroorzaakt door|vanwege|wegens",
    "ru": r"из-за|вследствие|в результате",
})  # fmt: skip
_RIGHT_EFFECTS = _patterns({
    "de": r"(?:(?<=führte )|(?<=führten )|(?<=führt ))z(?:um|ur|u)"
    r"|\Az(?:um|ur|u)(?=\s.{3,200}\sführ(?:t|te|ten)\b)",
    "ru": r"(?:(?<=привела )|(?<=привел )|(?<=привёл )|(?<=привело )|(?<=привели ))к"
    r"|\Aк(?=\s.{3,200}\sприв[её]л)",
})  # fmt: skip
_RIGHT_EARLIER = _patterns({
    "en": "after", "de": "nach|nachdem", "fr": "après", "es": "después del?", "it": "dopo",
    "pt": "depois d[eoa]s?",
    "nl": "na|nadat", "ru": "после",
})  # fmt: skip
_RIGHT_LATER = _patterns({
    "en": "before|prior to", "de": "vor|bevor", "fr": "avant", "es": "antes del?", "it": "prima d\\w{1,4}",
    "pt": "antes d[eoa]s?", "nl": "voor|voordat", "ru": "перед|прежде чем",
})  # fmt: skip
_RIGHT_LESS = _patterns({"en": "than", "de": r"(?<=er )als", "ru": "чем", "nl": "dan"})
_RIGHT_DID = _patterns({"de": "von"})
_NONE = _patterns({})


class Relation(Struct, frozen=True):
    """What stands on the two sides of a word that relates them."""

    key: str
    first: frozenset[str]
    second: frozenset[str]
    form: str  # how it is written: another form may say the same in another order


def compared(claim: str, page: str, language: str) -> tuple[Sides, str]:
    """Compare the sides of what two sentences share, and name it."""
    there = {one.key: one for one in relations(page[:MAX_TOLD], language)}
    found: tuple[Sides, str] = "", ""
    for said in relations(claim[:MAX_TOLD], language):
        other = there.get(said.key)
        if other is None:
            continue
        if _is_crossed(said, other) and not are_reordered(claim, page):
            return "crossed", said.key
        if said.form != other.form and said.first & other.first and said.second & other.second:
            found = "straight", said.key
    return found if found[0] or not _is_exchanged(claim, page, language or "en") else ("crossed", "exchange")


def _is_crossed(said: Relation, there: Relation) -> bool:
    changed = said.first & there.second and said.second & there.first
    return bool(changed) and not (said.first & there.first and said.second & there.second)


def are_reordered(claim: str, page: str) -> bool:
    """Return True if the numbers of two texts come in another order.

    Then what they belong to may have moved with them.
    """
    mine, theirs = (list(dict.fromkeys(_ORDERED_NUMBER.findall(text[:MAX_TOLD]))) for text in (claim, page))
    shared = [number for number in mine if number in theirs]
    return len(shared) > 1 and shared != [number for number in theirs if number in mine]


def _is_exchanged(claim: str, page: str, language: str) -> bool:
    """Return True if just two words of a sentence changed places.

    Members of a list have no order, adjuncts may stand anywhere, and who met whom says the same twice.
    """
    if language not in _SUBJECT_FIRST:
        return False
    said, there = _Told(claim[:MAX_TOLD], language), _Told(page[:MAX_TOLD], language)
    mine, theirs = ([word for word in told.words if word.stem] for told in (said, there))
    if len(mine) != len(theirs) or len(mine) > MOST_EXCHANGED:
        return False
    differ = [at for at, (a, b) in enumerate(zip(mine, theirs, strict=True)) if a.stem != b.stem]
    if len(differ) != 2 or differ[1] - differ[0] < 2:
        return False
    one, other = differ
    if mine[one].stem != theirs[other].stem or mine[other].stem != theirs[one].stem:
        return False
    between = {word.plain for word in there.words if theirs[one].start < word.start < theirs[other].start}
    is_free = between & (CONJUNCTIONS | {","} | _SYMMETRIC) or all(
        there.follows_preposition(theirs[at]) for at in differ
    )
    return not is_free


@lru_cache(maxsize=2000)
def relations(text: str, language: str) -> tuple[Relation, ...]:
    """Return a sentence's relations, the first of each kind."""
    told = _Told(text, language or "en")
    found = chain(
        _sided(told, "cause", _LEFT_CAUSES, _RIGHT_CAUSES, _RIGHT_EFFECTS),
        _sided(told, "order", _NONE, _RIGHT_EARLIER, _RIGHT_LATER),
        _sided(told, "than", _NONE, _RIGHT_LESS, _NONE),
        _sided(told, "by", _NONE, _RIGHT_DID, _NONE),
        _verbs(told) if told.language == "en" else (),
    )
    first = dict[str, Relation]()
    for one in islice(found, MAX_RELATIONS):
        first.setdefault(one.key, one)
    return tuple(first.values())


def _sided(
    told: "_Told", key: str, left_first: Words, right_first: Words, right_second: Words
) -> Iterator[Relation]:
    """Yield a kind's relations: what is behind a preposition, and the rest."""
    for found in _found(right_first, told):
        phrase, rest = _phrase(told, found)
        yield Relation(key, phrase, rest, "right first")
    for found in _found(right_second, told):
        phrase, rest = _phrase(told, found)
        yield Relation(key, rest, phrase, "right second")
    for found in _found(left_first, told):
        yield Relation(key, told.before(found.start()), told.behind(found.end()), "left first")


def _found(words: Words, told: "_Told") -> Iterator[re.Match[str]]:
    spoken = words.get(told.language)
    return islice(spoken.finditer(told.text), MAX_RELATIONS) if spoken else iter(())


def _phrase(told: "_Told", found: re.Match[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Return what a preposition governs, and the rest of the sentence.

    It ends at a comma, or where an article behind a noun begins another part.
    """
    phrase, end, is_noun = list[str](), found.end(), False
    for word in told.words:
        if word.start < found.end():
            continue
        is_over = word.plain in ",;:()" or (is_noun and word.plain in ARTICLES_OF_NEXT)
        if is_over or len(phrase) == PHRASE:
            break
        is_noun = bool(word.stem)
        phrase += [word.stem] if is_noun else []
        end = word.start + 1
    return frozenset(phrase), (told.before(found.start()) | told.behind(end)) - frozenset(phrase)


class _Word(Struct, frozen=True):
    start: int
    plain: str
    stem: str  # "" if it says nothing


class _Told:
    """A sentence's words, by where they begin."""

    def __init__(self, text: str, language: str) -> None:
        self.text, self.language = text, language
        self._empty = BESIDES_ROLES | languages.function_words(language)
        self.words = [self._word(found) for found in _ROLE_WORD.finditer(text)]

    def _word(self, found: re.Match[str]) -> _Word:
        plain = found[0].casefold()
        is_empty = plain in ",;:()" or plain in self._empty
        return _Word(found.start(), plain, "" if is_empty else languages.stem(plain, self.language))

    def follows_preposition(self, word: _Word) -> bool:
        """Return True if a preposition governs a word."""
        before = [one.plain for one in self.words if one.start < word.start][-2:]
        return bool(_PREPOSITIONS & set(before))

    def before(self, place: int) -> frozenset[str]:
        """Return the last words with a meaning before a place."""
        return frozenset([word.stem for word in self.words if word.stem and word.start < place][-SIDE:])

    def behind(self, place: int) -> frozenset[str]:
        """Return the first words with a meaning from a place on."""
        return frozenset([word.stem for word in self.words if word.stem and word.start >= place][:SIDE])


def _verbs(told: _Told) -> Iterator[Relation]:
    """Yield the verbs of an English sentence, with who and whom."""
    verbs = ((word, _verb(word.plain)) for word in told.words)
    for word, verb in islice((found for found in verbs if found[1]), MAX_RELATIONS):
        end = word.start + len(word.plain)
        agent = _AGENT.match(told.text, end)
        if before := _BEFORE_PASSIVE.search(told.text, max(0, word.start - 60), word.start):
            if agent:
                yield Relation(verb, _agent(told, agent), told.before(before.start()), "passive")
        elif agent and agent.end() - end < len(" by  "):
            yield Relation(verb, _agent(told, agent), told.before(word.start), "passive")
        else:
            yield Relation(verb, told.before(word.start), told.behind(end), "active")


def _agent(told: _Told, found: re.Match[str]) -> frozenset[str]:
    return _phrase(told, found)[0]


def _verb(word: str) -> str:
    """Return the stem of a likely verb, or ""."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    is_verb = (
        word.endswith("ed") and not word.endswith("eed") and len(word) >= LEAST_VERB and word not in _NO_VERBS
    )
    return languages.stem(word, "en") if is_verb else ""
