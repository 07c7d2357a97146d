"""`dossier secret`: the key comes from standard input, and is shown nowhere."""

import asyncio
import json
import os

import pytest
from click.testing import CliRunner

from app.cli.root import dossier
from app.domain.caller import Caller
from app.domain.master_key import MasterKeys, new_master_key
from app.store import provider_keys as store
from app.store.tenants import add_tenant

KEY = "cnry-cli-91b7e2d40c58"


@pytest.fixture
def run(database_url, monkeypatch):
    """The command in this process, with a master key."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("DOSSIER_ENV_FILE", "none")
    monkeypatch.setenv("DOSSIER_MASTER_KEY", new_master_key())

    async def invoke(*words, given=""):
        return await asyncio.to_thread(CliRunner().invoke, dossier, ["secret", *words], input=given)

    return invoke


async def test_a_key_is_set_listed_rotated_and_removed(run, engine, monkeypatch):
    await add_tenant(engine, "acme")

    done = await run("set", "acme", "openai", "--json", given=f"{KEY}\n")
    assert json.loads(done.stdout) | {"set_at": ""} == {
        "tenant": "acme",
        "provider": "openai",
        "base_url": "",
        "set_at": "",
        "set_by": "cli",
    }
    listed = await run("list", "--json")
    assert [one["provider"] for one in json.loads(listed.stdout)] == ["openai"]

    made = json.loads((await run("master", "--json")).stdout)["master_key"]
    monkeypatch.setenv("DOSSIER_PREVIOUS_MASTER_KEY", os.environ["DOSSIER_MASTER_KEY"])
    monkeypatch.setenv("DOSSIER_MASTER_KEY", made)
    assert json.loads((await run("rotate", "--json")).stdout) == {"rotated": 1}
    sealed = await store.sealed_keys(engine, Caller("acme"))
    assert store.opened("acme", MasterKeys([made]), sealed)["openai"].key == KEY

    assert json.loads((await run("remove", "acme", "openai", "--json")).stdout)["removed"] == "openai"
    assert (await run("remove", "acme", "openai")).exit_code == 1
    assert not any(KEY in said.output for said in (done, listed))


@pytest.mark.parametrize(
    ("words", "given", "said"),
    [
        (("set", "nobody", "openai"), KEY, "no tenant 'nobody'"),
        (("set", "default", "openai"), "two words", "without spaces"),
        (("set", "default", "openai"), "", "must be letters"),
        (("set", "default", "embedding"), KEY, "base_url is needed"),
        (("set", "default", "openai", "--base-url", "http://acme.example"), KEY, "https://"),
        (("set", "default", "openai"), "x" * 5000, "longer than 4,000"),
        (("set", "default", "teletext"), KEY, "teletext"),
    ],
    ids=str,
)
async def test_what_cannot_be_kept_is_refused_without_showing_the_key(run, words, given, said):
    refused = await run(*words, given=given)

    shown = refused.output + str(refused.exception)
    assert refused.exit_code != 0
    assert said in shown
    assert not given or given[:30] not in shown


async def test_without_a_master_key_nothing_is_kept(run, monkeypatch):
    monkeypatch.delenv("DOSSIER_MASTER_KEY")
    refused = await run("set", "default", "openai", given=KEY)

    assert "DOSSIER_MASTER_KEY is not set" in refused.output + str(refused.exception)
