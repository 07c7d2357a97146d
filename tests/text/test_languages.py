"""A text's language is known, and which of its words agree."""

import sys

import pytest

from app.text import languages

QUESTIONS = {
    "en": "When was the lighthouse on the cape built?",
    "de": "Wann wurde der Leuchtturm am Kap gebaut?",
    "fr": "Quand le phare du cap a-t-il été construit ?",
    "es": "¿Cuándo se construyó el faro del cabo?",
    "pt": "Quando foi construído o farol do cabo?",
    "it": "Quando è stato costruito il faro del capo?",
    "nl": "Wanneer werd de vuurtoren op de kaap gebouwd?",
    "ru": "В каком году построили маяк на мысе?",
    "ar": "متى بنيت المنارة على الرأس؟",
    "hi": "अंतरीप पर प्रकाशस्तंभ कब बनाया गया था?",
    "zh": "海角上的灯塔是哪一年建成的？",
    "ja": "岬の灯台はいつ建てられましたか",
    "ko": "곶의 등대는 언제 지어졌습니까",
    "th": "ประภาคารบนแหลมสร้างเมื่อใด",
}


@pytest.mark.parametrize(("language", "text"), QUESTIONS.items())
def test_a_question_tells_its_language(language, text):
    assert languages.detect(text) == language


@pytest.mark.parametrize(
    "text", ["", " \n", "1898 2,4 %", "🐃", "asyncio", "Коли збудували маяк, і хто його збудував?"]
)
def test_a_text_that_does_not_tell_has_no_language(text):
    assert languages.detect(text) == ""


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("en", "the lighthouses", "a lighthouse"),
        ("en", "managers managed", "manager manages"),
        ("de", "der Ledereinband", "die Ledereinbände"),
        ("fr", "les phares allumés", "un phare allumé"),
        ("es", "los faros construidos", "el faro construido"),
        ("ru", "ледокола", "ледоколы"),
        ("ar", "منارة", "المنارة"),
        ("ar", "مُدَرِّس", "مدرس"),
    ],
)
def test_another_ending_is_the_same_term(language, one, other):
    assert languages.terms(one, language) == languages.terms(other, language) != frozenset()


def test_a_script_without_spaces_is_counted_in_pairs_without_its_question_words():
    assert languages.terms("灯塔是哪一年建成的？", "zh") == {"灯塔", "建成"}
    assert languages.words("第9塔 ok") == ["第", "9", "塔", "ok"]


def test_marks_are_part_of_their_word():
    assert languages.words("प्रकाशस्तंभ बनाया") == ["प्रकाशस्तंभ", "बनाया"]


def test_question_words_and_function_words_are_no_terms():
    for language, text in QUESTIONS.items():
        asked = languages.question_words(language) | languages.function_words(language)
        assert not languages.terms(text, language) & asked, language


def test_the_work_grows_with_the_text_and_no_faster():
    def work(times):
        """Count the lines that run, which a busy machine does not change."""
        lines = 0

        def count(_frame, event, _arg):
            nonlocal lines
            lines += event == "line"
            return count

        before = sys.gettrace()
        sys.settrace(count)
        try:
            languages.detect("A. я数" * times)
            languages.words("A. я数数" * times)
        finally:
            sys.settrace(before)
        return lines

    assert work(2000) < 2.5 * work(1000)


@pytest.mark.parametrize(
    ("stated", "text", "language"),
    [
        (
            "en-US",
            "Der See ist an der tiefsten Stelle 140 Meter tief, und das Wasser ist kalt.",
            "de",
        ),  # a template
        ("sv", "Sjön är 140 meter djup, och vattnet är kallt.", "sv"),  # which no words of ours tell
        ("", "The lake is 140 metres deep, and the water is cold.", "en"),
        ("de_AT", "140 m", "de"),
        ("x" * 300, "140 m", ""),
        ("", "", ""),
    ],
)
def test_the_words_of_a_page_tell_its_language_better_than_what_it_states(stated, text, language):
    assert languages.language_of(stated, text) == language


def test_a_language_has_one_name():
    assert languages.same_language("nb-NO", "no")
    assert languages.same_language("zh-Hant", "zh-CN")
    assert not languages.same_language("de", "en-DE")
