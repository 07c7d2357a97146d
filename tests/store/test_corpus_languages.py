"""Documents and questions match in every language.

Endings differ, compounds have parts, and some scripts are matched by pairs of characters.
"""

import asyncio

import pytest
from alembic import command

from app.domain.caller import ANYBODY
from app.store import documents, migrate
from app.store.database import fetch
from tests.conftest import execute
from tests.found_passages import find_passages

DOCUMENTS = {
    "en": ("Ropeway", "The ropeway at Ember Hill carried slate. Its towers were built of larch."),
    "de": (
        "Salzspeicher",
        "Der Salzspeicher wurde 1821 errichtet. Die Speicherwärterwohnungen lagen am Ufer.",
    ),
    "fr": ("Le moulin", "Le moulin de la rivière broyait des écorces. Les meuniers habitaient une tour."),
    "es": ("El telégrafo", "El telégrafo óptico transmitía mensajes. Las torres estaban en las colinas."),
    "ru": ("Паровоз", "Паровоз построили на заводе. Машинисты водили паровозы до границы."),
    "ar": ("السد القديم", "بنى المهندسون السد القديم من الحجر. وكان يسقي البساتين."),
    "hi": ("पुराना पुल", "नदी पर पुराना पुल पत्थरों से बनाया गया था। व्यापारी उसे पार करते थे।"),
    "zh": ("玻璃作坊", "玻璃作坊位于河东岸。工匠们用石英砂烧制窗玻璃。"),
    "ja": ("製塩所", "製塩所は海岸に建てられた。職人は海水を大きな釜で煮詰めた。"),
    "th": ("โรงสีข้าว", "โรงสีข้าวตั้งอยู่ริมแม่น้ำ ใช้กังหันลมในการสีข้าวเปลือก"),
    "ko": ("종이 공방", "종이 공방은 강가에 있었다. 장인들은 닥나무로 종이를 만들었다."),
}


async def put_all(engine):
    for language, (title, text) in DOCUMENTS.items():
        await documents.put(engine, ANYBODY, f"note:{language}", title, text)


@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("en", "What did the ropeways carry?"),
        ("de", "Wo lag die Wohnung der Wärter?"),
        ("de", "Speicher"),
        ("de", "Salz"),
        ("fr", "Où habitait le meunier ?"),
        ("es", "¿Qué mensaje transmitieron?"),
        ("ru", "Кто был машинистом паровоза?"),
        ("ar", "من هو مهندس السدود؟"),
        ("hi", "पुल किससे बना है?"),
        ("zh", "窗玻璃是用什么烧制的？"),
        ("ja", "海水はどこで煮詰めましたか"),
        ("th", "กังหันลมใช้ทำอะไร"),
        ("ko", "닥나무로 무엇을 만들었습니까"),
    ],
)
async def test_a_question_in_any_language_finds_its_document_first(engine, language, question):
    await put_all(engine)

    first, *_ = await find_passages(engine, ANYBODY, question, 5)

    assert first.url == f"note:{language}"
    assert first.coverage >= 0.35


async def test_a_document_is_kept_with_its_language(engine):
    await put_all(engine)

    found = await fetch(
        engine, "SELECT url, language FROM documents UNION SELECT url, language FROM documents"
    )

    assert {url.removeprefix("note:"): language for url, language in found} == {
        code: code for code in DOCUMENTS
    }


async def test_a_word_that_is_none_in_one_language_is_one_in_another(engine):
    await put_all(engine)
    await documents.put(
        engine, ANYBODY, "note:cast", "Casting", "A die is a mould of steel for the casting of zinc."
    )

    first, *_ = await find_passages(engine, ANYBODY, "What is a die made of?", 5)

    assert first.url == "note:cast"


async def test_ligatures_and_words_cut_at_the_end_of_a_line_are_found(engine):
    await documents.put(
        engine,
        ANYBODY,
        "note:a",
        "Notes",
        "The e\ufb03ciency of the obser-\nvatory was poor. It was so\u00adlar.",
    )

    for word in ("efficiency", "observatory", "solar"):
        assert len(await find_passages(engine, ANYBODY, word, 5)) == 1, word


