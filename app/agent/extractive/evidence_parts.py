"""Hold a page's sentences, and what they are held against."""

from msgspec import Struct

from app.agent.extractive.plan import Facet


class PageSentence(Struct, frozen=True):
    """A sentence of a page that was read."""

    number: int  # of the source
    sentence: str
    terms: frozenset[str]
    words: frozenset[str]
    title: frozenset[str]  # the terms of the page's title
    around: frozenset[str]  # the terms of the title and of the sentences before and after it
    page: frozenset[str]  # the terms of the title and of all sentences
    language: str  # of the page
    apart: frozenset[frozenset[str]]  # the terms by which its title differs from each like one
    named: frozenset[str]  # what "it" or "this" refers to: the title, at the beginning of a page


class Scored(Struct, frozen=True):
    """A sentence and how well it answers a question."""

    score: float
    line: PageSentence


class Goal(Struct, frozen=True):
    """What a sentence of a page in one language is held against."""

    facet: Facet | None
    core: frozenset[str]  # the terms of the step's subject
    about: frozenset[str]  # all terms of the step
    wanted: frozenset[str]  # all terms of the question
    scope: str  # a word that the page has to have
    names: frozenset[str]  # the terms of names in the step; a page with none is likely about something else
    asked: frozenset[str]  # of the kind of thing that is asked for


class Section(Struct, frozen=True):
    """A planned step and the sentences that answer it, best first."""

    step: str
    found: tuple[Scored, ...]
