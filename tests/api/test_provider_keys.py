"""Provider keys over HTTP are set, listed, removed, and never shown."""

import pytest
from msgspec.structs import replace

from app.domain.master_key import new_master_key
from dossier import ApiError, AsyncDossier
from tests.conftest import FAST, TestHouse, serving

KEY = "cnry-http-4d2f9a7710ce"
THEIRS = "https://acme.example/v1"


@pytest.fixture
async def url(database_url):
    """A server with a master key."""
    house = TestHouse(replace(FAST, master_key=new_master_key()), database_url)
    async with serving(house, workers=0) as url:
        yield url
    await house.engine.dispose()


async def test_a_key_is_set_replaced_listed_and_removed(url):
    async with AsyncDossier(url) as dossier:
        await dossier.set_provider_key("openai", "sk-first-0123456789")
        made = await dossier.set_provider_key("openai", KEY, base_url=THEIRS)
        listed = await dossier.provider_keys()
        await dossier.remove_provider_key("openai")
        with pytest.raises(ApiError, match="no key for this provider"):
            await dossier.remove_provider_key("openai")

        assert listed.provider_keys == [made]
        assert (made.tenant, made.provider, made.base_url) == ("default", "openai", THEIRS)
        assert (await dossier.provider_keys()).provider_keys == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": f"{KEY} two"},
        {"key": f"{KEY}é"},
        {"key": KEY * 200},
        {"base_url": "http://acme.example"},
        {"base_url": "https://user:word@acme.example"},
        {"base_url": "ftp://acme.example"},
        {"base_url": "https://"},
        {"base_url": "https://[", "provider": "tavily"},
        {"base_url": "", "provider": "http"},
        {"provider": "teletext"},
        {"keys": KEY},
    ],
    ids=str,
)
async def test_what_cannot_be_kept_is_refused_and_not_repeated(url, wrong):
    async with AsyncDossier(url) as dossier:
        body = {"provider": "openai", "key": KEY, **wrong}
        refused = await dossier._http.put("/provider-keys", json=body)

    assert refused.status_code == 400
    assert KEY not in refused.text
