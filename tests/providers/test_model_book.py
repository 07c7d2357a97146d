"""The model book says which models exist and how each is asked.

What it refuses, it names.
"""

from datetime import date

import pytest
from msgspec.structs import replace

from app.configuration import tenant_settings
from app.domain.master_key import OpenedKey
from app.errors import BadSetting, ProviderError
from app.providers.base_address import checked_address, joined
from app.providers.ladder import UPWARDS, FormLadder
from app.providers.model_book import ModelBook, load_models
from app.providers.model_spec import ModelSpec
from app.providers.prices import ENDS, LISTED, Price, warning_of
from app.settings import Settings

FILE = """
default = "luna"
allow = ["luna", "local", "gpt-6-luna"]

[models.luna]
model = "gpt-6-luna"
reasoning_effort = "low"
ends = 2027-06-30

[models.local]
preset = "ollama"
model = "qwen3:8b"
context = 32768
concurrency = 2
first_seconds = 900
price = { input = 0, output = 0 }

[models.azure]
preset = "azure"
base_url = "https://me.openai.azure.com/openai/v1"
api_version = "preview"
headers = { "x-team" = "research" }
body = { "user" = "dossier" }
"""
USUAL = ModelSpec(model="gpt-6-luna", key="sk-default")


def book_of(tmp_path, text=FILE, usual=USUAL, **environment):
    path = tmp_path / "models.toml"
    path.write_text(text)
    given = {"AZURE_OPENAI_API_KEY": "azure-key", **environment}
    return ModelBook(load_models(path), usual, LISTED, given)


def test_a_named_model_is_asked_as_the_file_says(tmp_path):
    book = book_of(tmp_path)

    luna, local, azure = (book.spec(name, is_asked=False) for name in ("luna", "local", "azure"))

    assert (book.default, book.names) == ("luna", ("luna", "local", "azure", "gpt-6-luna"))
    assert (luna.model, luna.label, luna.key) == ("gpt-6-luna", "openai:luna", "sk-default")
    assert (luna.options, luna.price) == ({"reasoning_effort": "low"}, LISTED["gpt-6-luna"])
    assert (local.address, local.label) == ("http://127.0.0.1:11434/v1", "ollama:local")
    assert (local.patience.first_token, local.slots, local.context) == (900, 2, 32768)
    assert (local.key, local.price) == ("none", Price(0, 0))
    assert (azure.key, azure.query, azure.body) == (
        "azure-key",
        {"api-version": "preview"},
        {"user": "dossier"},
    )
    assert book.ends("luna") == date(2027, 6, 30)


def test_the_key_of_one_server_is_not_sent_to_another(tmp_path):
    text = '[models.other]\nbase_url = "https://models.example/v1"'

    assert book_of(tmp_path, text).spec("other").key == "none"


def test_a_request_may_name_what_the_list_allows_and_nothing_else(tmp_path):
    book = book_of(tmp_path)

    assert book.spec("gpt-6-luna").model == "gpt-6-luna"
    with pytest.raises(ProviderError, match="'azure'; this worker allows luna, local") as refused:
        book.spec("azure")
    assert not refused.value.retryable
    assert book_of(tmp_path, "").spec("any-model").model == "any-model"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[models.a]\nmodle = 'x'", "modle"),
        ("[models.a", "cannot be read"),
        ("[models.a]\npreset = 'olama'", "preset of a is 'olama'; known are openai"),
        ("[models.a]\nbase_url = 'http://a b/v1'", "base_url of a must be an address without spaces"),
        ("[models.a]\npreset = 'groq'", "key of a is to be in GROQ_API_KEY"),
        ("[models.a]\nbody = { messages = [] }", "body of a cannot set messages"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_by_name(tmp_path, text, words):
    with pytest.raises(BadSetting, match="DOSSIER_MODELS.*" + words):
        book_of(tmp_path, text)


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("https://a.test/v1", "https://a.test/v1/chat/completions"),
        ("https://a.test/v1/", "https://a.test/v1/chat/completions"),
        ("https://a.test", "https://a.test/chat/completions"),
        ("https://a.test/v1/chat/completions", "https://a.test/v1/chat/completions"),
        ("https://a.test/v1/responses?x=1", "https://a.test/v1/chat/completions?x=1"),
        ("https://a.test/d/m?api-version=2024-06-01", "https://a.test/d/m/chat/completions?api-version=2024-06-01"),
        ("http://[::1]:8080/v1#top", "http://[::1]:8080/v1/chat/completions"),
    ],
)  # fmt: skip
def test_a_base_address_of_any_form_is_joined_rightly(base, url):
    assert joined(checked_address("BASE", base), "/chat/completions") == url


def test_a_query_of_the_file_wins_over_that_of_the_address():
    found = joined("https://a.test/v1?api-version=1&x=2", "/responses", {"api-version": "3"})

    assert found == "https://a.test/v1/responses?api-version=3&x=2"


