"""
Clients that people have, each the real one: those of three Debian releases, and today's from PyPI.

docs/ssh.md has them as a table, and its words are what is tested here.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import docker
import pytest
from docker.models.containers import Container

from .conftest import PREFIX, KeyPair, Result, Slipway

Start = Callable[..., Slipway]

CLIENTS = Path(__file__).with_name("clients")
TABLE = Path(__file__).parents[2] / "docs" / "ssh.md"
SUITES = {"Debian 11": "bullseye", "Debian 12": "bookworm", "Debian 13": "trixie"}
HERE = "PyPI"  # in the developer's venv, on this machine
COLUMNS = {"debian-12": "hardened, Debian 12", "debian-13": "hardened, Debian 13"}

# Each is a shell's line that reads the server's /etc/hostname. It has HOST, PORT, the private key's
# file KEY (and KEY.pub), and HOST_KEY: the server's key in base64.
_OPENSSH = (
    "ssh -F none -p $PORT -i $KEY -o BatchMode=yes -o StrictHostKeyChecking=no "
    "-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR %s root@$HOST cat /etc/hostname"
)
_WINDOWS = (
    "-o KexAlgorithms=curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,"
    "ecdh-sha2-nistp384,ecdh-sha2-nistp521,diffie-hellman-group-exchange-sha256,"
    "diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,diffie-hellman-group14-sha256 "
    "-o Ciphers=chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,"
    "aes128-gcm@openssh.com,aes256-gcm@openssh.com "
    "-o HostKeyAlgorithms=ecdsa-sha2-nistp256,ssh-ed25519,rsa-sha2-512,rsa-sha2-256,ssh-rsa"
)
_FIPS = (
    "-o KexAlgorithms=ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,"
    "diffie-hellman-group-exchange-sha256,diffie-hellman-group14-sha256,"
    "diffie-hellman-group16-sha512 -o MACs=hmac-sha2-256-etm@openssh.com,hmac-sha2-256 "
    "-o Ciphers=aes256-gcm@openssh.com,aes256-ctr,aes128-gcm@openssh.com,aes128-ctr "
    "-o HostKeyAlgorithms=ecdsa-sha2-nistp256,rsa-sha2-256,rsa-sha2-512"
)
_PARAMIKO, _ASYNCSSH, _LIBSSH = (
    f"python3 -W ignore $CLIENTS/with_{name}.py $HOST $PORT $KEY 'cat /etc/hostname'"
    for name in ("paramiko", "asyncssh", "libssh")
)


class Program(NamedTuple):
    """
    How a client is asked for its version, and how it logs in.
    """

    version: str
    login: str


PROGRAMS = {
    "OpenSSH": Program("ssh -V 2>&1", _OPENSSH % ""),
    "OpenSSH with the offer of Windows 10's 8.1": Program("ssh -V 2>&1", _OPENSSH % _WINDOWS),
    "OpenSSH with the offer of FIPS mode": Program("ssh -V 2>&1", _OPENSSH % _FIPS),
    "PuTTY": Program(
        "plink -V",
        "puttygen $KEY -O private -o /tmp/ppk && "
        "plink -batch -P $PORT -hostkey $HOST_KEY -i /tmp/ppk root@$HOST cat /etc/hostname",
    ),
    "Dropbear": Program(
        "dbclient -V 2>&1",
        "dropbearconvert openssh dropbear $KEY /tmp/db && "
        "dbclient -y -y -p $PORT -i /tmp/db root@$HOST cat /etc/hostname",
    ),
    "libssh2 (curl)": Program(
        "curl -V",
        "curl -sS --insecure --key $KEY --pubkey $KEY.pub -u root: sftp://$HOST:$PORT/etc/hostname",
    ),
    "libssh": Program(
        'python3 -c \'import ctypes; libssh = ctypes.CDLL("libssh.so.4"); '
        "libssh.ssh_version.restype = ctypes.c_char_p; print(libssh.ssh_version(0).decode())'",
        _LIBSSH,
    ),
    "paramiko": Program(
        "python3 -W ignore -c 'import paramiko; print(paramiko.__version__)'", _PARAMIKO
    ),
    "asyncssh": Program(
        "python3 -W ignore -c 'import asyncssh; print(asyncssh.__version__)'", _ASYNCSSH
    ),
    "Go (rclone)": Program(
        "rclone version",
        "rclone --config /dev/null -q cat --sftp-host $HOST --sftp-port $PORT --sftp-user root "
        "--sftp-key-file $KEY :sftp:/etc/hostname",
    ),
    "pyinfra `@ssh`": Program(
        "pyinfra --version",
        "pyinfra -y @ssh/$HOST --ssh-port $PORT --ssh-user root --ssh-key $KEY "
        "--data ssh_strict_host_key_checking=no --data ssh_known_hosts_file=/dev/null "
        "exec -- cat /etc/hostname 2>&1",
    ),
    "testinfra `paramiko://`": Program(
        "python3 -c 'import importlib.metadata as m; print(m.version(\"pytest-testinfra\"))'",
        "python3 -c 'import sys, testinfra; print(testinfra.get_host(sys.argv[1]).check_output("
        '"cat /etc/hostname"))\' "paramiko://root@$HOST:$PORT?ssh_identity_file=$KEY"',
    ),
}


class Row(NamedTuple):
    """
    A line of the table: which client, whose package, and where it gets in.
    """

    client: str
    version: str
    source: str
    gets_in: dict[str, bool]  # by the column's title


def table() -> list[Row]:
    """
    Return the table of docs/ssh.md.
    """
    lines = [line for line in TABLE.read_text().splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    begin = next(number for number, row in enumerate(cells) if row[0] == "Client")
    titles, rows = cells[begin][3:], [row for row in cells[begin + 2 :] if len(row) == 7]
    return [
        Row(
            client,
            version,
            source,
            {title: word == "yes" for title, word in zip(titles, words, strict=True)},
        )
        for client, version, source, *words in rows
    ]


ROWS = table()
each_row = pytest.mark.parametrize(
    "row", ROWS, ids=[f"{row.client} {row.version}".replace(" ", "-") for row in ROWS]
)


class Clients:
    """
    Where clients run: the machine itself, and a container for each Debian release.
    """

    def __init__(self, engine: docker.DockerClient, image: str, keys: Path) -> None:
        self.engine, self.image, self.keys = engine, image, keys
        self.running: dict[str, Container] = {}
        self.built: list[str] = []

    def run(self, source: str, script: str, environment: dict[str, str]) -> Result:
        """
        Run a shell's line where a source's clients are.
        """
        if source == HERE:
            path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
            done = subprocess.run(
                ["sh", "-c", script],
                env={"PATH": path, "HOME": str(self.keys), **environment},
                check=False,
                capture_output=True,
                stdin=subprocess.DEVNULL,
                timeout=120,
            )
            return Result(done.returncode, done.stdout.decode(), done.stderr.decode())
        words = ["timeout", "60", "bash", "-c", script]
        return Slipway(self.container(source)).exec(*words, environment=environment)

    def container(self, source: str) -> Container:
        """
        Return the container with a release's clients, made when it is asked for first.
        """
        if source not in self.running:
            suite = SUITES[source]
            tag = f"{PREFIX}clients:{suite}-{os.getpid()}"
            arguments = {"IMAGE": self.image, "SUITE": suite}
            self.engine.images.build(path=str(CLIENTS), tag=tag, buildargs=arguments, rm=True)
            self.built.append(tag)
            self.running[source] = self.engine.containers.run(
                tag,
                ["sleep", "infinity"],
                name=f"{PREFIX}clients-{suite}-{os.getpid()}",
                volumes=[f"{CLIENTS}:/clients:ro", f"{self.keys}:/keys:ro"],
                environment={"CLIENTS": "/clients", "HOME": "/root"},
                init=True,
                detach=True,
            )
        return self.running[source]

    def remove(self) -> None:
        """
        Leave nothing behind.
        """
        for container in self.running.values():
            container.remove(force=True)
        for tag in self.built:
            self.engine.images.remove(tag, force=True)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, KeyPair]:
    """
    Keys in one directory, which the clients' containers see.
    """
    folder, made = tmp_path_factory.mktemp("keys"), {}
    for kind, bits in (("ed25519", "256"), ("rsa", "3072")):
        path = folder / kind
        command = ["ssh-keygen", "-q", "-t", kind, "-b", bits, "-N", "", "-C", "", "-f", str(path)]
        subprocess.run(command, check=True)
        made[kind] = KeyPair(path, path.with_name(f"{kind}.pub").read_text().strip())
    return made


@pytest.fixture(scope="module")
def clients(
    engine: docker.DockerClient, image: str, pairs: dict[str, KeyPair]
) -> Iterator[Clients]:
    """
    All of them.
    """
    clients = Clients(engine, image, pairs["rsa"].path.parent)
    yield clients
    clients.remove()


@pytest.fixture(scope="module")
def servers(module_start: Start, pairs: dict[str, KeyPair]) -> dict[str, Slipway]:
    """
    A container of each policy, with its RSA host key.
    """
    keys = "\n".join(pair.public for pair in pairs.values())
    started = {
        policy: module_start(environment={"SSH_PUBKEY": keys, "SLIPWAY_SSH_POLICY": policy})
        for policy in ("compatible", "hardened")
    }
    for slipway in started.values():
        slipway.wait_ssh(pairs["ed25519"])
        slipway.wait_host_keys()
    return started


def opens(clients: Clients, row: Row, server: Slipway, pair: KeyPair) -> tuple[bool, Result]:
    """
    Tell whether a client reads the server's file with a key, and what it says.
    """
    is_here = row.source == HERE
    server.container.reload()
    (network,) = server.container.attrs["NetworkSettings"]["Networks"].values()
    environment = {
        "HOST": "127.0.0.1" if is_here else network["IPAddress"],
        "PORT": str(server.port(22)) if is_here else "22",
        "KEY": str(pair.path) if is_here else f"/keys/{pair.path.name}",
        "HOST_KEY": server.check_output("cat", "/etc/ssh/ssh_host_ed25519_key.pub").split()[1],
        **({"CLIENTS": str(CLIENTS)} if is_here else {}),
    }
    done = clients.run(row.source, PROGRAMS[row.client].login, environment)
    return server.check_output("cat", "/etc/hostname").strip() in done.stdout.split(), done


@each_row
def test_the_table_names_the_version_that_is_tried(clients: Clients, row: Row) -> None:
    """
    By the client's own words.
    """
    said = clients.run(row.source, PROGRAMS[row.client].version, {}).stdout

    assert re.search(rf"(?<![\d.]){re.escape(row.version)}(?!\d)", said), said


@each_row
def test_a_client_gets_in_where_the_table_says_so(
    clients: Clients, servers: dict[str, Slipway], pairs: dict[str, KeyPair], row: Row
) -> None:
    """
    With an ed25519 key, under both policies; and with an RSA key under the compatible one.
    """
    server = servers["compatible"]
    release = server.check_output("sh", "-c", '. /etc/os-release && echo "$ID-$VERSION_ID"')
    hardened = COLUMNS[release.strip()]
    tried = {
        "compatible": opens(clients, row, server, pairs["ed25519"]),
        "RSA key": opens(clients, row, server, pairs["rsa"]),
        hardened: opens(clients, row, servers["hardened"], pairs["ed25519"]),
    }

    assert {title: worked for title, (worked, _) in tried.items()} == {
        title: row.gets_in[title] for title in tried
    }, tried


def test_the_table_has_every_client() -> None:
    """
    Each program, and each of three Debian releases.
    """
    assert {row.client for row in ROWS} == set(PROGRAMS)
    assert {row.source for row in ROWS} == {*SUITES, HERE}
