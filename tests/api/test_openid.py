"""People sign in at an OpenID provider, and nobody else does."""

import asyncio
import base64
import contextlib
import hmac
import json
import re

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from msgspec.structs import replace

from app.api import keyring as keyring_module
from app.domain.sign_in import is_own_path
from app.providers import openid
from app.store.database import fetch
from app.store.tenants import add_tenant, resume_tenant, suspend_tenant
from tests.conftest import FAST, TestHouse, serving
from tests.fuzz.fuzzing import Fuzzer
from tests.fuzz.world import World
from tests.openid_provider import CLIENT, EC_KEY, OTHER_KEY, PUBLIC_PEM, RSA_KEY, SECRET, jwk, openid_provider
from tests.steps import until

SHORT_KEY = rsa.generate_private_key(65537, 1024)
END = "https://id.example/end?of=session"
TO_PAGE = {"Accept": "text/html"}


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(keyring_module, "KEYS_FRESH", 0.05)
    monkeypatch.setattr(openid, "FAILED_SECONDS", 0.0)
    monkeypatch.setattr(openid, "LOOK_AGAIN_SECONDS", 0.0)


@pytest.fixture
def provider():
    with openid_provider() as made:
        yield made


@pytest.fixture
async def site(database_url, provider):
    """A browser of a server that lets in whom the provider knows."""
    settings = replace(
        FAST,
        oidc_issuer=provider.issuer,
        oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,
        oidc_tenant_claim="org",
        oidc_scopes_claim="roles",
        oidc_name='Acme "ID"',
        public_url="http://127.0.0.1",
    )
    provider.claimed = {"org": "acme", "roles": ["dossier:read", "submit", "root"]}
    house = TestHouse(settings, database_url)
    async with serving(house, workers=0) as url, httpx.AsyncClient(base_url=url, timeout=60) as browser:
        await add_tenant(house.engine, "acme")
        browser.house = house
        yield browser


async def begin(browser, provider, next_path="/browse/jobs"):
    """Sign in at the provider, and return what comes back."""
    led = await browser.get("/sign-in/oidc", params={"next": next_path})
    assert led.status_code == 302
    assert "SameSite=lax" in led.headers["set-cookie"]
    back, brought = provider.authorise(led.headers["location"])
    assert back == "http://127.0.0.1/sign-in/oidc/callback"
    return brought


async def come_back(browser, brought):
    return await browser.get("/sign-in/oidc/callback", params=brought, headers=TO_PAGE)


async def sign_in(browser, provider):
    return await come_back(browser, await begin(browser, provider))


async def test_somebody_signs_in_works_and_signs_out(site, provider):
    assert (await site.get("/jobs")).status_code == 401  # though no key was ever made
    provider.described["end_session_endpoint"] = END
    page = (await site.get("/sign-in")).text
    assert 'data-name="Acme &quot;ID&quot;"' in page

    done = await sign_in(site, provider)
    assert done.status_code == 200
    cookies = done.headers.get_list("set-cookie")
    assert any(re.match(r"dossier_key=dsk_\w+;.*HttpOnly.*SameSite=strict", one) for one in cookies)
    assert "url=/browse/jobs" in done.text
    made = await site.post("/jobs", json={"query": "Why?"})
    assert made.status_code == 201
    [event] = await fetch(site.house.engine, "SELECT actor FROM events WHERE type = 'job_submitted'")
    assert re.fullmatch(r"user:[0-9a-f]{32}", event[0])
    assert "ann" not in event[0]
    assert (await site.get("/keys")).status_code == 403
    key = site.cookies["dossier_key"]

    await suspend_tenant(site.house.engine, "acme")

    async def answers(status):
        return (await site.get("/jobs")).status_code == status

    await until(lambda: answers(403))
    assert (await sign_in(site, provider)).status_code == 403
    await resume_tenant(site.house.engine, "acme")
    await until(lambda: answers(200))
    ended = await site.delete("/session")
    assert (ended.status_code, ended.json()) == (200, {"end_session_url": f"{END}&client_id=dossier"})
    assert (await site.delete("/session")).status_code == 204  # nobody is signed in any more
    site.cookies.set("dossier_key", key, domain="127.0.0.1")
    await until(lambda: answers(401))  # what the browser had is worth nothing


async def test_signing_out_here_needs_nothing_of_the_provider(site, provider):
    assert (await sign_in(site, provider)).status_code == 200
    assert (await site.delete("/session")).status_code == 204  # it has no place to sign out


async def test_every_answer_of_the_flow_is_in_the_document(site, provider):
    assert (await sign_in(site, provider)).status_code == 200
    document = (await site.get("/schema")).json()
    document["paths"] = {path: known for path, known in document["paths"].items() if "/oidc" in path}
    with contextlib.closing(Fuzzer(World(document, "dsk_none", {}), str(site.base_url))) as fuzzer:
        found = await asyncio.to_thread(fuzzer.faults, fuzzer.cases(10))

    assert not found, "\n".join(map(str, found))
    assert {302, 401} <= fuzzer.statuses


