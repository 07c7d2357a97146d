"""Calls cost what the price list says, and bad lists are refused."""

import pytest

from app.errors import BadSetting
from app.providers.prices import LISTED, Price, load_prices, price_of


def test_cached_tokens_are_cheaper_where_the_list_says_so():
    assert Price(2.0, 8.0, 0.5).cost(1_000_000, 400_000, 500_000) == pytest.approx(1.2 + 0.2 + 4.0)
    assert Price(2.0, 8.0).cost(1_000_000, 400_000, 500_000) == pytest.approx(2.0 + 4.0)


def test_more_cached_tokens_than_tokens_cost_no_less_than_nothing():
    assert Price(2.0, 8.0, 0.5).cost(100, 1_000, 0) == pytest.approx(100 * 0.5 / 1e6)


def test_a_dated_model_costs_what_its_family_costs_and_an_unknown_one_is_not_guessed():
    assert price_of("gpt-4.1-mini-2025-04-14", LISTED) == LISTED["gpt-4.1-mini"]
    assert price_of("gpt-4.1-mini", LISTED) == LISTED["gpt-4.1-mini"]
    assert price_of("gpt-4.1-maxi", LISTED) is None
    assert price_of("my/gpt-4.1", LISTED) is None


def test_a_file_replaces_and_extends_the_list(tmp_path):
    path = tmp_path / "prices.json"
    path.write_text('{"gpt-4o": {"input": 1, "output": 2}, "qwen3": {"input": 0, "output": 0}}')

    prices = load_prices(path)

    assert prices["gpt-4o"] == Price(1, 2)
    assert prices["qwen3"] == Price(0, 0)
    assert prices["gpt-5"] == LISTED["gpt-5"]
    assert load_prices(None) == dict(LISTED)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"m": 1}',
        '{"m": {"input": 1}}',
        '{"m": {"input": -1, "output": 1}}',
        '{"m": {"input": 1, "output": 1, "currency": "EUR"}}',
        "[" * 100_000,
    ],
)
def test_a_file_that_is_no_price_list_is_a_bad_setting(tmp_path, text):
    path = tmp_path / "prices.json"
    path.write_text(text)

    with pytest.raises(BadSetting, match="DOSSIER_PRICES"):
        load_prices(path)


def test_a_file_that_is_not_there_is_a_bad_setting(tmp_path):
    with pytest.raises(BadSetting, match="DOSSIER_PRICES"):
        load_prices(tmp_path / "none.json")
