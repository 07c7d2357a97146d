"""Embed and search with a server of embeddings on loopback."""

from datetime import timedelta

import pytest

from app.document_finding import DocumentFinder
from app.domain.wanted_model import WantedModel
from app.metrics import ProcessMetrics
from app.providers.embedding import DocumentEmbedder, ServerEmbedder
from app.providers.http import make_client
from app.providers.prices import Price
from app.store import embedding_models
from app.worker.passage_embedder import PassageEmbedder
from tests.mocks.embedding import MockEmbeddings
from tests.mocks.serving import served


class Embedding:
    """One process that embeds, and one that searches."""

    def __init__(self, engine, client, url):
        self._engine, self._client, self._url = engine, client, url
        self.metrics = ProcessMetrics()
        self.want("m")

    def elsewhere(self, engine):
        """Return the same with another database."""
        return Embedding(engine, self._client, self._url)

    def made(self, name, tenant=None, **asked):
        server = ServerEmbedder(
            self._client,
            url=self._url,
            model=name,
            key=tenant or "secret",
            threshold=0.5,
            price=Price(1.0, 0.0),
        )
        return DocumentEmbedder(server, WantedModel(name, **asked), tenant)

    def want(self, name, **asked):
        """Start anew with the settings of this model."""
        self.embedder = self.made(name, **asked)
        self.use(self.of)

    def use(self, of):
        """Start anew with what is each tenant's."""
        self.worker = PassageEmbedder(self._engine, self.embedder, of, self.metrics)
        self.finder = DocumentFinder(self._engine, of)

    async def of(self, _tenant):
        return self.embedder

    async def work(self):
        """Embed until nothing is left to do."""
        while await self.worker.work():
            pass


@pytest.fixture
async def mock():
    async with make_client() as client:
        yield MockEmbeddings(client)


@pytest.fixture
async def embedding(engine, mock, monkeypatch):
    monkeypatch.setattr(embedding_models, "SWITCH_AFTER", timedelta(0))
    async with served(mock) as url:
        yield Embedding(engine, mock.client, url)
