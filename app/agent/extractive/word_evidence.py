"""Weigh which of a question's words a sentence and its page have."""

from math import sqrt

from app.agent.extractive import kinship
from app.agent.extractive.evidence_parts import Goal, PageSentence
from app.agent.extractive.page_prose import UNSPACED
from app.agent.extractive.terms import Rarity

# Of the evidence for a subject, 1 if it has one telling word and that is in the sentence. Chosen on half of
# XQuAD's articles so that about 95 % of the questions whose article is missing are refused.
ENOUGH_EVIDENCE = 0.41
ENOUGH_JOINED = 0.35  # in languages that write several words as one: fewer of them are found again
ENOUGH_PAIRS = 0.3  # for pairs of characters: those across two words are rarely the same again
LACKING = 1.5  # times as much is asked for on a page without one of the names and numbers
MIN_TITLE = 0.3  # of a subject's words in a title that the question has whole: the page is about it
TITLED = 0.2  # times as much is asked for on such a page
OTHER_SUBJECT = 2.2  # on one whose title differs from that of a like page by words that the question has not
# Languages in which a question has the words of its page's title in much the same form.
ENTITLING = {"en", "de", "fr", "es", "pt", "it", "nl"}
FEW_WORDS = 2  # words; of a subject with no more, none may be missing in both
NAME_TELLS = 1.3  # times as much as a long word
ASKED_TELLS = 0.4  # "At what temperature" is answered by "at 100 °C": the noun itself is seldom there
LONG_TERM = 8  # letters; shorter words tell less


def evidence_of(line: PageSentence, goal: Goal, rarity: Rarity) -> float:
    """Weigh what a sentence, its neighbours and its page have.

    A share of many telling words proves more than the same share of few.
    """
    tells = {term: telling(term, goal, line.language) * sqrt(rarity.of_most(term)) for term in goal.core}
    mass = sum(tells[term] for term in sorted(tells))
    places = (line.terms, line.terms | line.around, line.terms | line.page)
    found = sum(tells[term] for has in places for term in sorted(goal.core & has))
    return (found / len(places)) ** 2 / mass**1.5 if mass else 0.0


def telling(term: str, goal: Goal, language: str) -> float:
    """Return how much a word tells: names most, short words least."""
    if is_telling(term, goal):
        return NAME_TELLS
    if term in goal.asked:
        return ASKED_TELLS
    return 1.0 if language in UNSPACED else min(1.0, len(term) / LONG_TERM)


def is_telling(term: str, goal: Goal) -> bool:
    """Return True for a name or a number."""
    return term in goal.names or term[0].isdigit()


def fits(line: PageSentence, goal: Goal, rarity: Rarity) -> bool:
    """Return True if a sentence and its page have enough words.

    One of them must be the sentence's own.
    """
    core, names = goal.core, goal.names
    if names and not names & line.page:
        return False
    if not core & line.terms or (len(core) <= FEW_WORDS and not core <= line.terms | line.title):
        return False
    if core <= line.terms | line.around:
        return True
    least = _enough(line.language)
    if any(is_telling(term, goal) for term in core - line.page):
        least *= LACKING
    return evidence_of(line, goal, rarity) >= least * _by_title(line, goal, rarity)


def _enough(language: str) -> float:
    if language in UNSPACED:
        return ENOUGH_PAIRS
    return ENOUGH_JOINED if language in kinship.JOINING else ENOUGH_EVIDENCE


def _by_title(line: PageSentence, goal: Goal, rarity: Rarity) -> float:
    """Return how much of the usual evidence a title asks for."""
    asked_for = goal.core | goal.about | goal.wanted
    if line.title and line.title <= asked_for:
        return TITLED if rarity.share(asked_for, line.title) >= MIN_TITLE else 1.0
    is_other = goal.core - line.page and any(not terms_ & asked_for for terms_ in line.apart)
    return OTHER_SUBJECT if is_other and line.language not in ENTITLING else 1.0
