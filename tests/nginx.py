"""Debian's nginx with deploy/nginx/dossier.conf, in front of the tests' servers."""

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

EXAMPLE = Path(__file__).parent.parent / "deploy/nginx/dossier.conf"
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


def find_nginx() -> str | None:
    """Find nginx and what makes its certificate."""
    found = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    return found if found and shutil.which("openssl") else None


@contextlib.asynccontextmanager
async def proxying(nginx: str, servers: Sequence[str], folder: Path) -> AsyncIterator[str]:
    """Run the documented nginx with test addresses, yielding the prefixed URL."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    await asyncio.to_thread(subprocess.run, CERTIFICATE.split(), cwd=folder, check=True, capture_output=True)
    text = EXAMPLE.read_text()
    for named, ours in [
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("server_name research.example.com", "server_name localhost"),
        ("/etc/ssl/certs/research.example.com.pem", f"{folder}/cert.pem"),
        ("/etc/ssl/private/research.example.com.key", f"{folder}/key.pem"),
        ("127.0.0.1:8001", servers[0].removeprefix("http://")),
        ("127.0.0.1:8002", servers[-1].removeprefix("http://")),
    ]:
        assert named in text
        text = text.replace(named, ours)
    (folder / "dossier.conf").write_text(text)
    (folder / "nginx.conf").write_text(
        ("user root;\n" if os.getuid() == 0 else "") + MAIN.format(folder=folder)
    )
    command = [nginx, "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    process = await asyncio.create_subprocess_exec(*command)
    try:
        await _until_it_listens(port)
        yield f"https://localhost:{port}/dossier"
    finally:
        process.terminate()
        await process.wait()


async def _until_it_listens(port: int) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(0.05)
    raise AssertionError("nginx does not listen.")
