"""Define what is measured.

Articles, questions with the articles that answer them, claims with their pages.
"""

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from benchmarks.quality import places
from benchmarks.quality.articles import STATIONS, WRITTEN, YEARS

Support = Literal["supported", "partly", "unsupported"]


class Article(Struct, frozen=True):
    """A text that can be found."""

    key: str  # none is the beginning of another one
    title: str
    text: str
    whole: str = ""  # the longer article that it is a part of


class Question(Struct, frozen=True):
    """Hold a question, and how relevant which articles are."""

    language: str
    text: str
    relevant: dict[str, int]


class Claim(Struct, frozen=True):
    """A sentence that cites a page, and whether the page supports it."""

    kind: str
    text: str
    page: str
    support: Support


class Dataset(Struct, frozen=True):
    """Hold what one source of data offers, perhaps in part."""

    name: str
    articles: tuple[Article, ...] = ()
    questions: tuple[Question, ...] = ()
    claims: tuple[Claim, ...] = ()
    asks_without: bool = False  # are questions put again with their articles removed?
    across: tuple[Question, ...] = ()  # in another language than the articles, which each row names


def written() -> Dataset:
    """The articles of this folder, and claims made from them by rule."""
    articles, questions = list[Article](), list[Question]()
    for number, (language, title, text, question) in enumerate(_rows()):
        key = f"made:{language}/{number:05}"
        articles.append(Article(key, title, text))
        questions.append(Question(language, question, {key: 1}))
    return Dataset("made here", tuple(articles), tuple(questions), tuple(_claims()), asks_without=True)


def made() -> Dataset:
    """Four articles about each of six places, in seven languages."""
    articles, questions = list[Article](), list[Question]()
    for language, told in places.TOLD.items():
        for name, year in zip(places.NAMES[language], places.YEARS, strict=True):
            for title, text, question in told:
                key = f"place:{language}/{len(articles):05}"
                articles.append(Article(key, title.format(name), text.format(name, year=year)))
                questions.append(Question(language, question.format(name), {key: 1}))
    return Dataset("made by rule", tuple(articles), tuple(questions), asks_without=True)


def _rows() -> Iterator[tuple[str, str, str, str]]:
    for language, rows in WRITTEN.items():
        yield from ((language, *row) for row in rows)
    for language, (names, title, text, question) in STATIONS.items():
        for name, year in zip(names, YEARS, strict=True):
            yield language, title.format(name), text.format(name, year=year), question.format(name)


def _claims() -> Iterator[Claim]:
    """Make claims of English and German sentences.

    Each as it is, beside a false one, with another number, of another page.
    """
    for language in ("en", "de"):
        pages = [text for _, text, _ in WRITTEN[language]]
        pages += [STATIONS[language][2].format(STATIONS[language][0][0], year=year) for year in YEARS]
        joined = " and " if language == "en" else " und "
        for at, page in enumerate(pages):
            other = pages[(at + 1) % len(WRITTEN[language])] if at < len(WRITTEN[language]) else pages[0]
            for sentence, strange in zip(page.split(". "), other.split(". "), strict=False):
                true, false = sentence.rstrip("."), strange.rstrip(".")
                if len(true.split()) < 6:
                    continue
                yield Claim(f"{language} true", f"{true}.", page, "supported")
                yield Claim(f"{language} half", f"{true},{joined}{false}.", page, "partly")
                yield Claim(f"{language} other page", f"{false}.", page, "unsupported")
                if changed := _other_number(true):
                    yield Claim(f"{language} number", f"{changed}.", page, "unsupported")


def _other_number(sentence: str) -> str:
    found = next((word for word in sentence.split() if word.isdecimal()), "")
    return sentence.replace(found, str(int(found) + 11)) if found else ""