async def test_a_sign_in_is_of_its_browser_and_of_one_time(site, provider):
    brought = await begin(site, provider)
    async with httpx.AsyncClient(base_url=site.base_url) as other:
        assert (await come_back(other, brought)).status_code == 401
    kept = site.cookies["dossier_sign_in"]
    assert (await come_back(site, {**brought, "state": "x"})).status_code == 401
    assert (await come_back(site, brought)).status_code == 200
    assert "dossier_sign_in" not in site.cookies
    site.cookies.set("dossier_sign_in", kept, domain="127.0.0.1")
    assert (await come_back(site, brought)).status_code == 401  # the provider would take the code again
    odd = {"state": brought["state"], "nonce": "\ud800", "verifier": "\ud800", "next": "/"}
    made = base64.urlsafe_b64encode(json.dumps(odd).encode()).decode()
    for cookie in ("", "x", "e30", "bnVsbA", "A" * 4000, made.rstrip("=")):
        site.cookies.set("dossier_sign_in", cookie, domain="127.0.0.1")
        assert (await come_back(site, brought)).status_code == 401


def test_only_paths_of_this_server_are_gone_to():
    assert all(map(is_own_path, ("/", "/browse/jobs?q=a#b")))
    wrong = ("", "x", "//h", "/\\h", "https://h", "javascript:x", "/a b", "/a\r\nb", "/" * 2000, "/é")
    assert not any(map(is_own_path, wrong))


async def test_no_other_site_is_led_to(site, provider):
    brought = await begin(site, provider, "//evil.example")
    assert 'url=/"' in (await come_back(site, brought)).text


def signed(key=RSA_KEY, algorithm="RS256", kid="rsa", **more):
    return lambda claims: jwt.encode({**claims, **more}, key, algorithm, headers={"kid": kid})


def unsigned(claims):
    return jwt.encode(claims, None, "none")


def with_public_key(claims):
    """HS256 with what everybody knows, as a library refuses to do it."""

    def part(value):
        return base64.urlsafe_b64encode(value).rstrip(b"=")

    head = part(json.dumps({"alg": "HS256", "kid": "rsa", "typ": "JWT"}).encode())
    text = head + b"." + part(json.dumps(claims).encode())
    return (text + b"." + part(hmac.digest(PUBLIC_PEM, text, "sha256"))).decode()


FORGED = {
    "none": unsigned,
    "public key as a secret": with_public_key,
    "another's key": signed(OTHER_KEY),
    "a key that is not shown": signed(OTHER_KEY, kid="other"),
    "another kind of key": signed(EC_KEY, "ES256", kid="rsa"),
    "another nonce": signed(nonce="x"),
    "a nonce that is no text": signed(nonce=["x"]),
    "another client": signed(aud="other"),
    "several clients": signed(aud=[CLIENT, "other"]),
    "another party": signed(azp="other"),
    "another issuer": signed(iss="https://other.example"),
    "over": signed(exp=1),
    "of the future": signed(iat=4_000_000_000),
    "not yet": signed(nbf=4_000_000_000),
    "nobody": signed(sub=""),
    "too long a name": signed(sub="x" * 256),
    "a name that is no text": signed(sub="a\ud800"),
    "a name of nothing": signed(sub="a\0"),
    "a nonce that is no unicode": signed(nonce="\ud800"),
    "a condition that nobody knows": lambda claims: jwt.encode(
        claims, RSA_KEY, "RS256", headers={"kid": "rsa", "crit": ["x"], "x": 1}
    ),
    "no time": signed(exp=[1]),
    "no token": lambda _claims: "a.b.c",
    "nothing": lambda _claims: "",
    "too long": lambda _claims: "x" * 100_000,
}


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")  # of the provider
async def test_no_forged_token_lets_anybody_in(site, provider):
    shown = provider.keys
    for name, sign in FORGED.items():
        provider.sign = sign
        answer = await sign_in(site, provider)
        assert (name, answer.status_code) == (name, 401)
        assert "dossier_key" not in site.cookies
        assert SECRET not in answer.text
    provider.sign = signed(SHORT_KEY)
    provider.keys = [jwk(SHORT_KEY, "rsa", "RS256")]
    assert (await sign_in(site, provider)).status_code == 401
    provider.keys = shown
    provider.sign = signed()
    for claim in ("exp", "iat", "iss", "aud", "sub", "nonce"):
        provider.dropped = {claim}
        assert (await sign_in(site, provider)).status_code == 401
    provider.dropped = set()
    for sign in (signed(), signed(EC_KEY, "ES256", "ec"), signed(azp=CLIENT, aud=[CLIENT, "other"])):
        provider.sign = sign
        assert (await sign_in(site, provider)).status_code == 200


