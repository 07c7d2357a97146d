"""Embed the passages of documents, beside all else that a worker does.

Documents are found by their words at once, and by meaning once this has been to them.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from msgspec import Struct
from msgspec.structs import replace

from app.agent.ports import PartlyPaid
from app.errors import DatabaseUnavailable, ProviderError
from app.metrics import ProcessMetrics
from app.providers.embedding import DocumentEmbedder
from app.providers.resting import is_of_server
from app.store import embedding_models as store
from app.store import passage_vectors, provider_keys, quotas
from app.store.database import Engine
from app.store.embedding_models import EmbeddingClaim, StoredModel
from app.store.passage_vectors import UnembeddedPassage

EMBEDDING_POLL = 2.0  # seconds between two looks for documents
EMBEDDING_LEASE = timedelta(seconds=180)  # of a claim, prolonged with each batch; one takes a minute at most
SETTLE_EVERY = 60.0  # seconds between two looks which models are wanted
SHORTEST_PAUSE, LONGEST_PAUSE = 2.0, 120.0  # seconds after a failure of the server
REFUSED_IN_A_ROW = 8  # documents, after which it is the server that does not know the model, or has no money
BATCHES_OF_TURN = 8  # of one tenant, then the next one has its turn
OTHER_LENGTH = "The embedding server returns vectors of another length than before."

log = logging.getLogger(__name__)


class Pause(Struct, frozen=True):
    """How long a server is left alone."""

    until: float = 0.0
    seconds: float = 0.0


EmbedderOf = Callable[[str], Awaitable[DocumentEmbedder | None]]


class PassageEmbedder:
    """Claims documents, embeds their passages, and lets new models serve.

    Args:
        shared: of the tenants that have no server of their own.
        embedder_of: a tenant's.
    """

    def __init__(
        self, engine: Engine, shared: DocumentEmbedder, embedder_of: EmbedderOf, metrics: ProcessMetrics
    ) -> None:
        self._engine = engine
        self._shared = shared
        self._embedder_of = embedder_of
        self._metrics = metrics
        self._settle_at = 0.0
        self._is_able = False  # the database can store vectors
        self._begun = set[int]()  # models that this process has worked on
        self._turns = dict[int, str]()  # the tenant that had the last turn, by model
        self._pauses = dict[int, Pause]()  # by model
        self._refused = dict[int, int]()  # documents in a row, by model

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            try:
                wait = 0.0 if await self.work() else EMBEDDING_POLL
            except DatabaseUnavailable:
                log.debug("Embedding waits for Postgres.")
                wait = EMBEDDING_POLL
            except Exception:
                log.exception("Documents could not be embedded; it is tried again.")
                wait = LONGEST_PAUSE
            await asyncio.sleep(wait)

    async def work(self) -> bool:
        """Give each model a turn. False if none had anything to do."""
        if time.monotonic() >= self._settle_at:
            self._settle_at = time.monotonic() + SETTLE_EVERY
            self._is_able = await store.has_vectors(self._engine)
            if self._is_able:
                await self._settle()
        if not self._is_able:
            return False
        models = await store.busy_models(self._engine)
        spent = await quotas.spent_tenants(self._engine) if models else []
        worked = False
        for model in models:
            worked |= await self._give_turn(model, spent)
        return worked

    async def _settle(self) -> None:
        """Make the models that the settings and keys of tenants name."""
        self._metrics.unembedded.set(await store.count_unembedded(self._engine))
        await self._begin(await store.want_model(self._engine, None, self._shared.wanted))
        keys = await provider_keys.all_provider_keys(self._engine)
        keyed = {key.tenant for key in keys if key.provider == "embedding"}
        for tenant in sorted(keyed | await store.own_scopes(self._engine)):
            try:
                embedder = await self._embedder_of(tenant)
            except ProviderError as error:
                log.warning("A tenant's documents wait.", extra={"tenant": tenant, "error": str(error)})
                continue
            if embedder and embedder.tenant:
                await self._begin(await store.want_model(self._engine, tenant, embedder.wanted))
            else:
                await store.leave_scope(self._engine, tenant)

    async def _begin(self, model: StoredModel | None) -> None:
        """Try again what was given up: the settings may be others now."""
        if model and model.model_id not in self._begun:
            self._begun.add(model.model_id)
            await store.retry_refused(self._engine, model.model_id)

    async def _give_turn(self, model: StoredModel, spent: Sequence[str]) -> bool:
        """Let a model embed a little. False if nothing waits."""
        if model.state == "leaving":
            return await store.remove_some(self._engine, model.model_id)
        pause = self._pauses.get(model.model_id)
        if pause and time.monotonic() < pause.until:
            return False
        last = self._turns.get(model.model_id, "")
        claim = await store.claim_unembedded(self._engine, model.model_id, last, EMBEDDING_LEASE, spent)
        if claim is None:
            return await self._complete(model, spent)
        self._turns[model.model_id] = claim.tenant
        await self._embed_claim(model, claim)
        return True

    async def _complete(self, model: StoredModel, spent: Sequence[str]) -> bool:
        """Let a model serve that has embedded all it may."""
        came = await store.complete(self._engine, model, spent)
        if came == "serves":
            log.info("A model serves searches of documents.", extra={"model": model.name})
        return bool(came)

    async def _embed_claim(self, model: StoredModel, claim: EmbeddingClaim) -> None:
        """Embed documents of one tenant, at its server alone."""
        try:
            embedder = await self._embedder_of(claim.tenant)
        except ProviderError as error:
            await store.refuse(self._engine, claim, str(error))
            return
        if embedder is None or embedder.tenant != model.tenant:  # its keys have changed
            self._settle_at = 0.0
            await store.release(self._engine, claim)
            return
        await self._embed_documents(embedder, model, claim)

    async def _embed_documents(
        self, embedder: DocumentEmbedder, model: StoredModel, claim: EmbeddingClaim
    ) -> bool:
        """Embed what a claim lacks, in at most BATCHES_OF_TURN requests.

        False where the server has to be left alone.
        """
        try:
            for _ in range(BATCHES_OF_TURN):
                # Before each request, so that none is paid for what another worker has by now.
                held = await store.beat(self._engine, claim, EMBEDDING_LEASE)
                if held is None:
                    return True
                claim = held
                passages = await passage_vectors.unembedded_passages(self._engine, claim)
                if not passages:
                    await store.end(self._engine, claim)
                    return True
                await self._embed_batch(embedder, model, claim, passages)
        except ProviderError as error:
            return await self._fail(embedder, model, claim, error)
        except asyncio.CancelledError:
            await self._release(claim)
            raise
        await store.release(self._engine, claim)
        return True

    async def _embed_each(
        self, embedder: DocumentEmbedder, model: StoredModel, claim: EmbeddingClaim
    ) -> bool:
        """Embed documents one by one.

        False where the server has to be left alone.
        """
        left = list(claim.document_ids)
        try:
            while left:
                if not await self._embed_documents(
                    embedder, model, replace(claim, document_ids=[left.pop()])
                ):
                    return False
            return True
        finally:
            if left:
                await self._release(replace(claim, document_ids=left))

    async def _release(self, claim: EmbeddingClaim) -> None:
        """Give a claim back, also of a worker that ends."""
        with contextlib.suppress(DatabaseUnavailable):  # the claim ends by itself
            await asyncio.shield(store.release(self._engine, claim))

    async def _embed_batch(
        self,
        embedder: DocumentEmbedder,
        model: StoredModel,
        claim: EmbeddingClaim,
        passages: Sequence[UnembeddedPassage],
    ) -> None:
        """Embed some passages. Raises ProviderError."""
        texts = [f"{one.title}\n{one.text}" for one in passages]
        try:
            with self._metrics.timing(self._metrics.embedding_seconds):
                made = await embedder.embed_passages(model.wanted, texts)
        except PartlyPaid as error:
            await store.add_use(self._engine, claim.tenant, model.name, 0, error.usage)
            raise
        self._refused.pop(model.model_id, None)
        await store.add_use(self._engine, claim.tenant, model.name, len(passages), made.usage)
        if not await store.learn_dimensions(self._engine, model.model_id, len(made.vectors[0])):
            raise ProviderError("validation", OTHER_LENGTH, retryable=True)
        await passage_vectors.store_vectors(self._engine, claim, passages, made.vectors)
        self._metrics.embedding_batches.labels("made").inc()
        self._metrics.embedded.inc(len(passages))
        if self._pauses.pop(model.model_id, Pause()).until or model.error:
            await store.note_error(self._engine, model.model_id, None)

    async def _fail(
        self, embedder: DocumentEmbedder, model: StoredModel, claim: EmbeddingClaim, error: ProviderError
    ) -> bool:
        """Pause for a server that fails, and set aside what it refuses.

        If it refuses several documents together, each is tried alone. False where it has to be left alone.
        """
        refused = self._refused.get(model.model_id, 0)
        is_away = is_of_server(error) or refused >= REFUSED_IN_A_ROW
        self._metrics.embedding_batches.labels("failed" if is_away else "refused").inc()
        if is_away:
            await store.release(self._engine, claim)
            await self._pause(model, error)
            return False
        if len(claim.document_ids) > 1:
            return await self._embed_each(embedder, model, claim)
        self._refused[model.model_id] = refused + 1
        await store.refuse(self._engine, claim, str(error))
        return True

    async def _pause(self, model: StoredModel, error: ProviderError) -> None:
        """Leave a model's server alone for a while."""
        known = self._pauses.get(model.model_id)
        seconds = min(LONGEST_PAUSE, 2 * known.seconds if known else SHORTEST_PAUSE)
        wait = max(seconds, error.retry_after or 0.0)
        self._pauses[model.model_id] = Pause(time.monotonic() + wait, seconds)
        if known is None:
            about = {"model": model.name, "tenant": model.tenant or "", "error": str(error)}
            log.warning("The embedding server is away: documents wait for their vectors.", extra=about)
        await store.note_error(self._engine, model.model_id, str(error))
