"""
Containers of the benchmark: run, timed, and removed whatever happens.
"""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docker

if TYPE_CHECKING:
    from bench.images import Images

PREFIX = "slipway-test-bench-"
PEERS = Path(__file__).resolve().parent / "peers"
PEERS_IN = "/bench/peers"  # where containers see them
QUIET = ["--no-healthcheck"]  # for what is compared with us: it has no such probe
MOUNTS = ["-v", f"{PEERS}:{PEERS_IN}:ro"]
BANNER = b"SSH-"
PATIENCE = 60.0  # seconds until a container that should answer is given up
_GOES = (404, 409)  # what the engine says of a container that is gone, or going
_AT_REST = (
    "[ -e /etc/ssh/ssh_host_rsa_key ] && flock -n /run/slipway/host-key.lock true && slipway health"
)


class Failure(Exception):  # noqa: N818 - as engine/ calls it
    """
    What was to be measured did not work: there is no figure.
    """


class Bench:
    """
    Everything that one run of the benchmark makes, so that all of it goes away again.
    """

    def __init__(self, image: str, key: str, images: Images) -> None:
        self.image, self.key, self.images = image, key, images
        self.client = docker.from_env()
        self.made: list[str] = []
        self.volumes: list[str] = []

    def run(
        self,
        *command: str,
        entrypoint: Sequence[str] = (),
        options: Sequence[str] = (),
        image: str = "",
    ) -> str:
        """
        Run a container in the background with docker's own client; returns its name.
        """
        name = f"{PREFIX}{uuid.uuid4().hex[:8]}"
        self.made.append(name)
        words = ["docker", "run", "-d", "--name", name, *options]
        if entrypoint:
            words += ["--entrypoint", entrypoint[0]]
        docker_(*words, image or self.image, *entrypoint[1:], *command)
        return name

    def volume(self) -> str:
        """
        Make a volume.
        """
        name = f"{PREFIX}{uuid.uuid4().hex[:8]}"
        self.volumes.append(name)
        self.client.volumes.create(name)
        return name

    def until_banner(self, start: Any, *, name: str = "") -> float:
        """
        Return the seconds from a start to the first SSH banner, as a client would see it.

        The container's address is looked for while the engine starts it, so that a server that
        answers before `docker run` returns is seen answering.

        + start: begins the container; returns its name
        + name: of a container that is there already and is started again, or restarted
        """
        before = self._state(name)["StartedAt"] if name else ""
        began = time.monotonic()
        known = len(self.made)
        failures: list[BaseException] = []

        def begin() -> None:
            try:
                start()
            except BaseException as error:  # noqa: BLE001 - raised again below
                failures.append(error)

        thread = threading.Thread(target=begin)
        thread.start()
        try:
            while time.monotonic() - began < PATIENCE and not failures:
                target = name or (self.made[known] if len(self.made) > known else "")
                address = self._address(target, before) if target else ""
                if address and _answers(address):
                    return time.monotonic() - began
                time.sleep(0.002)  # nothing tells when a port opens
        finally:
            thread.join()
        raise failures[0] if failures else Failure(f"{name}: no banner after {PATIENCE:.0f} s")

    def _state(self, name: str) -> dict[str, Any]:
        known: dict[str, Any] = self.client.api.inspect_container(name)
        return {**known["State"], "Networks": known["NetworkSettings"]["Networks"].values()}

    def _address(self, name: str, before: str) -> str:
        """
        Return a container's address once it has started; "" until then.

        + before: when it was started the last time: what answers since then is no longer asked
        """
        try:
            state = self._state(name)
        except docker.errors.NotFound:
            time.sleep(0.01)
            return ""
        if state["StartedAt"] == before:
            return ""
        if state["Status"] == "exited":
            logs = self.client.api.logs(name, tail=5).decode(errors="replace")
            raise Failure(f"{name} has ended: {logs}")
        if not state["Running"]:
            return ""
        return next((known["IPAddress"] for known in state["Networks"] if known["IPAddress"]), "")

    def watched(
        self, name: str, *words: str, environment: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """
        Run a command under the stopwatch; returns what that says. Raises Failure.
        """
        command = ["/usr/bin/python3", "-I", f"{PEERS_IN}/stopwatch.py", *words]
        container = self.client.containers.get(name)
        done: Any = container.exec_run(command, environment=environment, workdir="/opt/slipway")
        try:
            seen: dict[str, Any] = json.loads(done.output)
        except ValueError:
            raise Failure(f"{name}: {done.output.decode(errors='replace')[-500:]}") from None
        if seen["code"] != 0:
            raise Failure(f"{' '.join(words)}: exit {seen['code']}: {seen['output'][-1500:]}")
        return seen

    def processor(self, name: str) -> float:
        """
        Return the seconds of processor time that a container has used.
        """
        used = self.client.api.stats(name, stream=False, one_shot=True)
        return float(used["cpu_stats"]["cpu_usage"]["total_usage"]) / 1e9

    def wait_converged(self, name: str) -> None:
        """
        Wait until Slipway's start is over, and with it the RSA host key's in the background.
        """
        deadline = time.monotonic() + PATIENCE
        container = self.client.containers.get(name)
        while container.exec_run(["sh", "-c", _AT_REST]).exit_code != 0:
            if time.monotonic() > deadline:
                raise Failure(f"{name}: not at rest after {PATIENCE:.0f} s")
            time.sleep(0.2)  # nothing outside tells when

    def remove(self, name: str) -> None:
        """
        Remove a container with its anonymous volumes.
        """
        try:
            self.client.containers.get(name).remove(force=True, v=True)
        except docker.errors.APIError as error:
            if error.status_code not in _GOES:
                raise
        with contextlib.suppress(ValueError):
            self.made.remove(name)

    def remove_all(self) -> None:
        """
        Remove the containers that are left.
        """
        for name in list(self.made):
            self.remove(name)

    def clean_up(self) -> None:
        """
        Remove all that is left.
        """
        self.remove_all()
        for name in self.volumes:
            with contextlib.suppress(docker.errors.APIError):
                self.client.volumes.get(name).remove(force=True)
        self.images.remove()
        self.client.close()


@contextlib.contextmanager
def bench(image: str, key: str, images: Images) -> Iterator[Bench]:
    """
    Give a benchmark that removes what it made, also after a failure or Ctrl-C.
    """
    made = Bench(image, key, images)
    try:
        yield made
    finally:
        made.clean_up()


def docker_(*words: str) -> str:
    """
    Run docker's client; returns its output. Raises Failure with what it says.
    """
    command = words if words[0] == "docker" else ("docker", *words)
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"{' '.join(command[:3])}: {done.stderr.strip()[-500:]}")
    return done.stdout


def _answers(address: str) -> bool:
    try:
        with socket.create_connection((address, 22), 0.5) as connection:
            return connection.recv(len(BANNER)) == BANNER
    except OSError:
        return False
