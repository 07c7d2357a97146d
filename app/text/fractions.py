"""Read fractions and decades in words as values.

"Three quarters" is 75 %, "die Hälfte" 50 %, "driekwart" 75 %. "The nineteen-twenties" are the 1920s, and so
are "los años veinte".
"""

import re
from collections.abc import Iterator

from msgspec import Struct

from app.text.word_places import spelled_at

_NUMERATOR_WORDS = {
    1: "one a an ein einem einen eine un une uno um uma een",
    2: "two zwei deux dos due dois duas twee две",
    3: "three drei trois tres tre três drie три",
    4: "four vier quatre cuatro quattro quatro четыре",
    5: "five fünf cinq cinco cinque vijf пять",
    7: "seven sieben sept siete sette sete zeven семь",
    9: "nine neun neuf nueve nove negen девять",
}
_DENOMINATOR_WORDS = {
    3: "third thirds drittel dritteln tiers tercio tercios terzo terzi terço terços derde трети",
    4: """quarter quarters fourths viertel vierteln quart quarts cuarto cuartos quarto quarti quartos kwart
        четверти""",
    5: """fifth fifths fünftel fünfteln cinquième cinquièmes quinto quintos quinti vijfde
        пятых""",
    10: """tenth tenths zehntel zehnteln dixième dixièmes décimo décimos decimo
        decimi tiende десятых""",
}
_DECADE_WORDS = {
    20: "twenties zwanziger vingt veinte venti vinte twintig двадцатые двадцатых",
    30: "thirties dreißiger trente treinta trenta trinta dertig тридцатые тридцатых",
    40: "forties vierziger quarante cuarenta quaranta quarenta veertig сороковые сороковых",
    50: "fifties fünfziger cinquante cincuenta cinquanta cinquenta vijftig пятидесятые пятидесятых",
    60: "sixties sechziger soixante sesenta sessanta sessenta zestig шестидесятые шестидесятых",
    70: "seventies siebziger setenta settanta zeventig семидесятые семидесятых",
    80: "eighties achtziger ochenta ottanta oitenta tachtig восьмидесятые восьмидесятых",
    90: "nineties neunziger noventa negentig девяностые девяностых",
}
_CENTURIES = {"seventeen": 17, "eighteen": 18, "nineteen": 19}


def _by_word(table: dict[int, str]) -> dict[str, int]:
    return {word: value for value, words in table.items() for word in words.split()}


NUMERATORS, DENOMINATORS, DECADES = (
    _by_word(_NUMERATOR_WORDS),
    _by_word(_DENOMINATOR_WORDS),
    _by_word(_DECADE_WORDS),
)


def _any(words: dict[str, int]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


# One part alone is often something else, a quarter of a year or the third time: "of" has to follow.
_FRACTION = re.compile(
    rf"\b(?P<times>{_any(NUMERATORS)})[\s-](?P<part>{_any(DENOMINATORS)})\b"
    r"(?P<of>\s(?:of|der|des|aller|von|de|du|del|d’|d'|dei|degli|delle|della|di|dos|das|do|da|van)\b)?",
    re.IGNORECASE,
)
_HALF = re.compile(
    r"(?<!first )(?<!second )(?<!last )\bhalf\s(?:of|the|its|their|all)\b"
    r"|(?<!erste )(?<!ersten )(?<!zweite )(?<!zweiten )\bHälfte\b"
    r"|(?<!première )(?<!seconde )(?<!deuxième )\bmoitié\b"
    r"|(?<!primera )(?<!segunda )\bmitad de\b"
    r"|(?<!prima )(?<!seconda )\bmetà\s(?:de\w{1,3}|di)\b"
    r"|(?<!primeira )(?<!segunda )\bmetade\s(?:d[oae]s?)\b"
    r"|(?<!eerste )(?<!tweede )\bhelft\s(?:van|der)\b"
    r"|(?<!первая )(?<!вторая )\bполовин[ауы]\b",
    re.IGNORECASE,
)
_HALVES = ("half", "hälfte", "moitié", "mitad", "metà", "metade", "helft", "половин")
_DRIEKWART = re.compile(r"\bdriekwart\b", re.IGNORECASE)
_DECADE = re.compile(
    rf"\b(?:(?P<century>{_any(dict(_CENTURIES))})[\s-])?(?P<tens>{_any(DECADES)})(?<=ties)\b"
    rf"|\b(?P<german>{_any(DECADES)})(?<=iger)\sjahren?\b"
    rf"|\b(?:années|años|anni|anos|jaren)\s(?P<after>{_any(DECADES)})\b"
    rf"|\b(?P<russian>{_any(DECADES)})(?<=ые|ых)\sгод(?:ы|ов|ах)\b",
    re.IGNORECASE,
)


class SpelledValue(Struct, frozen=True):
    """Words that are a number, and where they stand."""

    start: int
    end: int
    readings: frozenset[str]
    parts: frozenset[str] = frozenset()  # of a date


def spelled_values(text: str) -> Iterator[SpelledValue]:
    """Yield the fractions and decades of a text."""
    yield from _fractions(text)
    for found in spelled_at(_DRIEKWART, text, ["driekwart"]):
        yield SpelledValue(*found.span(), _shares(3, 4))
    for found in spelled_at(_HALF, text, _HALVES):
        yield SpelledValue(*found.span(), frozenset(("50", "0.5")))
    for found in spelled_at(_DECADE, text, DECADES):
        word = found["tens"] or found["german"] or found["after"] or found["russian"]
        tens = DECADES.get(word.casefold())
        if tens:
            yield SpelledValue(*found.span(), _of_decade(tens, (found["century"] or "").casefold()))


def without_spelled(text: str) -> str:
    """Return a text without them: "Drei Viertel" is no name."""
    for one in sorted(spelled_values(text), key=lambda value: -value.start):
        text = text[: one.start] + text[one.end :]
    return text


def _fractions(text: str) -> Iterator[SpelledValue]:
    for found in spelled_at(_FRACTION, text, DENOMINATORS):
        times, part = NUMERATORS[found["times"].casefold()], DENOMINATORS[found["part"].casefold()]
        if times < part and (times > 1 or found["of"]):
            yield SpelledValue(found.start(), found.end("part"), _shares(times, part))


def _shares(times: int, part: int) -> frozenset[str]:
    """Return a fraction's value, cut and rounded, also in per cent."""
    share = 100 * times / part
    if share == int(share):
        return frozenset((str(int(share)), f"{times / part:g}"))
    return frozenset((str(int(share)), str(round(share)), f"{share:.1f}", f"{times / part:.2f}"))


def _of_decade(tens: int, century: str) -> frozenset[str]:
    if century:
        return frozenset((str(100 * _CENTURIES[century] + tens),))
    return frozenset((str(1900 + tens), str(tens)))
