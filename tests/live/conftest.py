"""
Real containers on the real engine, and a real ssh client.

Everything made here is called slipway-test-* and is removed again, also after a failure.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import docker
import pytest
from docker.models.containers import Container

from engine.project import Project

ROOT = Path(__file__).parents[2]
PREFIX = "slipway-test-"
IMAGE = Project.at(ROOT, os.environ).image  # what `make build` has built
READERS = {"cat", "ls", "readlink", "sha256sum", "stat"}  # what may be run twice
ASKED = {"check", "doctor", "health", "settings", "status"}  # of slipway: likewise
END = "--slipway-test-end--"  # after all that a reader says
# sshd reads its files again, and has when it has written its pid file anew
READ_AGAIN = (
    "touch /tmp/before; kill -HUP $(cat /run/sshd.pid); "
    "timeout 5 sh -c 'until [ /run/sshd.pid -nt /tmp/before ]; do sleep 0.02; done'"
)
PATIENCE = 30.0  # seconds until something that should come true is given up: machines are shared


class Result(NamedTuple):
    """
    What a command in a container or over ssh gave.
    """

    code: int
    stdout: str
    stderr: str = ""


class KeyPair(NamedTuple):
    """
    An ssh key: the private part's file, and the public line.
    """

    path: Path
    public: str


def wait_until(condition: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """
    Return the first true value of a condition; fails the test with `what` when none comes.
    """
    deadline = time.monotonic() + seconds
    while True:
        if value := condition():
            return value
        if time.monotonic() > deadline:
            pytest.fail(f"after {seconds:.0f} s still not: {what}")
        time.sleep(0.05)


def _document(result: Result) -> list[Any]:
    """
    Return a list of the document that was printed, an empty one where it is not whole.
    """
    try:
        return [json.loads(result.stdout)]
    except ValueError:
        return []


class Slipway:
    """
    A container under test.
    """

    def __init__(self, container: Container) -> None:
        self.container = container

    def exec(self, *words: str, environment: dict[str, str] | None = None) -> Result:
        """
        Run a command in it as root.

        On a busy machine the engine (20.10) may lose what a command says, though not its exit code.
        Who only reads says when it has said all, and is run again where that is missing.
        """
        if words[0] not in READERS:
            return self._exec(words, environment)
        told = ("sh", "-c", f'"$@"; code=$?; printf %s {END}; exit $code', "sh", *words)
        said = wait_until(
            lambda: (result := self._exec(told, environment)).stdout.endswith(END) and result,
            f"all that {words} says",
        )
        return Result(said.code, said.stdout.removesuffix(END), said.stderr)

    def _exec(self, words: Sequence[str], environment: dict[str, str] | None) -> Result:
        done: Any = self.container.exec_run(list(words), demux=True, environment=environment)
        out, err = done.output
        return Result(done.exit_code, (out or b"").decode(), (err or b"").decode())

    def check_output(self, *words: str) -> str:
        """
        Run a command that must succeed.
        """
        result = self.exec(*words)
        assert result.code == 0, f"{words}: {result}"
        return result.stdout

    def converge(self) -> dict[str, Any]:
        """
        Converge now; returns the report.
        """
        report: dict[str, Any] = self.as_json("slipway", "converge", "--json")
        return report

    def as_json(self, *words: str) -> Any:
        """
        Run a command that prints one document, whatever its exit code; again where it was lost.
        """
        if words[0] == "slipway" and words[1] in ASKED:
            return wait_until(lambda: _document(self.exec(*words)), f"{words} prints a document")[0]
        return json.loads(self.exec(*words).stdout)

    def report(self) -> dict[str, Any] | None:
        """
        Return the report of this start's convergence, once there is one.
        """
        result = self.exec("cat", "/run/slipway/report.json")
        boot = self.exec("cat", "/proc/1/stat").stdout.rpartition(")")[2].split()[19]
        report = json.loads(result.stdout) if result.code == 0 else None
        return report if report and report["boot"] == boot else None

    def wait_converged(self) -> dict[str, Any]:
        """
        Wait until the start's convergence has ended, however it ended.
        """
        report: dict[str, Any] = wait_until(self.report, "converged")
        return report

    def health(self) -> Result:
        """
        Ask for its health now.
        """
        return self.exec("slipway", "health")

    def wait_healthy(self) -> None:
        """
        Wait until it says that it is well.
        """
        wait_until(lambda: self.health().code == 0, f"healthy: {self.health()}")

    def logs(self) -> str:
        """
        Return what `docker logs` shows.
        """
        output: bytes = self.container.logs()
        return output.decode()

    def status(self) -> str:
        """
        Return what `slipway status` says, as one line: it breaks its own at 80 columns.
        """
        return " ".join(self.exec("slipway", "status").stdout.split())

    def restart(self) -> None:
        """
        Restart it and wait until it has converged again.
        """
        self.container.restart(timeout=10)
        self.wait_converged()

    def port(self, port: int) -> int:
        """
        Return the host's port for one of the container's.
        """
        self.container.reload()
        (published, *_) = self.container.ports[f"{port}/tcp"] or []
        return int(published["HostPort"])

    def way(self, port: int) -> list[str]:
        """
        Return ssh's options that lead to one of the container's ports.
        """
        return ["-p", str(self.port(port))]

    def ssh(self, key: KeyPair, *words: str, stdin: str | None = None) -> Result:
        """
        Run a command over ssh, with the real client and nothing of its user's configuration.
        """
        return self.ssh_with([], key, *words, stdin=stdin)

    def ssh_with(
        self,
        options: list[str],
        key: KeyPair,
        *words: str,
        stdin: str | None = None,
        port: int = 22,
    ) -> Result:
        """
        The same with options of ssh's, and another port of the container.
        """
        # fmt: off
        command = [
            "ssh", "-F", "none", *options, *self.way(port), "-i", str(key.path),
            "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=no",
            "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=10",
            "root@127.0.0.1", *words,
        ]
        # fmt: on
        deadline = time.monotonic() + 1
        while True:
            done = subprocess.run(
                command, check=False, capture_output=True, timeout=60, input=(stdin or "").encode()
            )
            result = Result(done.returncode, done.stdout.decode(), done.stderr.decode())
            # sshd closes its port for an instant when it gets its RSA key
            is_closed = result.code == 255 and (
                "kex_exchange_identification" in result.stderr or "refused" in result.stderr
            )
            if not is_closed or time.monotonic() > deadline:
                return result

    def opens_within(self, seconds: float, key: KeyPair) -> bool:
        """
        Tell whether a login from outside runs a command in time.
        """
        # fmt: off
        command = [
            "ssh", "-F", "none", *self.way(22), "-i", str(key.path), "-o", "BatchMode=yes",
            "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=no",
            "-o", "UserKnownHostsFile=/dev/null", "root@127.0.0.1", "true",
        ]
        # fmt: on
        try:
            done = subprocess.run(
                command, check=False, capture_output=True, timeout=seconds, stdin=subprocess.DEVNULL
            )
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0

    def is_making_host_key(self) -> bool:
        """
        Tell whether the RSA host key is still to come, or has come just now.
        """
        script = "[ -e /run/slipway/host-key.lock ] && ! flock -n /run/slipway/host-key.lock true"
        return self.exec("sh", "-c", script).code == 0

    def wait_host_keys(self) -> None:
        """
        Wait until the RSA host key is there, and sshd has it.
        """
        key = "/etc/ssh/ssh_host_rsa_key"
        wait_until(lambda: self.exec("test", "-e", key).code == 0, "an RSA host key", 120)
        wait_until(lambda: not self.is_making_host_key(), "sshd has it")

    def wait_ssh(self, key: KeyPair) -> None:
        """
        Wait until a key opens a session.
        """
        wait_until(lambda: self.ssh(key, "true").code == 0, f"a login with {key.path.name}")


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.DockerClient]:
    """
    The Docker engine.
    """
    client = docker.from_env()
    yield client
    client.close()


@pytest.fixture(scope="session")
def image(engine: docker.DockerClient) -> str:
    """
    The image under test, which `make test` has built.
    """
    engine.images.get(IMAGE)
    return IMAGE


def _starter(engine: docker.DockerClient, image: str) -> Iterator[Callable[..., Slipway]]:
    started: list[Container] = []

    def run(*command: str, **options: Any) -> Slipway:
        options.setdefault("ports", {"22/tcp": ("127.0.0.1", None)})
        container = engine.containers.create(
            options.pop("image", image),
            list(command),
            name=f"{PREFIX}{uuid.uuid4().hex[:12]}",
            **options,
        )
        started.append(container)
        container.start()
        return Slipway(container)

    yield run
    for container in started:
        with contextlib.suppress(docker.errors.NotFound):
            container.remove(force=True, v=True)


@pytest.fixture
def start(engine: docker.DockerClient, image: str) -> Iterator[Callable[..., Slipway]]:
    """
    Start containers, each gone with its anonymous volumes when the test ends.
    """
    yield from _starter(engine, image)


@pytest.fixture
def commit(engine: docker.DockerClient) -> Iterator[Callable[[Container], str]]:
    """
    Make images of containers; take it before `start`, as an image that is in use stays.
    """
    made: list[str] = []

    def make(container: Container) -> str:
        name = f"{PREFIX}{uuid.uuid4().hex[:12]}"
        container.commit(repository=name)
        made.append(name)
        return name

    yield make
    for name in made:
        engine.images.remove(name, force=True)


@pytest.fixture(scope="module")
def module_start(engine: docker.DockerClient, image: str) -> Iterator[Callable[..., Slipway]]:
    """
    Start containers that a whole module looks at.
    """
    yield from _starter(engine, image)


@pytest.fixture(scope="module")
def slipway(module_start: Callable[..., Slipway], key: KeyPair) -> Slipway:
    """
    A container that is well, with both host keys; for a whole module, unless that has its own.
    """
    slipway = module_start(environment={"SSH_PUBKEY": key.public})
    slipway.wait_ssh(key)
    slipway.wait_host_keys()
    slipway.wait_healthy()
    return slipway


@pytest.fixture(scope="session")
def make_key(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., KeyPair]:
    """
    Make key pairs of any type.
    """

    def make(kind: str = "ed25519", comment: str = "test") -> KeyPair:
        path = tmp_path_factory.mktemp("key") / f"id_{kind}"
        command = ["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", comment, "-f", str(path)]
        subprocess.run(command, check=True)
        return KeyPair(path, path.with_name(f"{path.name}.pub").read_text().strip())

    return make


@pytest.fixture(scope="session")
def key(make_key: Callable[..., KeyPair]) -> KeyPair:
    """
    The user's key.
    """
    return make_key()


@pytest.fixture(scope="session")
def other_key(make_key: Callable[..., KeyPair]) -> KeyPair:
    """
    Somebody else's key.
    """
    return make_key(comment="other")


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """
    What is sent to the builder, as it is now: the clone may be edited meanwhile.
    """
    sent = (ROOT / ".dockerignore").read_text().splitlines()
    for name in [".dockerignore", "Dockerfile", *(x[1:] for x in sent if x.startswith("!"))]:
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target, ignore=shutil.ignore_patterns("__pycache__"))
        elif (ROOT / name).exists():
            shutil.copy2(ROOT / name, target)
    return tmp_path
