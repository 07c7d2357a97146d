"""The quality benchmark's data, measures and readers are sound."""

import json
from itertools import permutations

import pytest

from app.domain.caller import ANYBODY
from app.providers.http import make_client
from app.store import documents
from app.text import languages
from benchmarks.quality import adapters, citing, pacing, refusals, retrieval
from benchmarks.quality.data import Article, Claim, Question, written
from benchmarks.quality.meaning import Meaning
from tests.mocks.embedding import MockEmbeddings
from tests.mocks.serving import served

CRANFIELD = (
    ".I 1\n.T\nslip flow\n.A\nsomebody\n.W\nslip flow over a plate .\n.I 2\n.T\nheat\n.W\nheat of wings .\n"
)


def put(folder, name, *rows):
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows) + "\n")


@pytest.fixture
def folder(tmp_path):
    paragraph = {"context": "Der Turm ist hoch.", "qas": [{"question": "Wie hoch ist der Turm?"}]}
    put(tmp_path, "xquad.de.json", {"data": [{"title": "Turm", "paragraphs": [paragraph]}]})
    wice = {"claim": "It is tall.", "evidence": ["The tower", "is tall."], "label": "partially_supported"}
    put(tmp_path, "wice/test.jsonl", wice)
    evidences = [
        {"evidence": "Ice melts.", "evidence_label": "SUPPORTS"},
        {"evidence": "No.", "evidence_label": 1},
    ]
    put(tmp_path, "climate-fever.jsonl", {"claim": "Ice melts.", "evidences": evidences})
    put(tmp_path, "rgb/en.json", {"query": "Who won?", "positive": ["Ann won."], "negative": ["Rain."]})
    put(
        tmp_path, "rgb/zh.json", {"query": "谁赢了？", "positive": [["安赢了。", "她赢了。"]], "negative": []}
    )
    put(tmp_path, "cran.all.1400", CRANFIELD)
    put(tmp_path, "cran.qry", ".I 004\n.W\nwhat is slip flow .\n")
    put(tmp_path, "cranqrel", "1 1 2", "1 2 -1")
    gold = {"docid": "7", "text": "The keeper was Ann."}
    put(
        tmp_path,
        "browsecomp-plus.jsonl",
        {"query": "Who?", "gold_docs": [gold], "negative_docs": [{"text": "No."}]},
    )
    return tmp_path


def test_each_data_set_is_read_from_its_own_layout(folder):
    found = {one.name: one for one in adapters.datasets(folder)}

    assert list(found) == [
        "XQuAD de", "WiCE", "CLIMATE-FEVER", "RGB en", "RGB zh", "Cranfield", "BrowseComp-Plus",
    ]  # fmt: skip
    assert found["XQuAD de"].questions == (Question("de", "Wie hoch ist der Turm?", {"xquad:de/00000": 1}),)
    assert found["WiCE"].claims == (Claim("WiCE", "It is tall.", "The tower\nis tall.", "partly"),)
    assert [claim.support for claim in found["CLIMATE-FEVER"].claims] == ["supported", "unsupported"]
    assert found["RGB zh"].articles[0].text == "安赢了。\n她赢了。"
    assert found["Cranfield"].articles[0] == Article("cranfield:1", "slip flow", "slip flow over a plate .")
    assert found["Cranfield"].questions[0].relevant == {"cranfield:1": 3, "cranfield:2": 1}
    assert [one.text for one in found["BrowseComp-Plus"].articles] == ["The keeper was Ann.", "No."]


def test_an_empty_folder_has_no_data_sets(tmp_path):
    assert adapters.datasets(tmp_path) == []


def test_the_data_made_here_is_many_languages_and_no_key_begins_another():
    data = written()

    assert len(data.articles) >= 100
    assert {question.language for question in data.questions} >= {"en", "de", "es", "fr", "ru", "ar", "zh"}
    assert not any(two.key.startswith(one.key) for one, two in permutations(data.articles, 2))
    told = {question.text: languages.detect(question.text) for question in data.questions}
    assert {question.text: question.language for question in data.questions} == told


def test_the_gain_of_a_ranking_is_relative_to_the_best_one():
    assert retrieval.ndcg(["a", "b"], {"a": 2, "b": 1}) == 1.0
    assert 0 < retrieval.ndcg(["b", "a"], {"a": 2, "b": 1}) < 1.0
    assert retrieval.ndcg(["c"], {"a": 1}) == 0.0


def test_the_yardstick_ranks_by_rare_words():
    articles = [Article(str(n), "", "the herd moves") for n in range(5)] + [
        Article("rare", "", "a quagga grazes")
    ]

    assert retrieval.Bm25(articles).search("quagga herd")[0] == "rare"


