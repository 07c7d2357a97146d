"""Ask an OpenID provider who somebody is: code flow with PKCE.

What the provider says is bounded in bytes and in time, and no redirect is followed. A token counts if a key
of the provider has signed it, by an algorithm that it suits, for this client, this sign-in and this time.
"""

import asyncio
import hmac
import time
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import httpx
import jwt
import msgspec
from msgspec import Struct, field

from app.domain.sign_in import SignInFlow
from app.errors import SignInUnavailable, Unauthorised
from app.providers.http import shorten

MAX_PROVIDER_ANSWER = 256_000  # bytes of what a provider says
MAX_ASKING = 20  # codes that are sent at a time
FAILED_SECONDS = 10.0  # that a provider which failed is left alone
PROVIDER_SECONDS = 10.0  # for one answer, to its last byte
FRESH_SECONDS = 3600.0  # that a document or keys are used before they are read again
LOOK_AGAIN_SECONDS = 60.0  # between two looks for a key that is not known
MAX_KEYS_READ = 100
MAX_TOKEN = 32_000  # characters
LONGEST_SUBJECT = 255  # characters, as OpenID Connect bounds it
CLOCK_SKEW = 60  # seconds
RSA_BITS = range(2048, 8193)
# Signatures by a key pair alone, and the keys that each takes: with HS256 a public key could sign.
KEY_KINDS: Mapping[str, str] = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), "RSA"),
    **dict.fromkeys(("ES256", "ES384", "ES512"), "EC"),
    "EdDSA": "OKP",
}


AnswerT = TypeVar("AnswerT")


class ProviderDescription(Struct, frozen=True):
    """What counts of a provider's description of itself."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None = None
    token_endpoint_auth_methods_supported: list[str] = field(default_factory=lambda: ["client_secret_basic"])
    authorization_response_iss_parameter_supported: bool = False


class KeySet(Struct, frozen=True):
    """The keys that a provider signs with."""

    keys: list[dict[str, Any]]


class TokenAnswer(Struct, frozen=True):
    """What counts of a provider's answer for a code."""

    id_token: str


