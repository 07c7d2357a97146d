"""A number of several parts is one value, however it is written."""

import pytest

from app.agent.quotes import disagreement
from app.text.numbers import figures

SAME = [
    ("Die Höhe beträgt 3½ Meter.", "de", "It is 3.5 metres high."),
    ("It is 3 1/2 metres high.", "en", "It is 3.5 metres high."),
    ("It takes two and a half hours.", "en", "It takes 2.5 hours."),
    ("On 03/05/2020 it opened.", "en", "It opened on May 3, 2020."),
    ("The fund holds 1.2 lakh crore rupees.", "en", "The fund holds 1,200,000,000,000 rupees."),
    ("約1億2000万人が住む。", "ja", "About 120 million people live there."),
    ("약 1억 2천만 명", "ko", "about 120 million people"),
    ("1e6 samples", "en", "1,000,000 samples"),
    ("1.5×10^6 samples", "en", "1,500,000 samples"),
    ("In the 90s it was warm.", "en", "In the 1990s it was warm."),
    ("From 1914 to 1918", "en", "1914–18"),
    ("at 3 pm", "en", "at 15:00"),
    ("−5 °C were measured.", "en", "5 degrees Celsius below zero were measured."),
    ("huszonöt ember", "hu", "25 people"),
    ("kaksikymmentäviisi ihmistä", "fi", "25 people"),
    ("tjugofem personer", "sv", "25 people"),
    ("femogtyve personer", "da", "25 people"),
    ("ยี่สิบห้าคน", "th", "25 people"),
    ("hai mươi lăm người", "vi", "25 people"),
    ("بیست و پنج نفر", "fa", "25 people"),
    ("خمسة وعشرون شخصا", "ar", "25 people"),
    ("스물다섯 명", "ko", "25 people"),
    ("十二万三千人", "ja", "123,000 people"),
]
OTHER = [
    ("-5 degrees were measured.", "en", "5 degrees were measured."),
    ("The temperature was minus 5 degrees.", "en", "The temperature was 5 degrees."),
    ("at 3 pm", "en", "at 3 am"),
    ("500 BC", "en", "500 AD"),
    ("1億2000万人", "ja", "12 million people"),
    ("It is 3½ metres high.", "en", "It is 3 metres high."),
    ("huszonhat ember", "hu", "25 people"),
    ("10–30 people came.", "en", "10–20 people came."),
]


def differ(claim, language, page):
    return disagreement(figures(claim, language, loose=False), figures(page, "en"))


@pytest.mark.parametrize(("claim", "language", "page"), SAME)
def test_the_same_number_written_in_another_way_agrees(claim, language, page):
    assert differ(claim, language, page) == ""


@pytest.mark.parametrize(("claim", "language", "page"), OTHER)
def test_another_number_does_not(claim, language, page):
    assert differ(claim, language, page)
