"""Serve an OpenID provider on a socket, with real keys."""

import base64
import json
import threading
import time
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

CLIENT, SECRET = "dossier", "s3cret of the client"
RSA_KEY = rsa.generate_private_key(65537, 2048)
OTHER_KEY = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC_PEM = RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def jwk(key, kid, algorithm):
    kind = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
    shown = kind.to_jwk(key.public_key(), as_dict=True)
    return {**shown, "kid": kid, "use": "sig", "alg": algorithm}


class Provider:
    """What the provider says, as a test wants it."""

    def __init__(self, port):
        self.issuer = f"http://127.0.0.1:{port}"
        self.keys = [jwk(RSA_KEY, "rsa", "RS256"), jwk(EC_KEY, "ec", "ES256")]
        self.described, self.claimed, self.dropped = {}, {}, set()
        self.sign = lambda claims: jwt.encode(claims, RSA_KEY, "RS256", headers={"kid": "rsa"})
        self.bodies = {}  # by path: raw bytes instead of JSON
        self.goes_on = threading.Event()  # not set: answers wait
        self.goes_on.set()
        self.asked = []
        self.codes = {}

    def authorise(self, address):
        """Sign somebody in, and return where they are led back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert (asked["response_type"], asked["client_id"]) == ("code", CLIENT)
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return asked["redirect_uri"], {"code": code, "state": asked["state"]}

    def discovery(self):
        address = self.issuer
        return {
            "issuer": address,
            "authorization_endpoint": f"{address}/authorize",
            "token_endpoint": f"{address}/token",
            "jwks_uri": f"{address}/keys",
            **self.described,
        }

    def token(self, form, authorization):
        asked = self.codes.get(form["code"])
        kind, _, given = authorization.partition(" ")
        name, _, secret = base64.b64decode(given).decode().partition(":")
        challenge = base64.urlsafe_b64encode(sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        is_right = (kind, unquote(name), unquote(secret)) == ("Basic", CLIENT, SECRET)
        if not asked or not is_right or challenge.decode() != asked["code_challenge"]:
            return 400, {"error": "invalid_grant", "error_description": f"no {form['code']} {SECRET}"}
        assert form["redirect_uri"] == asked["redirect_uri"]
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "sub": "ann@example.com", "nonce": asked["nonce"]}
        claims |= {"iat": now, "exp": now + 300, **self.claimed}
        claims = {name: value for name, value in claims.items() if name not in self.dropped}
        return 200, {"id_token": self.sign(claims), "access_token": "x", "token_type": "Bearer"}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        provider = self.server.provider
        found = {
            "/.well-known/openid-configuration": provider.discovery,
            "/keys": lambda: {"keys": provider.keys},
        }
        self.answer(200, found[self.path]())

    def do_POST(self):
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        given = {name: values[0] for name, values in form.items()}
        self.answer(*self.server.provider.token(given, self.headers.get("Authorization", "")))

    def answer(self, status, said):
        provider = self.server.provider
        provider.asked.append(self.path)
        provider.goes_on.wait(60)
        raw = provider.bodies.get(self.path, json.dumps(said).encode())
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *words):
        pass


@contextmanager
def openid_provider():
    """Serve a provider while this is open."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.provider = Provider(server.server_port)
    running = threading.Thread(target=server.serve_forever, daemon=True)
    running.start()
    try:
        yield server.provider
    finally:
        server.provider.goes_on.set()
        server.shutdown()
        server.server_close()
        running.join()