async def test_claims_say_which_tenant_and_what(site, provider):
    for claims in (
        {"org": "nobody"},
        {"org": None},
        {"org": ["acme", "default"]},
        {"org": {"a": 1}},
        {"org": "a\0"},
        {"org": "a\ud800"},
        {"org": "../acme"},
        {"org": "acme", "roles": []},
        {"org": "acme", "roles": "sql root"},
    ):
        provider.claimed = {"roles": "read", **claims}
        assert (claims, (await sign_in(site, provider)).status_code) == (claims, 403)
    provider.claimed = {"org": ["acme"], "roles": "admin"}
    assert (await sign_in(site, provider)).status_code == 200
    [mine] = (await site.get("/keys")).json()["keys"]
    assert (mine["tenant"], mine["scopes"]) == ("acme", ["admin"])
    assert mine["subject"].startswith("user:")
    assert (await site.get("/tenants")).status_code == 403


async def test_a_provider_that_misbehaves_keeps_everybody_out(site, provider, monkeypatch):
    described = "/.well-known/openid-configuration"
    for said in (
        {"issuer": "https://other.example"},
        {"token_endpoint": "http://other.example/token"},
        {"jwks_uri": "ftp://127.0.0.1/keys"},
        {"authorization_endpoint": "javascript:alert(1)"},
    ):
        provider.described = said
        assert (await site.get("/sign-in/oidc")).json()["code"] == "sign_in_unavailable"
    provider.described = {}
    for raw in (b"", b"[" * 100_000, b'{"issuer": 1}', b" " * (openid.MAX_PROVIDER_ANSWER + 1), b"\xff"):
        provider.bodies = {described: raw}
        assert (await site.get("/sign-in/oidc")).status_code == 503
    provider.bodies = {"/keys": b'{"keys":["' + b"x" * openid.MAX_PROVIDER_ANSWER}
    assert (await sign_in(site, provider)).status_code == 503
    provider.bodies = {"/token": b'{"id_token": 5}'}
    assert (await sign_in(site, provider)).status_code == 503
    provider.bodies = {}
    brought = await begin(site, provider)
    assert (await come_back(site, {**brought, "iss": "https://other.example"})).status_code == 401
    assert (await come_back(site, {"error": "access_denied", "state": brought["state"]})).status_code == 401
    wrong = await come_back(site, {**brought, "code": "mine"})
    assert (wrong.status_code, SECRET in wrong.text) == (401, False)
    assert (await come_back(site, brought)).status_code == 200


async def test_a_slow_provider_holds_nobody_up_for_long(site, provider, monkeypatch, caplog):
    brought = await begin(site, provider)
    monkeypatch.setattr(openid, "PROVIDER_SECONDS", 0.1)
    provider.goes_on.clear()
    caplog.set_level("DEBUG")
    late = await come_back(site, brought)
    assert late.status_code == 503
    provider.goes_on.set()
    monkeypatch.setattr(openid, "PROVIDER_SECONDS", 60.0)
    assert (await come_back(site, brought)).status_code == 200
    secrets = (SECRET, site.cookies["dossier_key"])
    # What this test's own browser gets is logged by its client.
    said = [one.getMessage() for one in caplog.records if not one.name.startswith("httpcore")]
    assert not any(secret in text for secret in secrets for text in (late.text, *said))


async def test_a_provider_that_failed_is_left_alone_for_a_moment(site, provider, monkeypatch):
    monkeypatch.setattr(openid, "FAILED_SECONDS", 3600.0)
    provider.described = {"issuer": 5}
    for _ in range(3):
        assert (await site.get("/sign-in/oidc")).status_code == 503
    assert len(provider.asked) == 1


async def test_keys_are_looked_for_again_and_not_too_often(site, provider, monkeypatch):
    monkeypatch.setattr(openid, "LOOK_AGAIN_SECONDS", 3600.0)
    assert (await sign_in(site, provider)).status_code == 200
    provider.sign = signed(OTHER_KEY, kid="new")
    for _ in range(3):
        assert (await sign_in(site, provider)).status_code == 401
    assert provider.asked.count("/keys") == 1
    monkeypatch.setattr(openid, "LOOK_AGAIN_SECONDS", 0.0)
    provider.keys = [jwk(OTHER_KEY, "new", "RS256")]
    assert (await sign_in(site, provider)).status_code == 200
    assert provider.asked.count("/keys") == 2


async def test_without_a_provider_there_is_no_way_in(api):
    for path in ("/sign-in/oidc", "/sign-in/oidc/callback?code=a&state=b"):
        assert (await api.get(path)).status_code == 404
    assert 'data-name=""' in (await api.get("/sign-in")).text
