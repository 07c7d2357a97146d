"""Ask the servers that embed and rerank once, for `dossier doctor`."""

import asyncio
from collections.abc import Iterator

from app.cli.check_results import CheckResult
from app.configuration import embedder_of, reranker_of
from app.domain.events import Usage
from app.errors import BadSetting, ProviderError
from app.providers.http import make_client
from app.settings import Settings

TRIED_QUESTION = "At what temperature does water boil at sea level?"
TRIED_PASSAGES = ("Whales are mammals.", "At sea level water boils at 100 degrees Celsius.")


def provider_checks(settings: Settings, *, calls: bool) -> Iterator[CheckResult]:
    """Say of each server that is set whether it answers."""
    if settings.embedding_url:
        yield asyncio.run(_of_embedder(settings, calls=calls))
    if settings.rerank_url:
        yield asyncio.run(_of_reranker(settings, calls=calls))


async def _of_embedder(settings: Settings, *, calls: bool) -> CheckResult:
    try:
        async with make_client() as client:
            embedder = embedder_of(settings, client)
            if embedder is None or not calls:
                return _uncalled("embeddings", settings.embedding_model)
            found = await embedder.embed((TRIED_QUESTION,))
    except (BadSetting, ProviderError) as error:
        return _failed("embeddings", error)
    said = f"{embedder.name} answered with {len(found.vectors[0])} dimensions {_at(found.usage)}."
    return CheckResult("embeddings", "ok", said)


async def _of_reranker(settings: Settings, *, calls: bool) -> CheckResult:
    try:
        async with make_client() as client:
            reranker = reranker_of(settings, client)
            if reranker is None or not calls:
                return _uncalled("reranker", settings.rerank_model or settings.rerank_url)
            found = await reranker.rerank(TRIED_QUESTION, TRIED_PASSAGES)
    except (BadSetting, ProviderError) as error:
        return _failed("reranker", error)
    if found.scores[0] >= found.scores[1]:
        said = f"{reranker.name} puts a sentence about whales before the one that answers."
        return CheckResult("reranker", "warning", said, "Look whether that model is a reranker.")
    return CheckResult("reranker", "ok", f"{reranker.name} answered {_at(found.usage)}.")


def _uncalled(check: str, name: str) -> CheckResult:
    return CheckResult(check, "ok", f"{name}; it was not called (--call does).")


def _failed(check: str, error: Exception) -> CheckResult:
    return CheckResult(check, "problem", str(error), "Correct its key and address.")


def _at(usage: Usage) -> str:
    return "at an unknown cost" if usage.cost_usd is None else f"for ${usage.cost_usd:.6f}"
