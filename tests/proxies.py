"""Run nginx and Caddy with the examples in deploy/.

They are Debian's, and stand in front of the tests' servers.
"""

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

DEPLOY = Path(__file__).parent.parent / "deploy"
NAMES = ("nginx", "caddy")
MAIN = """daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/dossier.conf;
}}
"""
CERTIFICATE = (
    "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 "
    "-subj /CN=localhost -addext subjectAltName=DNS:localhost"
)


CADDY = """{{
    admin off
    auto_https disable_redirects
}}
https://localhost:{port} {{
    bind 127.0.0.1
    tls {folder}/cert.pem {folder}/key.pem"""


def find_proxy(name: str) -> str | None:
    """Find a proxy, and what makes its certificate."""
    found = shutil.which(name) or shutil.which(f"/usr/sbin/{name}")
    return found if found and shutil.which("openssl") else None


@contextlib.asynccontextmanager
async def proxying(name: str, servers: Sequence[str], folder: Path) -> AsyncIterator[str]:
    """Run the example with other addresses and files, yielding its URL.

    The URL is below its root path.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    await asyncio.to_thread(subprocess.run, CERTIFICATE.split(), cwd=folder, check=True, capture_output=True)
    addresses = [server.removeprefix("http://") for server in servers]
    write = _write_nginx if name == "nginx" else _write_caddy
    command = [find_proxy(name), *write(addresses, folder, port)]
    said = (folder / "said").open("wb")
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=said, stderr=said)
    try:
        await _until_it_listens(port)
        yield f"https://localhost:{port}/dossier"
    finally:
        process.terminate()
        await process.wait()
        said.close()


def _write_nginx(addresses: Sequence[str], folder: Path, port: int) -> list[str]:
    _write_example(
        "nginx/dossier.conf",
        folder,
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("server_name research.example.com", "server_name localhost"),
        ("/etc/ssl/certs/research.example.com.pem", f"{folder}/cert.pem"),
        ("/etc/ssl/private/research.example.com.key", f"{folder}/key.pem"),
        ("127.0.0.1:8001", addresses[0]),
        ("127.0.0.1:8002", addresses[-1]),
    )
    (folder / "nginx.conf").write_text(
        ("user root;\n" if os.getuid() == 0 else "") + MAIN.format(folder=folder)
    )
    return ["-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]


def _write_caddy(addresses: Sequence[str], folder: Path, port: int) -> list[str]:
    _write_example(
        "caddy/Caddyfile",
        folder,
        ("research.example.com {", CADDY.format(port=port, folder=folder)),
        ("127.0.0.1:8001 127.0.0.1:8002", " ".join(addresses)),
    )
    return ["run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


def _write_example(name: str, folder: Path, *replaced: tuple[str, str]) -> None:
    text = (DEPLOY / name).read_text()
    for named, ours in replaced:
        assert named in text
        text = text.replace(named, ours)
    (folder / Path(name).name).write_text(text)


async def _until_it_listens(port: int) -> None:
    for _ in range(1200):
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(0.05)
    raise AssertionError("The proxy does not listen.")
