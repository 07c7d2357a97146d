"""A number in a question meets that number alone."""

import pytest

from app.agent.extractive import Extractive
from app.agent.extractive.numbered import is_numbered_otherwise
from app.agent.ports import Ask, SeenSource

LAKES = {
    "en": ("Lake No. {} is {} metres deep and was measured in {}.", "How deep is lake No. {}?"),
    "de": ("Der See Nr. {} ist {} Meter tief und wurde {} vermessen.", "Wie tief ist der See Nr. {}?"),
    "fr": (
        "Le lac n° {} a {} mètres de profondeur, mesurés en {}.",
        "Quelle est la profondeur du lac n° {} ?",
    ),
    "es": (
        "El lago n.º {} tiene {} metros de profundidad desde {}.",
        "¿Qué profundidad tiene el lago n.º {}?",
    ),
    "ru": ("Глубина озера № {} составляет {} метров с {} года.", "Какова глубина озера № {}?"),
    "ar": ("يبلغ عمق البحيرة رقم {} نحو {} متراً وقيست عام {}.", "ما عمق البحيرة رقم {}؟"),
    "hi": ("झील संख्या {} की गहराई {} मीटर है, {} से।", "झील संख्या {} की गहराई कितनी है?"),
    "zh": ("编号{}的湖深{}米，于{}年测量。", "编号{}的湖有多深？"),
    "ja": ("第{}号湖の深さは{}メートルで、{}年に測量された。", "第{}号湖の深さは何メートルですか？"),
    "ko": ("제{}호 호수의 깊이는 {}미터이며 {}년에 측정되었다.", "제{}호 호수의 깊이는 얼마입니까?"),
    "th": ("ทะเลสาบหมายเลข{}ลึก {} เมตร และวัดเมื่อปี {}", "ทะเลสาบหมายเลข{}ลึกเท่าไร"),
}
NUMBERS = (2, 3, 14, 30, 140, 1400)


@pytest.mark.parametrize("language", LAKES)
def test_a_page_of_other_numbers_is_known_in_every_language(language):
    page, question = LAKES[language]
    for wanted in NUMBERS:
        others = [
            number
            for number in NUMBERS
            if is_numbered_otherwise(question.format(wanted), page.format(number, 521, 1801), language)
        ]
        assert others == [number for number in NUMBERS if number != wanted]


@pytest.mark.parametrize(
    ("asked", "page"),
    [
        ("How deep is lake No. 2?", "The second lake, No. 2, lies beside No. 140."),  # it has both
        ("How deep is lake No. 2?", "There are two lakes, and No. 140 is the other."),  # in words
        ("How deep is the lake?", "Lake No. 140 is deep."),
        (
            "Who led the Panthers 2015?",
            "The Panthers 2012 were led by nobody.",
        ),  # years are not numbered things
        ("What was built in the year 1821?", "In the year 3 the wall was built."),
        ("How many of the 7 wonders are left?", "One of them is left, of 200 BC."),
        ("झील संख्या १४०?", "झील संख्या 140"),
    ],
)
def test_a_page_that_may_be_meant_is_kept(asked, page):
    assert not is_numbered_otherwise(asked, page, "en")


@pytest.mark.parametrize("language", ["en", "de", "es", "ko", "th"])
async def test_without_its_page_a_number_is_not_answered_from_another(language):
    page, question = LAKES[language]
    texts = {f"s{n}": page.format(n, 500 + n, 1800 + n) for n in NUMBERS[1:]}
    sources = tuple(
        SeenSource(at, f"note:{at}", "A lake", text, name) for at, (name, text) in enumerate(texts.items(), 1)
    )
    asked = {"query": question.format(2), "plan": (question.format(2),), "sources": sources}
    whole = Ask(**FINAL, **asked, meets_numbers=True)

    reply = await Extractive().next_step(whole, texts)
    before = await Extractive().next_step(Ask(**FINAL, **asked), texts)

    assert "[" not in str(getattr(reply.step.function, "content", ""))
    assert "[" in before.step.function.content  # jobs of older rules keep theirs


FINAL = {
    "today": "",
    "effort": "quick",
    "step": 5,
    "menu": ("write_report", "answer"),
    "goal": "",
    "turns": (),
    "weighs": True,
}
