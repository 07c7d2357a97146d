"""Tell what kind of thing a question asks for.

"When" wants a date, "how many" a number, "who" and "where" a name.
"""

import re
from typing import Literal

from app.agent.extractive.page_prose import UNSPACED

AnswerKind = Literal["number", "date", "name", ""]

# The number comes first: "in how many years" wants no date.
_ASKS: tuple[tuple[AnswerKind, re.Pattern[str]], ...] = (
    (
        "number",
        re.compile(
            r"\bhow (?:many|much|long|old|far|tall|deep|high|large|big|wide|often|fast|heavy)\b"
            r"|\bwhat (?:percent|number|age|size|distance|height|length|temperature|fraction|amount)"
            r"|\bwie ?(?:viel|lange?|hoch|tief|alt|groß|weit|schwer|schnell|oft|breit)"
            r"|\bcuánt|\bqué (?:porcentaje|cantidad|edad|altura|número)|\bcombien\b|\bquant[oaie]\b|\bhoeveel"
            r"|\bсколько|как (?:долго|далеко|часто)|\bكم\b|多少|多[深高长長大远遠久重快宽寬厚]|[几幾]|百分",
            re.IGNORECASE,
        ),
    ),
    (
        "date",
        re.compile(
            r"\bwhen\b|\b(?:what|which) (?:year|date|day|month|century|decade)"
            r"|\bwann\b|\bwelche[mnrs]? (?:jahr|tag|monat|datum)|\bcuándo|\bqué (?:año|fecha|día|mes|siglo)"
            r"|\bquand\b|\bquando\b|\bwanneer\b|\bкогда\b|како[мй] (?:год|дат|месяц|век)"
            r"|\bمتى|أي (?:عام|سنة|يوم|قرن)|何[时時]|哪一?年|什[么麼][时時]候|年份",
            re.IGNORECASE,
        ),
    ),
    (
        "name",
        re.compile(
            r"\bwho(?:m|se)?\b|\bwe[rmn]\b|\bquién|\bqui\b|\bchi\b|\b(?:кто|кого|кому|кем)\b"
            r"|\bwhere\b|\b(?:what|which) (?:city|country|state|region|place|county|continent)"
            r"|\bwo(?:hin|her)?\b|\bwelche[mnrs]? (?:stadt|land|staat|ort)"
            r"|\bdónde|\bqué (?:ciudad|país|lugar|estado)|\boù\b|\bdove\b|\bwaar\b|\b(?:где|куда)\b",
            re.IGNORECASE,
        ),
    ),
)
_NUMERAL_WORD = re.compile(
    r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|half|hundred|thousand|[mb]illion"
    r"|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf|hundert|tausend"
    r"|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|cien|mil|mitad"
    r"|deux|trois|quatre|cinq|sept|huit|neuf|dix|onze|douze|cent|mille|moitié"
    r"|два|две|три|четыре|пять|шесть|семь|восемь|девять|десять|половин[аыу])\b"
    r"|[一二两兩三四五六七八九十百千万萬亿億半]|اثن|ثلاث|أربع|خمس|سبع|ثمان|تسع|عشر|مئ|مائ|ألف|نصف",
    re.IGNORECASE,
)
_DIGIT_RUN = re.compile(r"\d{1,30}")
_DATE = re.compile(
    r"\d{3}|\d[年月]|\d(?:th|st|nd|rd)\b|centur|Jahrhundert|siglo|siècle|век|قرن|世[纪紀]", re.IGNORECASE
)
_NAME = re.compile(r"(?<=[\w,»”\")(] )[\"“«(]?([A-ZÀ-ÖØ-ÞА-ЯЁ][\w’'-]{0,60})")
_NOUNS_LOOK_SO = UNSPACED | {"de", "ar", "hi"}  # a name there looks like any other word


def kind_of(question: str) -> AnswerKind:
    """Return what the question asks for, "" if unknown."""
    return next((kind for kind, asks in _ASKS if asks.search(question)), "")


def lacks(kind: AnswerKind, sentence: str, question: str, language: str) -> bool:
    """Return True if nothing in the sentence is of that kind.

    What the question says itself is no answer.
    """
    if kind == "number":
        own = (digits for digits in _DIGIT_RUN.findall(sentence) if digits not in question)
        return next(own, None) is None and not _NUMERAL_WORD.search(sentence)
    if kind == "date":
        return not _DATE.search(sentence)
    if kind == "name" and language not in _NOUNS_LOOK_SO:
        return not names(sentence) - names(question) - _first(question)
    return False


def names(text: str) -> frozenset[str]:
    """Return the words with a capital, in lower case."""
    return frozenset(name.lower() for name in _NAME.findall(text))


def _first(question: str) -> frozenset[str]:
    return frozenset(word.lower() for word in question.split()[:1])
