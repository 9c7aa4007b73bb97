"""
Starts and stops: from `docker run` to the first banner, from `docker stop` to the end.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from bench.containers import MOUNTS, PEERS_IN, QUIET, Bench, docker_
from bench.results import Row, compared
from bench.samples import Effort

START = "docker run to SSH banner"
FILES = 100_000


class Starts(NamedTuple):
    """
    The ways to start a container whose first banner is waited for.
    """

    bench: Bench
    host_key: Path

    def slipway(self, *options: str, image: str = "") -> float:
        """Ours: nothing but the key as a variable."""
        given = ["-e", f"SSH_PUBKEY={self.bench.key}", *options]
        return self._timed(lambda: self.bench.run(options=given, image=image))

    def sshd(self, *options: str) -> float:
        """The same image with sshd as its only process; its host key is there already."""
        return self._timed(lambda: self.run_sshd(*options))

    def run_sshd(self, *options: str) -> str:
        """Run that one; returns its container's name."""
        given = [*QUIET, "-v", f"{self.host_key}:/host_key:ro", *options]
        command = ["/usr/sbin/sshd", "-D"]
        return self.bench.run("-h", "/host_key", entrypoint=command, options=given)

    def bash(self, *options: str) -> float:
        """The same image with the bash entrypoint of bench/peers."""
        given = [*QUIET, *MOUNTS, "-e", f"SSH_PUBKEY={self.bench.key}", *options]
        script = f"{PEERS_IN}/bash/entrypoint.sh"
        return self._timed(lambda: self.bench.run(entrypoint=["/bin/bash", script], options=given))

    def _timed(self, start: Callable[[], str]) -> float:
        seconds = self.bench.until_banner(start)
        self.bench.remove(self.bench.made[-1])
        return seconds


@contextmanager
def starts(bench: Bench) -> Iterator[Starts]:
    """
    Give the ways to start, with a host key for the one that makes none.
    """
    with tempfile.TemporaryDirectory() as place:
        key = Path(place) / "host_key"
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
        subprocess.run(command, check=True)
        yield Starts(bench, key)


def start(bench: Bench, effort: Effort) -> list[Row]:
    """
    From `docker run` to the first banner, and the same with half a processor.
    """
    half = ("--cpus", "0.5")
    with starts(bench) as ways:
        taken = effort.interleave(
            {"slipway": ways.slipway, "sshd -D": ways.sshd, "bash": ways.bash}
        )
        slices = effort.interleave(
            {
                "slipway, half a CPU": lambda: ways.slipway(*half),
                "sshd -D, half a CPU": lambda: ways.sshd(*half),
            }
        )
    ours = taken["slipway"]
    return [
        compared(START, "bare sshd -D", ours, taken["sshd -D"], goal=1.6),
        compared(START, "a bash entrypoint with supervisord", ours, taken["bash"], goal=0.25),
        compared(
            f"{START} with half a CPU",
            "bare sshd -D with half a CPU",
            slices["slipway, half a CPU"],
            slices["sshd -D, half a CPU"],
            goal=2.6,
        ),
    ]


def restart(bench: Bench, effort: Effort) -> list[Row]:
    """
    From the SIGTERM of a `docker stop` to the first banner after the start.
    """

    def again(name: str) -> float:
        began = time.monotonic()
        docker_("stop", name)
        return (
            time.monotonic()
            - began
            + bench.until_banner(partial(docker_, "start", name), name=name)
        )

    with starts(bench) as ways:
        names = {"slipway": bench.run(options=["-e", f"SSH_PUBKEY={bench.key}"])}
        bench.wait_converged(names["slipway"])
        bench.until_banner(lambda: names.update({"sshd -D": ways.run_sshd()}))
        taken = effort.interleave({what: partial(again, name) for what, name in names.items()})
        for name in names.values():
            bench.remove(name)
    return [
        compared(
            "stop and start to SSH banner",
            "bare sshd -D",
            taken["slipway"],
            taken["sshd -D"],
            goal=1.5,
        )
    ]


def full_workspace(bench: Bench, effort: Effort) -> list[Row]:
    """
    A start with a workspace full of files, and with an empty one.
    """
    number = FILES // 10 if effort.is_quick else FILES
    names = {}
    for what, files in (("full", number), ("empty", 0)):
        volume = bench.volume()
        given = ["-e", f"SSH_PUBKEY={bench.key}", "-v", f"{volume}:/workspace"]
        names[what] = bench.run(options=given)
        bench.wait_converged(names[what])
        fill = f"for n in range({files}): open(f'/workspace/{{n}}', 'x').close()"
        bench.client.containers.get(names[what]).exec_run(["/usr/bin/python3", "-c", fill])

    def again(what: str) -> float:
        container = bench.client.containers.get(names[what])
        container.stop()
        return bench.until_banner(container.start, name=names[what])

    taken = effort.interleave({what: partial(again, what) for what in names})
    for name in names.values():
        bench.remove(name)
    return [
        compared(
            f"restart with {number:,} files in the workspace",
            "with none",
            taken["full"],
            taken["empty"],
            goal=1.1,
        )
    ]


def stop(bench: Bench, effort: Effort) -> list[Row]:
    """
    `docker stop` of an idle container.
    """

    def stopped(name: str) -> float:
        began = time.monotonic()
        docker_("stop", name)
        seconds = time.monotonic() - began
        bench.remove(name)
        return seconds

    def ours() -> float:
        name = bench.run(options=["-e", f"SSH_PUBKEY={bench.key}"])
        bench.wait_converged(name)
        return stopped(name)

    with starts(bench) as ways:

        def bare() -> float:
            bench.until_banner(ways.run_sshd)
            return stopped(bench.made[-1])

        taken = effort.interleave({"slipway": ours, "sshd -D": bare})
    ours_, theirs = taken["slipway"], taken["sshd -D"]
    return [
        compared("docker stop, idle", "bare sshd -D", ours_, theirs, goal=0.1, is_difference=True)
    ]
