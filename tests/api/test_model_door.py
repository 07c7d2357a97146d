"""Refuse a model or a money limit that no worker would take.

The refusal comes before a job is made.
"""

import pytest
from msgspec.structs import replace

from app.configuration import model_book
from app.settings import Settings
from app.toolmaking import warn_of_ends
from tests.conftest import FAST, TestHouse, serving
from tests.steps import completed_job

FILE = """
allow = ["luna", "priced"]

[models.luna]
base_url = "http://127.0.0.1:1/v1"

[models.priced]
base_url = "http://127.0.0.1:1/v1"
price = { input = 1, output = 2 }

[models.hidden]
base_url = "http://127.0.0.1:1/v1"
"""


@pytest.fixture
async def house_of_models(database_url, tmp_path):
    path = tmp_path / "models.toml"
    path.write_text(FILE)
    return TestHouse(replace(FAST, models=str(path)), database_url)


async def sent(house, body, path="/jobs"):
    import httpx

    async with serving(house, workers=0) as url, httpx.AsyncClient(base_url=url) as client:
        return await client.post(path, json=body)


@pytest.mark.parametrize("name", ["hidden", "gpt-9"])
async def test_a_model_that_is_not_offered_is_refused_with_the_names(house_of_models, name):
    answer = await sent(house_of_models, {"query": "Why?", "model": name})

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "model_not_offered")
    assert problem["errors"][0]["field"] == "model"
    assert "luna, priced" in problem["detail"]


async def test_a_fork_cannot_change_to_a_model_that_is_not_offered(house_of_models):
    job = await completed_job(house_of_models.writer)

    answer = await sent(house_of_models, {"changes": {"model": "gpt-9"}}, f"/jobs/{job.id}/fork")

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "changes.model")


async def test_the_face_of_openai_refuses_the_same(house_of_models):
    body = {"model": "dossier-quick:gpt-9", "input": "Why?"}

    answer = await sent(house_of_models, body, "/v1/responses")

    assert answer.status_code in (400, 422)


@pytest.mark.parametrize(
    ("model", "limits", "status"),
    [
        ("luna", {"max_cost_usd": 1}, 422),
        ("luna", {"max_cost_usd": 1, "max_tokens": 1000}, 201),
        ("luna", {}, 201),
        ("priced", {"max_cost_usd": 1}, 201),
        (None, {"max_cost_usd": 1}, 422),
    ],
)
async def test_money_alone_needs_a_price(house_of_models, model, limits, status):
    body = {"query": "Why?", "limits": limits} | ({"model": model} if model else {})

    answer = await sent(house_of_models, body)

    assert answer.status_code == status
    assert status == 201 or answer.json()["code"] == "price_unknown"


def test_a_model_that_ends_soon_is_warned_of_at_start(tmp_path, caplog):
    path = tmp_path / "models.toml"
    path.write_text('[models.old]\nbase_url = "http://127.0.0.1:1/v1"\nends = 2020-01-31\n')
    settings = Settings(models=str(path))

    warn_of_ends(model_book(settings))

    assert "The model old has ended on 2020-01-31." in caplog.text