async def test_a_word_of_a_question_that_is_only_part_of_a_compound_counts_less(engine):
    await documents.put(
        engine, ANYBODY, "note:part", "Bauten", "Die Schleusenwärterhäuser standen an den beiden Ufern."
    )
    await documents.put(
        engine, ANYBODY, "note:word", "Leute", "Der Wärter und seine Frau wohnten an den beiden Ufern."
    )

    found = await find_passages(engine, ANYBODY, "Wo wohnten die Wärter?", 5)

    assert [passage.url for passage in found] == ["note:word", "note:part"]


async def test_documents_from_before_are_told_and_indexed_by_the_migration(engine, database_url):
    await put_all(engine)
    before = await fetch(engine, "SELECT url, language FROM documents ORDER BY url")
    await execute(
        database_url,
        "DROP VIEW report.documents",
        "DROP TRIGGER passages_labelled ON passages",
        "ALTER TABLE passages DROP COLUMN lexemes",
        "ALTER TABLE passages DROP COLUMN language",
        "ALTER TABLE documents DROP COLUMN language",
        "DROP FUNCTION passage_lexemes, search_parts, search_pairs, search_folded, search_config CASCADE",
        "UPDATE alembic_version SET version_num = '0005'",
    )

    await asyncio.to_thread(command.upgrade, migrate.config(database_url), "0007")

    assert await fetch(engine, "SELECT url, language FROM documents ORDER BY url") == before
    first, *_ = await find_passages(engine, ANYBODY, "窗玻璃是用什么烧制的？", 5)
    assert first.url == "note:zh"


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("教师工会包括NASUWT等组织。", "NASUWT是什么？"),
        ("合同编号为AB140的条款。", "AB140是什么？"),
        ("このサーバーはHTTPを使います。", "HTTPとは何ですか？"),
    ],
)
async def test_a_word_of_letters_is_found_between_characters(engine, text, question):
    await documents.put(engine, ANYBODY, "note:glued", "T", text)

    assert [one.url for one in await find_passages(engine, ANYBODY, question, 5)] == ["note:glued"]


NUMBERED = {
    "en": ("Lake No. {} is {} metres deep.", "How deep is lake No. {}?"),
    "de": ("Der See Nr. {} ist {} Meter tief.", "Wie tief ist der See Nr. {}?"),
    "es": ("El lago n.º {} tiene {} metros.", "¿Cuántos metros tiene el lago n.º {}?"),
    "ru": ("Глубина озера № {} составляет {} метров.", "Какова глубина озера № {}?"),
    "ar": ("يبلغ عمق البحيرة رقم {} نحو {} متراً.", "ما عمق البحيرة رقم {}؟"),
    "hi": ("झील संख्या {} की गहराई {} मीटर है।", "झील संख्या {} की गहराई कितनी है?"),
    "zh": ("编号{}的湖深{}米。", "编号{}的湖有多深？"),
    "ja": ("第{}号湖の深さは{}メートルである。", "第{}号湖の深さは何メートルですか？"),
    "ko": ("제{}호 호수의 깊이는 {}미터이다.", "제{}호 호수의 깊이는 얼마입니까?"),
    "th": ("ทะเลสาบหมายเลข{}ลึก {} เมตร", "ทะเลสาบหมายเลข{}ลึกเท่าไร"),
}
NUMBERS = (2, 3, 14, 30, 140, 300)


async def test_a_number_meets_that_number_and_not_one_that_contains_it(engine):
    for language, (text, _) in NUMBERED.items():
        for number in NUMBERS:
            told = text.format(number, 500 + 7 * number)
            await documents.put(engine, ANYBODY, f"lake:{language}:{number}", "", told)

    for language, (_, question) in NUMBERED.items():
        for number in NUMBERS:
            first, second, *_ = await find_passages(engine, ANYBODY, question.format(number), 5)
            assert first.url == f"lake:{language}:{number}"
            assert first.score > second.score
