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

from bench.containers import MOUNTS, PEERS_IN, QUIET, Bench, Failure, docker_
from bench.results import Row, compared, unmeasured
from bench.samples import Effort

START = "docker run to SSH banner"
BARE, BASH = "bare sshd -D", "a bash entrypoint with supervisord"
S6, VAST = "s6, as linuxserver starts it", "vast.ai's boot scripts"
GOALS = {BARE: 1.6, BASH: 0.25, S6: None, VAST: None}
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

    def s6(self, *options: str) -> float:
        """The pattern of linuxserver's images, of bench/peers."""
        return self._timed(lambda: self.run_s6(*options))

    def run_s6(self, *options: str) -> str:
        """Run that one; returns its container's name. Raises Failure where it has no image."""
        given = [*QUIET, "-e", f"SSH_PUBKEY={self.bench.key}", *options]
        return self.bench.run(options=given, image=self.bench.images.get("s6"))

    def vast(self, *options: str) -> float:
        """vast.ai's own scripts, and sshd among what they start; its host key is there already."""
        given = [*QUIET, "-v", f"{self.host_key}:/host_key:ro", *options]
        image = self.bench.images.get("vast")
        return self._timed(lambda: self.bench.run(options=given, image=image))

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
        peers = {BARE: ways.sshd, BASH: ways.bash, S6: ways.s6, VAST: ways.vast}
        missing = _missing(bench, {S6: "s6", VAST: "vast"})
        here = {peer: way for peer, way in peers.items() if peer not in missing}
        taken = effort.interleave({"slipway": ways.slipway, **here})
        slices = effort.interleave(
            {
                "slipway, half a CPU": lambda: ways.slipway(*half),
                "sshd -D, half a CPU": lambda: ways.sshd(*half),
            }
        )
    rows = [
        unmeasured(START, peer, goal=goal, why=missing[peer])
        if peer in missing
        else compared(START, peer, taken["slipway"], taken[peer], goal=goal)
        for peer, goal in GOALS.items()
    ]
    ours, theirs = slices.values()
    slow = f"{START} with half a CPU", f"{BARE} with half a CPU"
    return [*rows, compared(*slow, ours, theirs, goal=2.6)]


def _missing(bench: Bench, images: dict[str, str]) -> dict[str, str]:
    """
    Return of contenders, given with the names of their images, those without one, and why.
    """
    missing = {}
    for contender, image in images.items():
        try:
            bench.images.get(image)
        except Failure as failure:  # noqa: PERF203 - two of them
            missing[contender] = str(failure)
    return missing


def restart(bench: Bench, effort: Effort) -> list[Row]:
    """
    From `docker restart` of a container at rest to the first banner after it.
    """
    row = "docker restart to SSH banner"

    def again(name: str, *, is_ours: bool = False) -> float:
        if is_ours:
            bench.wait_converged(name)
        return bench.until_banner(partial(docker_, "restart", name), name=name)

    with starts(bench) as ways:
        ours = bench.run(options=["-e", f"SSH_PUBKEY={bench.key}"])
        contenders = {"slipway": partial(again, ours, is_ours=True)}
        missing = _missing(bench, {S6: "s6"})
        for peer, run in ((BARE, ways.run_sshd), (S6, ways.run_s6)):
            if peer not in missing:
                bench.until_banner(run)
                contenders[peer] = partial(again, bench.made[-1])
        taken = effort.interleave(contenders)
        for name in list(bench.made):
            bench.remove(name)
    rows = [compared(row, BARE, taken["slipway"], taken[BARE], goal=1.5)]
    if S6 in missing:
        return [*rows, unmeasured(row, S6, goal=None, why=missing[S6])]
    return [*rows, compared(row, S6, taken["slipway"], taken[S6])]


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

    def stopped(name: str, *, is_ours: bool = False) -> float:
        container = bench.client.containers.get(name)
        if container.status == "exited":
            bench.until_banner(container.start, name=name)
        if is_ours:
            bench.wait_converged(name)
        began = time.monotonic()
        docker_("stop", name)
        return time.monotonic() - began

    with starts(bench) as ways:
        ours = bench.run(options=["-e", f"SSH_PUBKEY={bench.key}"])
        bench.until_banner(ways.run_sshd)
        bare = bench.made[-1]
        taken = effort.interleave(
            {"slipway": partial(stopped, ours, is_ours=True), BARE: partial(stopped, bare)}
        )
        for name in (ours, bare):
            bench.remove(name)
    return [compared("docker stop, idle", BARE, *taken.values(), goal=0.1, is_difference=True)]
