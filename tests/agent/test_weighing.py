"""Weigh many signs of an answer, which the log holds."""

from random import Random

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from app.agent.extractive import Extractive, plan
from app.agent.extractive.answer_kinds import kind_of, lacks
from app.agent.extractive.page_sentences import sections
from app.agent.ports import Ask, SeenSource
from app.domain import events as e
from benchmarks.quality.fitting import Sample, fit, told
from tests.agent.course import Course
from tests.agent.library import QUERY, Library

PAGE = (
    "The tower at Cape Morrow was planned by the engineer Ada Finch, who had drawn the harbour before. "
    "It was lit for the first time in 1874."
)
QUESTION = "Which person designed the lighthouse of Cape Morrow in the nineteenth century?"


class Shelf(Library):
    """Know how well each page fits."""

    async def search(self, query, limit, **_):
        reply = await super().search(query, limit)
        return replace(reply, hits=tuple(replace(hit, coverage=0.61234) for hit in reply.hits))


def answered(score, coverage, *, weighs=True):
    seen = SeenSource(1, "note:1", "Notes", "", "sha", score, coverage)
    ask = Ask(QUESTION, "2026-01-01", "standard", 1, ("answer",), "", (), (), (seen,), weighs=weighs)
    found = sections(ask, plan.plan(QUESTION)[:1], {"sha": PAGE}, are_questions=True)
    return any(section.found for section in found)


def test_words_alone_refuse_what_the_search_and_other_signs_prove():
    assert answered(0.4, 0.7)
    assert not answered(0.05, 0.1)
    assert not answered(0.4, 0.7, weighs=UNSET)


@pytest.mark.parametrize("rules", [7, e.AGENT_RULES])
async def test_the_log_says_how_well_a_document_fits_since_rules_8(rules):
    course = Course(Extractive(), Shelf(), rules=rules, query=QUERY)
    job = await course.run()

    found = [fact.event for fact in course.log if isinstance(fact.event, e.SourceFound)]
    wanted = (0.5, 0.6123) if rules >= 8 else (UNSET, UNSET)
    assert {(event.score, event.coverage) for event in found} == {wanted}
    assert {(source.score, source.coverage) for source in job.research.sources} == {wanted}


async def test_pages_of_the_web_have_no_such_figures():
    course = Course(Extractive(), Library(), query=QUERY)
    await course.run()

    found = [fact.event for fact in course.log if isinstance(fact.event, e.SourceFound)]
    assert {(event.score, event.coverage) for event in found} == {(UNSET, UNSET)}


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How many towers has it?", "number"),
        ("Wie viele Türme hat es?", "number"),
        ("加罗湖有多深？", "number"),
        ("Сколько башен?", "number"),
        ("When was it built?", "date"),
        ("Wann wurde es gebaut?", "date"),
        ("متى بني؟", "date"),
        ("Who built it?", "name"),
        ("¿Quién lo construyó?", "name"),
        ("Why was it built?", ""),
    ],
)
def test_the_question_says_what_kind_of_thing_answers(question, kind):
    assert kind_of(question) == kind


def test_what_the_question_says_itself_is_no_answer():
    assert lacks("number", "In 1874 it was lit.", "How many were lit in 1874?", "en")
    assert not lacks("number", "In 1874 two were lit.", "How many were lit in 1874?", "en")
    assert lacks("name", "It was planned by Finch.", "Who followed Finch?", "en")
    assert not lacks("name", "It was planned by Ada Finch.", "Who followed Finch?", "en")
    assert not lacks("name", "Der Turm wurde geplant.", "Wer plante den Turm?", "de")


def test_weights_are_learnt_from_what_tells_answers_apart():
    random = Random(1)

    def signs(mean):
        return {"density": random.gauss(mean, 0.5), "run": random.gauss(0, 1)}

    taken = [
        Sample("made", "spaced", 0, (), (signs(2),), tuple(signs(0) for _ in range(3))) for _ in range(300)
    ]
    weights = fit(taken, ["density", "run"])

    assert weights.of["density"] > 2 > 10 * abs(weights.of["run"])
    [line] = told(taken, weights)
    refused = float(line.rpartition(", ")[2].partition("%")[0])
    assert refused >= 95


def test_what_is_asked_for_comes_before_what_only_shares_words():
    text = (
        "Der Bodensee liegt zwischen Deutschland, Österreich und der Schweiz. Er ist 251 Meter tief. "
        "Seine Fläche beträgt 536 Quadratkilometer. Der Rhein fließt durch ihn hindurch."
    )
    seen = SeenSource(1, "note:1", "Der Bodensee", text, "sha", 0.9, 1.0)
    question = "Wie tief ist der Bodensee?"
    ask = Ask(question, "2026-01-01", "standard", 1, ("answer",), "", (), (), (seen,), weighs=True)

    [found] = sections(ask, [question], {"sha": text}, are_questions=True)

    assert found.found[0].line.sentence == "Er ist 251 Meter tief."


def test_a_word_that_looks_like_a_name_and_is_missing_does_not_decide_alone():
    text = (
        "Der Uferweg wurde 1911 angelegt. "
        "Das Nachtfahrverbot zwingt den Frachtverkehr, den Uferweg zu meiden. Im Sommer wird dort gebadet."
    )
    seen = SeenSource(1, "note:1", "Uferweg", text, "sha", 0.3, 0.8)
    question = (
        "Wozu zwingt das Nachtfahrverbot den Frachtverkehr in Bezug auf den Uferweg?"  # no place "Bezug"
    )
    ask = Ask(question, "2026-01-01", "standard", 1, ("answer",), "", (), (), (seen,), weighs=True)

    [found] = sections(ask, [question], {"sha": text}, are_questions=True)

    assert found.found[0].line.sentence.startswith("Das Nachtfahrverbot")
