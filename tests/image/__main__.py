"""Build the image without Docker, and let it work on a job.

    python -m tests.image [option of buildah ...]

Its root is read-only, its user the image's own, its network this machine's. It needs root, and no engine.
"""

import asyncio
import contextlib
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx

from tests.chaos.processes import free_port
from tests.clusters import running_cluster
from tests.steps import until

BUILD = Path(__file__).parents[2] / "deploy" / "build_image.sh"
NAME = "localhost/dossier-test"
PROGRAMS = ("buildah", "debootstrap", "unshare", "chroot")
# The root is read-only; what a container gets beside it is in memory, as with --read-only --tmpfs.
INSIDE = """
    mount --bind {root} {root} && mount -o remount,ro,bind {root}
    mount -t tmpfs tmpfs {root}/tmp && mount -t proc proc {root}/proc
    exec chroot --userspec={user}:{user} {root} /usr/bin/env -i {environment} {command}"""


class Image:
    """The image's files, and what it says of how to run them."""

    def __init__(self, root: str, config: dict) -> None:
        self.root, self.config = root, config

    def command(self, *words: str, **environment: str) -> list[str]:
        """Return how to run a command in it."""
        home = f"HOME=/home/{self.config['User']}"
        said = [*self.config["Env"], home, *(f"{name}={value}" for name, value in environment.items())]
        script = INSIDE.format(
            root=self.root, user=self.config["User"], environment=shlex.join(said), command=shlex.join(words)
        )
        return ["unshare", "--mount", "sh", "-euc", script]

    def run(self, *words: str, **environment: str) -> str:
        """Run a command to its end, and return what it says."""
        ran = subprocess.run(
            self.command(*words, **environment), capture_output=True, text=True, timeout=300, check=False
        )
        return f"{ran.stdout}{ran.stderr}".strip()


@contextlib.contextmanager
def built(options: list[str]) -> Iterator[Image]:
    """Build the image, and yield it while its files are mounted."""
    subprocess.run([BUILD, *options], env={**os.environ, "IMAGE": NAME}, check=True, stdout=sys.stderr)
    container = buildah("from", "--pull-never", NAME)
    try:
        yield Image(buildah("mount", container), json.loads(buildah("inspect", NAME))["OCIv1"]["config"])
    finally:
        buildah("rm", container)


def buildah(*words: str) -> str:
    """Run buildah."""
    return subprocess.run(["buildah", *words], capture_output=True, text=True, check=True).stdout.strip()


async def work(image: Image, database_url: str) -> str:
    """Serve from the image, complete a job, and return its report."""
    port = free_port()
    words = ("dossier", "serve", f"--port={port}", "--workers=1")
    server = await asyncio.create_subprocess_exec(*image.command(*words, DATABASE_URL=database_url))
    try:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False
        ) as http:
            await until(lambda: answers(http, "/health/ready"), seconds=120)
            pages = {
                "title": "Yak",
                "text": "A yak is an ox of the mountains. It gives milk, wool and warmth.",
            }
            (await http.post("/documents", json=pages)).raise_for_status()
            job = (
                (await http.post("/jobs", json={"query": "What is a yak?"}))
                .raise_for_status()
                .json()["job_id"]
            )
            return await until(lambda: answers(http, f"/jobs/{job}/report"), seconds=180)
    finally:
        server.terminate()
        await server.wait()


async def answers(http: httpx.AsyncClient, path: str) -> str:
    """Return the text of a route that answers 200, else nothing."""
    with contextlib.suppress(httpx.HTTPError):
        told = await http.get(path)
        return told.text if told.is_success else ""
    return ""


def show(what: str, said: str) -> None:
    """Print what was seen."""
    print(f"{what:<12}{said}", flush=True)  # noqa: T201 - the outcome


def main() -> int:
    """Build, look and work."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if os.geteuid() or missing:
        show("skipped", f"needs root, and Debian's buildah and debootstrap; missing: {missing or 'root'}")
        return 0
    with built(sys.argv[1:]) as image, running_cluster() as cluster:
        user = image.run("id", "-un")
        refused = image.run("touch", "/usr/there")
        show("user", user)
        show("root", refused)
        show("python", image.run("python", "--version"))
        show("version", image.run("dossier", "--version"))
        show("migrate", image.run("dossier", "migrate", DATABASE_URL=cluster.url))
        report = asyncio.run(work(image, cluster.url))
        show("report", report.strip().splitlines()[0])
    is_confined = user not in {"", "root"} and "Read-only file system" in refused
    return 0 if is_confined and "yak" in report.casefold() else 1


if __name__ == "__main__":
    sys.exit(main())