def test_balanced_accuracy_takes_both_kinds_alike():
    page = "The tower is 40 metres tall and was built of brick in 1868."
    claims = [
        Claim("true", page, page, "supported"),
        Claim("number", "The tower is 51 metres tall and was built of brick in 1868.", page, "unsupported"),
    ]

    *_, (name, cells), strange = citing.rows(claims, claims)

    assert (name, cells[-1]) == ("balanced accuracy", "1.000")
    assert strange == ("another claim's page", ["0", "unsupported", "0.0%"])


def test_each_claim_is_also_cited_on_the_page_of_another_one():
    towers = ("The tower of Hasp is 40 metres tall.", "The tower of Orrin was built of brick in 1868.")
    claims = [Claim("tower", page, page, "supported") for page in towers]

    assert citing.rows(claims, claims)[-1][1] == ["2", "unsupported", "0.0%"]


def test_a_table_ends_when_its_time_is_over_and_tells_how_far_it_came(monkeypatch, capsys):
    clock = iter(range(0, 10_000, 7))
    monkeypatch.setattr(pacing.time, "monotonic", lambda: next(clock))

    assert list(pacing.paced("t", "abcdefghij", seconds=30.0)) == ["a", "b", "c", "d"]
    assert capsys.readouterr().err.splitlines() == [
        "t: 1 of 10", "t: 3 of 10", "t: stopped after 30 s, 4 of 10 done",
    ]  # fmt: skip


def test_a_sample_is_spread_over_all_questions_and_the_same_each_time():
    sample = pacing.spread(range(1000), 100)

    assert sample == pacing.spread(range(1000), 100)
    assert len(set(sample)) == 100
    assert min(sample) < 100
    assert max(sample) > 900


async def test_a_question_is_put_with_its_article_and_without_it(engine):
    text = "The ropeway of Ember Hill carried slate to the harbour. It was closed in 1921."
    articles = [
        Article("a/1", "Ember Hill ropeway", text),
        Article("a/2", "Moths", "A moth eats the seeds of reeds."),
    ]
    for one in articles:
        await documents.put(engine, ANYBODY, one.key, one.title, one.text)
    questions = [Question("en", "What did the ropeway of Ember Hill carry?", {"a/1": 1})]

    found = await retrieval.rows(engine, articles, questions)
    refused = await refusals.rows(engine, articles, questions)

    assert found == [("en", ["1", "1.000", "1.000", "1.000", "1.000", "0.000"])]
    assert refused[0] == ("en", ["1", "0%", "100%", "100%", "100%"])
    assert await documents.text(engine, ANYBODY, "a/1") == text


async def test_a_question_is_also_put_without_the_whole_article_of_its_text(engine):
    articles = [
        Article("b/1", "Ropeway", "The ropeway of Ember Hill was closed in 1921.", "Ember Hill"),
        Article("b/2", "Ropeway", "The ropeway of Ember Hill was closed at night.", "Ember Hill"),
    ]
    for one in articles:
        await documents.put(engine, ANYBODY, one.key, one.title, one.text)
    question = Question("en", "When was the ropeway of Ember Hill closed?", {"b/1": 1})

    refused = await refusals.rows(engine, articles, [question])

    assert refused[0][1][-2:] == ["0%", "100%"]
    assert [await documents.text(engine, ANYBODY, one.key) for one in articles] == [
        one.text for one in articles
    ]


async def test_a_question_in_another_language_is_found_by_meaning(engine):
    for key, text in (("c/1", "At sea level it is 100 degrees."), ("c/2", "A whale is large.")):
        await documents.put(engine, ANYBODY, key, key, text)
    question = Question("de → en", "Wie heiß ist es auf Meereshöhe?", {"c/1": 1})

    async with make_client() as client, served(MockEmbeddings(client)) as url:
        meaning = Meaning(client, url, "m")
        await meaning.embed(engine, "c")
        found = await meaning.rows(engine, [question])

    assert found == [("de → en", ["1", "0.000", "1.000", "1.000", "1.000", "0.000", "0.000"])]


def test_files_of_xquad_are_asked_in_each_other_s_language(folder):
    paragraph = {"context": "The tower is tall.", "qas": [{"question": "How tall is the tower?"}]}
    put(folder, "xquad.en.json", {"data": [{"title": "The_tower", "paragraphs": [paragraph]}]})

    german, english = adapters.xquad(folder)

    assert german.across == (Question("en → de", "How tall is the tower?", {"xquad:de/00000": 1}),)
    assert english.across == (Question("de → en", "Wie hoch ist der Turm?", {"xquad:en/00000": 1}),)
    assert english.articles[0].title == "The tower"
