"""Run three nodes of etcd, two of them with Patroni and PostgreSQL.

Each has a network of its own.
"""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx

from app.store.database import dial
from app.store.migrate import migrate
from tests.chaos.namespace import Namespace
from tests.steps import until

PROGRAMS = ("etcd", "patroni", "ip", "unshare")
NAME = "dossier"
NET = "192.0.2"  # for documentation: nobody has it
PASSWORD = "of-the-cluster"
# Seconds. Patroni asks for loop_wait + 2 * retry_timeout <= ttl; a partition is noticed after the ttl.
TIMES = {"ttl": 15, "loop_wait": 3, "retry_timeout": 5}
LINK = ("address add {address}/24 dev eth0", "link set eth0 up", "link set lo up")


def programs() -> Path | None:
    """Return the folder of PostgreSQL's programs, or None if packages are missing."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return folders[-1] if folders and all(map(shutil.which, PROGRAMS)) else None


class Node:
    """Run one machine: its network, etcd, and perhaps Patroni.

    Patroni runs on the first two.
    """

    def __init__(self, number: int, folder: Path, bin_folder: Path) -> None:
        self.name, self.address = f"n{number}", f"{NET}.{number}"
        self._folder = folder / self.name
        self._bin = bin_folder
        self._network = Namespace()
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def open(self) -> None:
        """Make its network, with a link to the bridge."""
        self._network.__enter__()
        ip(f"link add {self.name} type veth peer name eth0 netns {self._network.path}")
        for words in LINK:
            self._network.ip(words.format(address=self.address))
        ip(f"link set {self.name} master bridge up")
        for folder in (self._folder, self._folder / "etcd"):
            folder.mkdir(mode=0o700)
            shutil.chown(folder, "postgres", "postgres")

    def close(self) -> None:
        """End all that runs in it."""
        self.kill()
        self._network.__exit__()

    def part(self) -> None:
        """Cut its link: nobody is told."""
        ip(f"link set {self.name} down")

    def join(self) -> None:
        """Let packets pass again."""
        ip(f"link set {self.name} up")

    def start_etcd(self, names: dict[str, str]) -> None:
        """Start the member of etcd."""
        peers = ",".join(f"{name}=http://{address}:2380" for name, address in names.items())
        client, peer = f"http://{self.address}:2379", f"http://{self.address}:2380"
        options = {
            "name": self.name,
            "data-dir": str(self._folder / "etcd"),
            "listen-client-urls": client,
            "advertise-client-urls": client,
            "listen-peer-urls": peer,
            "initial-advertise-peer-urls": peer,
            "initial-cluster": peers,
            "heartbeat-interval": "200",
            "election-timeout": "2000",
        }
        self._start("etcd", "etcd", *(f"--{name}={value}" for name, value in options.items()))

    def start_patroni(self, hosts: list[str]) -> None:
        """Start Patroni, which makes, follows or takes over."""
        file = self._folder / "patroni.yml"
        file.write_text(json.dumps(self._settings(hosts)))  # JSON is YAML
        shutil.chown(file, "postgres")
        self._start("patroni", "patroni", str(file))

    def _settings(self, hosts: list[str]) -> dict[str, object]:
        folder, login = self._folder, {"password": PASSWORD}
        everybody = [f"host {what} all {NET}.0/24 trust" for what in ("all", "replication")]
        return {
            "scope": NAME,
            "name": self.name,
            "restapi": {"listen": f"{self.address}:8008", "connect_address": f"{self.address}:8008"},
            "etcd3": {"hosts": [f"{host}:2379" for host in hosts]},
            "bootstrap": {
                "dcs": {
                    **TIMES,
                    "synchronous_mode": True,
                    "master_start_timeout": 0,
                    "postgresql": {"use_pg_rewind": True, "parameters": {"wal_keep_size": "128MB"}},
                },
                "initdb": [{"encoding": "UTF8"}, {"locale": "C.UTF-8"}, "data-checksums"],
            },
            "postgresql": {
                "listen": f"{self.address}:5432",
                "connect_address": f"{self.address}:5432",
                "data_dir": str(folder / "data"),
                "bin_dir": str(self._bin),
                "pgpass": str(folder / "pgpass"),  # in a folder that its user may write to
                "pg_hba": everybody,
                "authentication": {
                    "superuser": {"username": "postgres", **login},
                    "replication": {"username": "replicator", **login},
                },
                "parameters": {"unix_socket_directories": str(folder), "shared_buffers": "32MB"},
            },
            "watchdog": {"mode": "off"},
        }

    def _start(self, name: str, *command: str) -> None:
        with (self._folder / f"{name}.log").open("ab") as log:
            self._running[name] = self._network.run(
                subprocess.Popen, command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
                env={"PATH": f"/usr/sbin:/usr/bin:/bin:{self._bin}"},
                user="postgres", group="postgres", extra_groups=[], start_new_session=True,
            )  # fmt: skip

    def kill(self) -> None:
        """SIGKILL to Patroni, PostgreSQL and etcd, as if the power went."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            first = int((self._folder / "data" / "postmaster.pid").read_text().split()[0])
            os.kill(first, signal.SIGKILL)
        for child in self._running.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        self._running.clear()

    def psql(self, sql: str, seconds: float) -> str:
        """Return what a client on this machine is told, if anything."""
        command = [self._bin / "psql", "-qAtX", "-h", self.address, "-U", "postgres", "-d", NAME, "-c", sql]
        try:
            said = self._network.run(
                subprocess.run, command, capture_output=True, text=True, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired:
            return "nothing"
        return (said.stderr or said.stdout).strip()

    def log(self) -> str:
        """Return the end of Patroni's log."""
        return "\n".join((self._folder / "patroni.log").read_text(errors="replace").splitlines()[-15:])


def ip(words: str) -> None:
    """Run one command of iproute2."""
    subprocess.run(["ip", *words.split()], check=True, capture_output=True)


class PatroniCluster:
    """Give a `World` its Postgres, with all that can happen to it."""

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes = nodes
        self.servers = nodes[:2]
        self._addresses = {node.name: node.address for node in nodes}

    @property
    def url(self) -> str:
        return self._url(NAME)

    def _url(self, name: str) -> str:
        hosts = ",".join(f"{node.address}:5432" for node in self.servers)
        return f"postgresql://postgres:{PASSWORD}@{hosts}/{name}"

    async def begin(self) -> None:
        """Start everything, and wait for a synchronous standby."""
        for node in self.nodes:
            node.start_etcd(self._addresses)
        for node in self.servers:
            node.start_patroni(list(self._addresses.values()))
        await until(self.is_whole, seconds=240)
        await self.run(self._url("postgres"), f"CREATE DATABASE {NAME}")
        await asyncio.to_thread(migrate, self.url)

    async def database(self) -> str:
        """As `World` asks for it."""
        return self.url

    async def run(self, url: str, sql: str, *params: object) -> object:
        """Run one statement as the owner."""
        connection = await dial(url)
        try:
            return await connection.fetchval(sql, *params)
        finally:
            await connection.close()

    async def members(self) -> dict[str, str]:
        """Return each member's role, as those that answer see it."""
        async with httpx.AsyncClient(timeout=2, trust_env=False) as http:
            for node in self.servers:
                with contextlib.suppress(httpx.HTTPError, ValueError, KeyError):
                    told = (await http.get(f"http://{node.address}:8008/cluster")).json()["members"]
                    return {
                        one["name"]: one["role"] for one in told if one["state"] in {"running", "streaming"}
                    }
        return {}

    async def is_whole(self) -> bool:
        """Return True with a leader and a synchronous standby."""
        return sorted((await self.members()).values()) == ["leader", "sync_standby"]

    async def leader(self) -> Node:
        """Return the node that leads."""
        roles = await self.members()
        return next(node for node in self.servers if roles.get(node.name) == "leader")

    async def switch_over(self) -> None:
        """Ask the leader to hand over."""
        old = await self.leader()
        async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
            answer = await http.post(f"http://{old.address}:8008/switchover", json={"leader": old.name})
            answer.raise_for_status()

    def restart(self, node: Node) -> None:
        """Start a node that was killed."""
        node.start_etcd(self._addresses)
        node.start_patroni(list(self._addresses.values()))


@contextlib.contextmanager
def networks(folder: Path, bin_folder: Path) -> Iterator[list[Node]]:
    """Make a bridge and three nodes, already inside a private network."""
    folder.chmod(0o711)
    ip("link set lo up")
    ip("link add bridge type bridge")
    ip(f"address add {NET}.254/24 dev bridge")
    ip("link set bridge up")
    nodes = [Node(number, folder, bin_folder) for number in (1, 2, 3)]
    try:
        for node in nodes:
            node.open()
        yield nodes
    finally:
        for node in nodes:
            node.close()