class OpenIdClient(Struct, frozen=True):
    """This server, as its provider knows it."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_uri: str

    def __repr__(self) -> str:
        """Without the secret."""
        return f"OpenIdClient({self.issuer!r})"


class OpenIdProvider:
    """Signs people in at one provider."""

    def __init__(self, http: httpx.AsyncClient, client: OpenIdClient) -> None:
        self.issuer = client.issuer
        self._http = http
        self._client = client
        self._lock = asyncio.Lock()
        self._discovery: ProviderDescription | None = None
        self._described_at = float("-inf")
        self._keys: list[dict[str, Any]] = []
        self._keys_at = float("-inf")
        self._failed_at = float("-inf")
        self._failed: SignInUnavailable | None = None
        self._asking = 0

    async def address(self, flow: SignInFlow) -> str:
        """Return where a browser signs in. Raises SignInUnavailable."""
        described = await self._description()
        asked = {
            "response_type": "code",
            "scope": "openid",
            "client_id": self._client.client_id,
            "redirect_uri": self._client.redirect_uri,
            "state": flow.state,
            "nonce": flow.nonce,
            "code_challenge": flow.challenge,
            "code_challenge_method": "S256",
        }
        return _with_query(described.authorization_endpoint, asked)

    async def end_address(self) -> str | None:
        """Return where a browser signs out of the provider too.

        None where it names no such place, or does not answer.
        """
        try:
            described = await self._description()
        except SignInUnavailable:
            return None
        place = described.end_session_endpoint
        return _with_query(place, {"client_id": self._client.client_id}) if place else None

    async def claims(self, code: str, issuer: str | None, flow: SignInFlow) -> Mapping[str, Any]:
        """Return what the provider says of who signed in.

        Raises Unauthorised, SignInUnavailable.
        """
        described = await self._description()
        wants_issuer = described.authorization_response_iss_parameter_supported
        if (issuer is not None or wants_issuer) and issuer != self.issuer:
            raise Unauthorised("The answer is from another provider than the one that was asked.")
        if self._asking >= MAX_ASKING:
            raise SignInUnavailable("Too many people sign in at this moment. Try again.")
        self._asking += 1
        try:
            token = await self._token(described, code, flow)
        finally:
            self._asking -= 1
        return await self._checked(token, flow.nonce)

    async def _token(self, described: ProviderDescription, code: str, flow: SignInFlow) -> str:
        client = self._client
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": client.redirect_uri,
            "code_verifier": flow.verifier,
        }
        auth: httpx.BasicAuth | None = None
        if not client.client_secret:
            form["client_id"] = client.client_id
        elif "client_secret_basic" in described.token_endpoint_auth_methods_supported:
            auth = httpx.BasicAuth(quote(client.client_id, safe=""), quote(client.client_secret, safe=""))
        else:
            form |= {"client_id": client.client_id, "client_secret": client.client_secret}
        status, body = await self._ask("POST", described.token_endpoint, data=form, auth=auth)
        if 400 <= status < 500:
            raise Unauthorised(f"The provider takes no such code{_said(body, code, client.client_secret)}.")
        return _decoded(body, TokenAnswer, status, "for a code").id_token

    async def _checked(self, token: str, nonce: str) -> Mapping[str, Any]:
        """Return the claims of a token that holds. Raises Unauthorised, SignInUnavailable."""
        if len(token) > MAX_TOKEN:
            raise Unauthorised("The provider's token is too long.")
        try:
            header = jwt.get_unverified_header(token)
            algorithm = str(header.get("alg"))
            if algorithm not in KEY_KINDS:
                raise Unauthorised("The provider's token is not signed by an algorithm that is taken here.")
            key = await self._key(header.get("kid"), algorithm)
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=self._client.client_id,
                issuer=self.issuer,
                leeway=CLOCK_SKEW,
                options={"require": ["exp", "iat", "iss", "aud", "sub", "nonce"]},
            )
        except jwt.PyJWTError as error:
            raise Unauthorised(f"The provider's token does not hold ({type(error).__name__}).") from None
        self._check_claims(claims, nonce)
        return claims

    def _check_claims(self, claims: Mapping[str, Any], nonce: str) -> None:
        if not hmac.compare_digest(str(claims["nonce"]).encode(errors="replace"), nonce.encode()):
            raise Unauthorised("The provider's token is of another sign-in.")
        subject, party = claims["sub"], claims.get("azp")
        if (
            not isinstance(subject, str)
            or not 0 < len(subject) <= LONGEST_SUBJECT
            or not subject.isprintable()
        ):
            raise Unauthorised("The provider's token does not say who signed in.")
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if (party is not None or several) and party != self._client.client_id:
            raise Unauthorised("The provider's token was made for another client.")

    async def _key(self, kid: object, algorithm: str) -> Any:  # noqa: ANN401 - of cryptography, by its kind
        """Return the key that a token names. Raises Unauthorised, SignInUnavailable."""
        for wait in (FRESH_SECONDS, LOOK_AGAIN_SECONDS):
            await self._read_keys(wait)
            found = [one for one in self._keys if _suits(one, kid, algorithm)]
            if len(found) == 1:
                return _public_key(found[0], algorithm)
        raise Unauthorised("The provider's token is signed by a key that it does not show.")

    async def _read_keys(self, wait: float) -> None:
        described = await self._description()
        async with self._lock:
            if time.monotonic() - self._keys_at < wait:
                return
            self._keys = (await self._read(described.jwks_uri, KeySet, "for its keys")).keys[:MAX_KEYS_READ]
            self._keys_at = time.monotonic()

    async def _description(self) -> ProviderDescription:
        async with self._lock:
            if self._discovery and time.monotonic() - self._described_at < FRESH_SECONDS:
                return self._discovery
            address = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
            found = await self._read(address, ProviderDescription, "for its description")
            if found.issuer != self.issuer:
                raise SignInUnavailable("The provider describes another issuer than DOSSIER_OIDC_ISSUER.")
            ends = (
                found.authorization_endpoint,
                found.token_endpoint,
                found.jwks_uri,
                found.end_session_endpoint,
            )
            for one in filter(None, ends):
                self._check_address(one)
            self._discovery, self._described_at = found, time.monotonic()
            return found

    async def _read(self, address: str, kind: type[AnswerT], what: str) -> AnswerT:
        """Return a document of the provider.

        One that failed is left alone for a moment: strangers may ask for it. Raises SignInUnavailable.
        """
        if self._failed and time.monotonic() - self._failed_at < FAILED_SECONDS:
            raise SignInUnavailable(str(self._failed))
        try:
            status, body = await self._ask("GET", address)
            return _decoded(body, kind, status, what)
        except SignInUnavailable as error:
            self._failed, self._failed_at = error, time.monotonic()
            raise

    def _check_address(self, address: str) -> None:
        """Refuse an address that is less safe than the issuer's own."""
        try:
            parts, own = urlsplit(address), urlsplit(self.issuer)
            is_own = (parts.scheme, parts.hostname) == (own.scheme, own.hostname)
            is_safe = (parts.scheme == "https" or is_own) and not parts.username
        except ValueError:
            is_safe = False
        if not is_safe or not address.isascii() or not address.isprintable():
            raise SignInUnavailable("The provider describes an address that is not https.")

    async def _ask(self, method: str, address: str, **options: Any) -> tuple[int, bytes]:  # noqa: ANN401 - httpx's
        """Return status and body of an answer. Raises SignInUnavailable."""
        body = bytearray()
        try:
            async with asyncio.timeout(PROVIDER_SECONDS):
                headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
                options = {"headers": headers, **options}
                async with self._http.stream(method, address, follow_redirects=False, **options) as answer:
                    async for chunk in answer.aiter_raw(16_384):
                        body += chunk
                        if len(body) > MAX_PROVIDER_ANSWER:
                            raise SignInUnavailable("The provider's answer is too long.")
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL) as error:
            why = type(error).__name__
            raise SignInUnavailable(f"The provider does not answer ({why}). Try again later.") from None
        return answer.status_code, bytes(body)


