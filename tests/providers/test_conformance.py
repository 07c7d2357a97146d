"""Every implementation of the ports, through the same suite."""

import pytest

from app.agent.extractive import Extractive
from app.providers.corpus_search import CorpusHit, CorpusHits, CorpusSearch
from app.providers.merged import MergedSearch
from app.store.documents import DocumentText
from tests.providers.conformance import ModelConformance, SearchConformance
from tests.scripted import ScriptedModel, ScriptedSearch


def corpus():
    async def find(query, limit):
        found = [CorpusHit(url, "Sea", "Water boils.", 0.7, 0.7, 1.0) for url in ("note:sea", "note:everest")]
        return CorpusHits(found[:limit])

    async def read(url):
        texts = {"note:sea": "Water boils at 100 degrees.", "note:everest": "At 70 degrees."}
        return DocumentText(texts[url], "en", "") if url in texts else None

    return CorpusSearch(find, read)


class TestExtractive(ModelConformance):
    @pytest.fixture
    def model(self):
        return Extractive()


class TestScriptedModel(ModelConformance):
    @pytest.fixture
    def model(self):
        return ScriptedModel()


class TestOpenAIModel(ModelConformance):
    @pytest.fixture(params=["success", "json_schema_refused", "json_refused", "talkative", "liar"])
    def model(self, openai_mock, request):
        openai_mock.play(request.param)
        return openai_mock.model()


class TestScriptedSearch(SearchConformance):
    @pytest.fixture
    def search(self):
        return ScriptedSearch()


class TestCorpusSearch(SearchConformance):
    @pytest.fixture
    def search(self):
        return corpus()


class TestTavilySearch(SearchConformance):
    @pytest.fixture
    def search(self, tavily_mock):
        return tavily_mock.search()


class TestMergedSearch(SearchConformance):
    @pytest.fixture
    def search(self, tavily_mock):
        return MergedSearch([tavily_mock.search(), corpus()])
