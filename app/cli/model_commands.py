"""`dossier models` shows the configured language models, and tests them."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

import click
import httpx
from click.exceptions import Exit
from msgspec import Struct

from app.agent.ports import Ask, Writing
from app.agent.prompts import messages
from app.agent.step_schema import strict_schema
from app.cli.exits import FAILED, Ended
from app.cli.printing import print_table
from app.cli.terminal import harmless, line, print_json
from app.configuration import model_book
from app.domain.tools import NextStep
from app.errors import ProviderError
from app.providers.http import make_client
from app.providers.language_model import LanguageModel
from app.providers.model_book import ModelBook
from app.providers.prices import ENDS, LISTED_ON
from app.providers.served_models import served_models
from app.settings import load_settings

QUESTION = "At how many degrees does water boil at sea level?"
MENU = ("generate_plan",)


class ModelLine(Struct, omit_defaults=True, kw_only=True):
    """What is known of one model."""

    name: str
    model: str
    server: str
    address: str
    wire: str
    context: int = 0  # tokens; 0: not known
    input_usd: float | None = None  # per million tokens
    output_usd: float | None = None
    ends: str = ""
    # Of a test call.
    form: str = ""
    seconds: float = 0.0
    first_seconds: float = 0.0
    tokens_per_second: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = None
    error: str = ""


@click.command(epilog="Example: dossier models --test")
@click.argument("name", required=False)
@click.option("--test", "is_tested", is_flag=True, help="Make one call of each: it may cost a little.")
@click.option("--served", "is_served", is_flag=True, help="List the models that the server of each has.")
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON for each model.")
def models(*, name: str | None, is_tested: bool, is_served: bool, as_json: bool) -> None:
    """Show the configured language models, or test a call of each.

    A test asks for the plan of a small question. It shows the form of reply that the server takes, how fast
    it answers, and what the call cost. The exit code is 1 if a call fails.
    """
    book = model_book(load_settings())
    if book is None:
        raise Ended("No model is configured. Set OPENAI_API_KEY, OPENAI_BASE_URL or DOSSIER_MODELS.", FAILED)
    names = [name] if name else list(book.names)
    if is_served:
        _list_served(book, names, as_json=as_json)
        return
    lines = asyncio.run(test_models(book, names)) if is_tested else [_line_of(book, one) for one in names]
    if as_json:
        for one in lines:
            print_json(one)
    else:
        _print(lines, is_tested=is_tested)
    raise Exit(1 if any(one.error for one in lines) else 0)


def _list_served(book: ModelBook, names: list[str], *, as_json: bool) -> None:
    """Print what each server has, once a server."""
    for address, served in asyncio.run(_served(book, names)).items():
        if as_json:
            print_json({"address": address, "models": served})
            continue
        click.echo(f"{harmless(address)}:")
        for one in served:
            click.echo(f"  {harmless(one)}")


async def _served(book: ModelBook, names: list[str]) -> dict[str, list[str]]:
    specs = {spec.address: spec for spec in map(book.spec, names)}
    async with make_client() as client:
        return {address: await served_models(client, spec) for address, spec in specs.items()}


def _line_of(book: ModelBook, name: str) -> ModelLine:
    spec = book.spec(name)
    ends = book.ends(name) or ENDS.get(spec.model)
    price = spec.price
    return ModelLine(
        name=name,
        model=spec.model,
        server=spec.preset.name,
        address=spec.address,
        wire=spec.wire,
        context=spec.context,
        input_usd=price.input if price else None,
        output_usd=price.output if price else None,
        ends=f"{ends:%Y-%m-%d}" if ends else "",
    )


async def test_models(book: ModelBook, names: list[str]) -> list[ModelLine]:
    """Call each model once, one after the other."""
    async with make_client() as client:
        return [await _test(client, book, name) for name in names]


async def _test(client: httpx.AsyncClient, book: ModelBook, name: str) -> ModelLine:
    found = _line_of(book, name)
    model = LanguageModel(client, book.spec(name), messages)
    today = datetime.now(UTC).date().isoformat()
    ask = Ask(
        query=QUESTION, today=today, effort="quick", step=1, menu=MENU, goal="", plan=(), turns=(), sources=()
    )
    writing, began = Writing(), time.monotonic()
    first = asyncio.create_task(_first_token(writing, began))
    try:
        reply = await model.next_step(ask, {}, writing)
    except ProviderError as error:
        found.error = str(error)
        return found
    finally:
        first.cancel()
    usage, found.seconds = reply.usage, round(time.monotonic() - began, 2)
    found.first_seconds = first.result() if first.done() and not first.cancelled() else found.seconds
    found.form = model.habits.ladder.form(strict_schema(NextStep, MENU))
    found.wire, found.context = model.habits.wire, model.room.context
    found.input_tokens, found.output_tokens = usage.input_tokens, usage.output_tokens
    found.cost_usd = usage.cost_usd
    writes = max(0.01, found.seconds - found.first_seconds)
    found.tokens_per_second = round((usage.output_tokens or writing.tokens) / writes, 1)
    return found


async def _first_token(writing: Writing, began: float) -> float:
    """Seconds until the first token, to a twentieth of a second."""
    while not writing.tokens:  # noqa: ASYNC110 - the reply rings no bell
        await asyncio.sleep(0.05)
    return round(time.monotonic() - began, 2)


def _print(lines: list[ModelLine], *, is_tested: bool) -> None:
    columns = ("Name", "Server", "Context", "USD per million in / out", "Ends")
    tested = ("Form", "First token", "Tokens/s", "Tokens in / out", "Cost", "Error")
    rows = [(*_known(one), *(_seen(one) if is_tested else ())) for one in lines]
    print_table((*columns, *(tested if is_tested else ())), rows)
    line(f"Listed prices are of {LISTED_ON:%Y-%m-%d}.")


def _known(one: ModelLine) -> tuple[str, ...]:
    price = "not known" if one.input_usd is None else f"{one.input_usd:g} / {one.output_usd:g}"
    name = one.name if one.name == one.model else f"{one.name} ({one.model})"
    server = f"{one.server}, {one.wire}"
    return name, server, f"{one.context:,}" if one.context else "not known", price, one.ends or "–"


def _seen(one: ModelLine) -> tuple[str, ...]:
    if one.error:
        return "–", "–", "–", "–", "–", one.error
    cost: Any = "not known" if one.cost_usd is None else f"${one.cost_usd:.6f}"
    tokens = f"{one.input_tokens:,} / {one.output_tokens:,}"
    return one.form, f"{one.first_seconds:g} s", f"{one.tokens_per_second:g}", tokens, cost, ""