def _with_query(address: str, asked: Mapping[str, str]) -> str:
    return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(asked)}"


def _decoded(body: bytes, kind: type[AnswerT], status: int, what: str) -> AnswerT:
    wrong = SignInUnavailable(f"The provider, asked {what}, answered {status} and nothing that fits.")
    if status != 200:
        raise wrong
    try:
        return msgspec.json.decode(body, type=kind)
    except (ValueError, RecursionError):
        raise wrong from None


def _suits(key: Mapping[str, Any], kid: object, algorithm: str) -> bool:
    """Return whether a key of the provider may have made a signature."""
    return (
        key.get("kty") == KEY_KINDS[algorithm]
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and (kid is None or key.get("kid") == kid)
    )


def _public_key(key: Mapping[str, Any], algorithm: str) -> Any:  # noqa: ANN401 - of cryptography, by its kind
    public = {name: value for name, value in key.items() if name not in ("d", "p", "q", "dp", "dq", "qi")}
    made = jwt.PyJWK(public, algorithm).key
    size = getattr(made, "key_size", 0)
    if KEY_KINDS[algorithm] == "RSA" and size not in RSA_BITS:
        raise Unauthorised("The provider's key is too short or too long.")
    return made


def _said(body: bytes, *secrets: str) -> str:
    """Return the code of an OAuth error, in brackets."""
    try:
        said = msgspec.json.decode(body, type=dict[str, Any]).get("error")
    except (ValueError, RecursionError):
        return ""
    words = shorten(said, *filter(None, secrets))[:60]
    return f" ({words})" if words else ""