@pytest.mark.parametrize(
    "url", ["http://a b/v1", "http://a/v1\n", "http://me:secret@a/v1", "a.test", "http://"]
)
def test_an_address_that_is_none_is_refused_by_name_and_not_shown(url):
    with pytest.raises(BadSetting, match="BASE") as refused:
        checked_address("BASE", url)
    assert "secret" not in str(refused.value)


def test_the_default_model_has_a_price_and_does_not_end_soon():
    model = Settings().model

    assert model in LISTED
    assert warning_of(model, None, date(2026, 11, 26)) == ""


@pytest.mark.parametrize(
    ("today", "words"),
    [(date(2026, 9, 1), ""), (date(2026, 11, 26), "ends on 2027-01-14"), (date(2027, 2, 1), "has ended on")],
)
def test_the_end_of_a_model_is_warned_of(today, words):
    said = warning_of("gpt-4.1-mini-2025-04-14", None, today)

    assert ENDS["gpt-4.1-mini"] == date(2027, 1, 14)
    assert words in said
    assert bool(said) == bool(words)


def test_a_cache_write_has_its_own_price():
    price = Price(1.0, 10.0, cached_input=0.1, cache_write=1.25)

    assert price.cost(1_000_000, 400_000, 0, 200_000) == pytest.approx(0.4 + 0.04 + 0.25)


# Forms

PLAIN = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
UNION = {"type": "object", "properties": {"a": {"anyOf": [PLAIN, PLAIN]}}, "required": ["a"]}


def test_a_form_is_remembered_for_each_shape_and_tried_upwards_after_a_while():
    now = [0.0]
    ladder = FormLadder(clock=lambda: now[0])
    ladder.taken(UNION, "json_object", has_crashed=False)

    assert (ladder.form(UNION), ladder.form(PLAIN)) == ("json_object", "strict")
    now[0] = UPWARDS
    assert ladder.form(UNION) == "loose"
    ladder.taken(UNION, "json_object", has_crashed=False)  # refused again: the wait is doubled
    now[0] = 2 * UPWARDS
    assert ladder.form(UNION) == "json_object"
    now[0] = 3 * UPWARDS
    assert ladder.form(UNION) == "loose"
    ladder.taken(UNION, "loose", has_crashed=False)
    assert ladder.form(UNION) == "loose"


OWN_FILE = """
[models.claude]
preset = "anthropic"
headers = { "x-org" = "the-operators" }

[models.behind]
preset = "anthropic"
base_url = "https://gateway.example/v1"

[models.luna]
key = "OTHER_KEY"
headers = { "x-org" = "the-operators" }
query = { "team" = "the-operators" }
"""
THEIRS = "https://acme.example/v1"


def test_a_tenants_key_and_the_operators_are_never_sent_to_each_others_addresses(tmp_path):
    book = book_of(tmp_path, OWN_FILE, ANTHROPIC_API_KEY="sk-operator", OTHER_KEY="sk-operator-2")
    own = {"anthropic": OpenedKey("sk-tenant", ""), "openai": OpenedKey("sk-tenant-2", THEIRS)}
    usual = replace(USUAL, key="sk-tenant-2", base_url=THEIRS)
    theirs = ModelBook(book._file, usual, LISTED, book._environment, own)

    claude, behind, luna = (theirs.spec(name) for name in ("claude", "behind", "luna"))

    assert (claude.key, claude.address, claude.headers) == ("sk-tenant", "https://api.anthropic.com/v1", {})
    assert (behind.key, behind.address) == ("sk-operator", "https://gateway.example/v1")
    assert (luna.key, luna.address) == ("sk-tenant-2", THEIRS)
    assert (luna.headers, luna.query) == ({}, {})
    assert theirs.spec("any").key == "sk-tenant-2"
    operators = [book.spec(name) for name in ("claude", "behind", "luna")]
    assert [one.key for one in operators] == ["sk-operator", "sk-operator", "sk-operator-2"]


def test_settings_with_a_tenants_key_have_no_address_of_the_process():
    process = Settings(
        openai_api_key="sk-process",
        openai_base_url="https://gateway.example/v1",
        tavily_api_key="tvly-process",
        tavily_base_url="https://gateway.example",
        embedding_key="emb-process",
    )
    own = {name: OpenedKey(f"{name}-tenant", "") for name in ("openai", "tavily", "brave", "http")}

    theirs = tenant_settings(process, own | {"embedding": OpenedKey("emb-tenant", THEIRS)})

    assert (theirs.openai_api_key, theirs.openai_base_url) == ("openai-tenant", "")
    assert (theirs.tavily_api_key, theirs.tavily_base_url) == ("tavily-tenant", "")
    assert (theirs.embedding_key, theirs.embedding_url) == ("emb-process", ""), "the server embeds nothing"
    assert tenant_settings(process, {}) == process
