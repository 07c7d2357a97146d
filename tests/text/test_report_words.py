"""A report says what backs it in its own language."""

import re
from string import Formatter

import pytest
from msgspec.structs import asdict, replace

from app.text import report_output
from app.text.report_evidence import evidence, work_done
from app.text.report_languages.english import ENGLISH
from app.text.report_words import REPORT_WORDS
from dossier.job_types import Claim, Metrics, ReportPart, Result, SourceView

OTHERS = sorted(REPORT_WORDS.keys() - {"en"})
WORKED = (
    "3 searches, 12 pages found, 5 read (2 could not be read)",
    "2 of 3 searches failed, 1 page found, none could be read",
    "1 search, no page found",
    "1 of 1 search failed, no page found",
    "2 searches, 2 pages found, none read",
    "nothing was searched for",
)
ANSWERS = {
    "de": ("Wie heiß kocht Wasser?", "Das Wasser kocht bei 100 Grad [1]."),
    "fr": ("À quelle température bout l’eau ?", "L’eau bout à 100 degrés [1]."),
    "zh": ("水在多少度沸腾？", "水在一百度沸腾 [1]。"),
    "ar": ("عند أي درجة يغلي الماء؟", "يغلي الماء عند مئة درجة [1]."),
    "ru": ("При какой температуре кипит вода?", "Вода кипит при ста градусах [1]."),
}


def result(title="A title", answer="Water boils [1].", **changes) -> Result:
    fields = {
        "title": title,
        "final_answer": answer,
        "report_url": "/jobs/1/report",
        "stop_reason": "answered",
        "confidence": "high",
        "sources": (SourceView(1, "note:1", "Water", "", True),),
        "claims": (Claim("Water boils.", 1, "Water boils.", 0, 5, 1.0, "supported"),),
        "coverage": 1.0,
        "support": 0.5,
        "removed": ("It is blue [2].",),
        "unverified": ("It is wet.",),
        "outcome_reason": WORKED[0],
        "metrics": Metrics(1.0, 1, 1, 0.0, 1),
    }
    return Result(**fields | changes)


def phrases(words) -> dict[str, str]:
    """Every phrase by its name, those of a table one by one."""
    said = asdict(words)
    tables = {f"{name} {key}": text for name in ("stopped", "made") for key, text in said.pop(name).items()}
    return said | tables


def holes(phrase) -> set[frozenset[str]]:
    return {frozenset(name for _, name, *_ in Formatter().parse(form) if name) for form in phrase.split("|")}


@pytest.mark.parametrize("language", OTHERS)
def test_each_phrase_is_there_with_the_same_figures(language):
    english, said = phrases(ENGLISH), phrases(REPORT_WORDS[language])

    assert said.keys() == english.keys()
    assert all(text.strip() for name, text in said.items() if name not in {"stop", "pause"})
    assert {name: holes(text) for name, text in said.items()} == {
        name: holes(text) for name, text in english.items()
    }


@pytest.mark.parametrize("reason", WORKED)
def test_what_was_done_is_understood_whole(reason):
    assert work_done(reason, ENGLISH) == reason
    for language in OTHERS:
        said = work_done(reason, REPORT_WORDS[language])
        assert not re.search(r"\b(?:search(?:es)?|found|read|searched)\b", said), (language, said)
        assert sorted(re.findall(r"\d+", said)) == sorted(re.findall(r"\d+", reason))


def test_the_words_of_an_error_stay_as_they_were_said():
    reason = "1 search, tavily failed 2 times: HTTP 500, no page found"

    assert work_done(reason, REPORT_WORDS["de"]) == (
        "1 Suche, tavily failed 2 times: HTTP 500, keine Seite gefunden"
    )


@pytest.mark.parametrize("language", ANSWERS)
@pytest.mark.parametrize("form", [report_output.markdown, report_output.html])
def test_a_report_has_one_language(language, form):
    title, answer = ANSWERS[language]
    parts = (ReportPart("stand_in", 0, 3, 1.0), ReportPart("model", 4, 9, 0.25))
    words = REPORT_WORDS[language]

    text = form(result(title, answer, stop_reason="deadline", written_by="stand_in", parts=parts))

    for phrase in (words.evidence, words.sources, words.no_quote, words.stand_in, words.stopped["deadline"]):
        assert phrase in text
    assert not re.search(r"\b(?:Evidence|searches|quote|sentence|judged|written|backed)\b", text)


def test_a_name_or_a_number_alone_is_in_the_language_of_its_title():
    said = evidence(result("Wer regierte von 2005 bis 2021 in Deutschland?", "Angela Merkel [1]."))

    assert said[0] == "3 Suchen, 12 Seiten gefunden, 5 gelesen (2 nicht lesbar)."


def test_the_language_can_be_asked_for():
    german = result(*ANSWERS["de"])

    assert "## Evidence" in report_output.markdown(german, "en-GB")
    assert "## Preuves" in report_output.markdown(german, "fr")
    assert "## Belege" in report_output.markdown(german, "sv")


def test_a_report_without_a_claim_counts_none():
    said = " ".join(evidence(result(claims=(), unverified=(), removed=(), coverage=0.0, support=0.0)))

    assert said == (
        "3 searches, 12 pages found, 5 read (2 could not be read). "
        "No sentence could be tied to a page that was read."
    )


def test_one_and_several_are_told_apart():
    one = result()
    two = replace(one, claims=one.claims * 2, unverified=(), judged_by="judge-1")

    assert "1 citation has a quote; 1 of 1 judged is supported by its meaning; 1 sentence is unverified." in (
        evidence(one)
    )
    assert (
        "2 citations have a quote; 2 of 2 judged (judge-1) are supported by their meaning; "
        "0 sentences are unverified."
    ) in evidence(two)
