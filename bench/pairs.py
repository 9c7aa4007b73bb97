"""
The pairs of the benchmark: each function measures one subject and returns its rows.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from bench import ansible, fleet, memory
from bench.containers import PEERS, PEERS_IN, PREFIX, Bench, Failure, docker_
from bench.results import Row, compared, unmeasured
from bench.samples import Sample, fit, interleave

ROOT = PEERS.parent.parent
QUIET = ["--no-healthcheck"]  # for what is compared with us: it has no such probe
MOUNTS = ["-v", f"{PEERS}:{PEERS_IN}:ro"]
START, CONVERGENCE = "docker run to SSH banner", "convergence without changes"
MANY, FEW = 20, 5  # containers
FILES = 100_000
IDLE_SECONDS = 6.0  # until a started container has come to rest


class Effort(NamedTuple):
    """
    How much is measured.
    """

    rounds: int
    is_quick: bool
    said: Callable[[str, float], None]


class Starts(NamedTuple):
    """
    The ways to start a container whose first banner is waited for.
    """

    bench: Bench
    host_key: Path

    def slipway(self, *options: str) -> float:
        """Ours: nothing but the key as a variable."""
        return self._timed(
            lambda: self.bench.run(options=["-e", f"SSH_PUBKEY={self.bench.key}", *options])
        )

    def sshd(self, *options: str) -> float:
        """The same image with sshd as its only process; its host key is there already."""
        mount = [*QUIET, "-v", f"{self.host_key}:/host_key:ro"]
        return self._timed(
            lambda: self.bench.run(
                "-h", "/host_key", entrypoint=["/usr/sbin/sshd", "-D"], options=[*mount, *options]
            )
        )

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
    with starts(bench) as ways:
        taken = interleave(
            {"slipway": ways.slipway, "sshd -D": ways.sshd, "bash": ways.bash},
            rounds=effort.rounds,
            said=effort.said,
        )
        slices = interleave(
            {
                "slipway, 2 CPUs": lambda: ways.slipway("--cpus", "2"),
                "slipway, half a CPU": lambda: ways.slipway("--cpus", "0.5"),
            },
            rounds=effort.rounds,
            said=effort.said,
        )
    ours = taken["slipway"]
    return [
        compared(START, "bare sshd -D", ours, taken["sshd -D"], goal=2.6),
        compared(START, "a bash entrypoint with supervisord", ours, taken["bash"], goal=0.45),
        compared(
            f"{START} with half a CPU",
            "itself with 2",
            slices["slipway, half a CPU"],
            slices["slipway, 2 CPUs"],
            goal=3.0,
        ),
    ]


def convergence(bench: Bench, effort: Effort) -> list[Row]:
    """
    Converging what has converged, timed inside the container.

    Ansible has a container of its own: its playbook writes a few files in other words than ours.
    """
    packages = ansible.prepare_inside(bench)
    given = [*QUIET, *MOUNTS, "-e", f"SSH_PUBKEY={bench.key}", "-e", f"BENCH_KEY={bench.key}"]
    own = bench.run(options=given)
    slow = bench.run(options=[*given, "--cpus", "0.5"])
    other = bench.run(options=[*given, "-v", f"{packages}:{ansible.INSIDE}"])
    for name in (own, slow, other):
        bench.wait_converged(name)
    ours = ["/usr/local/bin/slipway", "converge"]
    pyinfra = ["env", "PYTHONPATH=/opt/slipway", "/opt/slipway/venv/bin/pyinfra", "-y"]
    pyinfra += [f"{PEERS_IN}/pyinfra/inside.py", "deploy.py"]
    plain, quick = ansible.inside(mitogen=False), ansible.inside(mitogen=True)

    bench.watched(other, "/usr/bin/python3", "-m", "compileall", "-q", ansible.INSIDE)
    bench.watched(other, *plain)  # brings it to the playbook's own state

    def playbook(command: Sequence[str]) -> float:
        seen = bench.watched(other, *command)
        if not ansible.is_unchanged(seen["output"]):
            raise Failure(f"Ansible does not come to rest: {seen['output'][-1500:]}")
        return float(seen["seconds"])

    for command in (ours, pyinfra):
        bench.watched(own, *command)

    taken = interleave(
        {
            "slipway": lambda: bench.timed(own, *ours),
            "pyinfra": lambda: bench.timed(own, *pyinfra),
            "mitogen": lambda: playbook(quick),
            "ansible": lambda: playbook(plain),
            "slipway, half a CPU": lambda: bench.timed(slow, *ours),
        },
        rounds=effort.rounds,
        said=effort.said,
    )
    rows = [
        compared(CONVERGENCE, against, taken["slipway"], taken[peer], goal=goal)
        for against, peer, goal in (
            ("stock pyinfra, @local", "pyinfra", 0.5),
            ("Ansible with mitogen, local", "mitogen", 0.15),
            ("Ansible, local", "ansible", 0.07),
        )
    ]
    rows.append(
        compared(
            f"{CONVERGENCE} with half a CPU",
            "itself with all",
            taken["slipway, half a CPU"],
            taken["slipway"],
        )
    )
    rows += _native(taken["slipway"], effort)
    for name in (own, slow, other):
        bench.remove(name)
    return rows


def _native(ours: Sample, effort: Effort) -> list[Row]:
    """
    Return the floor: systemd-tmpfiles over the same paths, where this machine has it.
    """
    against = "systemd-tmpfiles (files only)"
    try:
        with tempfile.TemporaryDirectory() as root:
            configuration = str(PEERS / "tmpfiles/slipway.conf")
            command = ["systemd-tmpfiles", "--create", f"--root={root}", configuration]
            subprocess.run(command, check=False, capture_output=True)

            def floor() -> float:
                began = time.monotonic()
                subprocess.run(command, check=False, capture_output=True)
                return time.monotonic() - began

            native = interleave({"tmpfiles": floor}, rounds=effort.rounds, said=effort.said)
    except FileNotFoundError:
        why = "this machine has no systemd-tmpfiles"
        return [unmeasured(CONVERGENCE, against, goal=None, why=why)]
    return [compared(CONVERGENCE, against, ours, native["tmpfiles"])]


def many(bench: Bench, effort: Effort) -> tuple[list[Row], list[dict[str, float]]]:
    """
    Running containers from outside, and how the cost grows with their number.
    """
    number, few = (3, 2) if effort.is_quick else (MANY, FEW)
    stock_row = f"{number} containers from outside", "stock pyinfra, @docker"
    ansible_row = f"{few} containers from outside", "Ansible, community.docker"
    if fleet.ours(["any"]) is None:
        why = "slipway has no command for containers from outside"
        return [
            unmeasured(*stock_row, goal=0.12, why=why),
            unmeasured(*ansible_row, goal=0.04, why=why),
        ], []
    venv = ansible.prepare_outside()
    groups = [_group(bench, size) for size in (number, number, few, few)]
    first, second, third, fourth = groups

    def ours(names: Sequence[str]) -> float:
        return fleet.run(fleet.ours(names) or []).seconds

    for names in (first, third):
        ours(names)
    fleet.stock(second, bench.key)
    ansible.outside(venv, fourth, bench.key)
    taken = interleave(
        {
            "slipway, many": lambda: ours(first),
            "stock, many": lambda: fleet.stock(second, bench.key).seconds,
            "slipway, few": lambda: ours(third),
            "ansible, few": lambda: ansible.outside(venv, fourth, bench.key),
        },
        rounds=1 if effort.is_quick else effort.rounds,
        said=effort.said,
    )
    for name in [name for group in groups for name in group]:
        bench.remove(name)
    rows = [
        compared(*stock_row, taken["slipway, many"], taken["stock, many"], goal=0.12),
        compared(*ansible_row, taken["slipway, few"], taken["ansible, few"], goal=0.04),
    ]
    return rows, [] if effort.is_quick else scaling(bench)


def scaling(bench: Bench) -> list[dict[str, float]]:
    """
    Return seconds and peak memory for more and more containers, and the fitted cost of each.
    """
    points = []
    names: list[str] = []
    for number in (1, 5, 20, 50):
        names += _group(bench, number - len(names))
        fleet.run(fleet.ours(names) or [])
        costs = [fleet.run(fleet.ours(names) or []) for _ in range(3)]
        points.append(
            {
                "containers": float(number),
                "seconds": sorted(cost.seconds for cost in costs)[1],
                "peak_mib": max(cost.peak_mib for cost in costs),
            }
        )
    for name in names:
        bench.remove(name)
    line = fit([(point["containers"], point["seconds"]) for point in points])
    memory_line = fit([(point["containers"], point["peak_mib"]) for point in points])
    fitted = {"fixed_seconds": line.fixed, "seconds_each": line.each, "mib_each": memory_line.each}
    return [*points, fitted]


def _group(bench: Bench, number: int) -> list[str]:
    names = [bench.run(options=["-e", f"SSH_PUBKEY={bench.key}"]) for _ in range(number)]
    for name in names:
        bench.wait_converged(name)
    return names


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

    taken = interleave(
        {what: partial(again, what) for what in names},
        rounds=effort.rounds,
        said=effort.said,
    )
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
            mount = [*QUIET, "-v", f"{ways.host_key}:/host_key:ro"]
            name = ""

            def begin() -> None:
                nonlocal name
                command = ["/usr/sbin/sshd", "-D"]
                name = bench.run("-h", "/host_key", entrypoint=command, options=mount)

            bench.until_banner(begin)
            return stopped(name)

        taken = interleave(
            {"slipway": ours, "sshd -D": bare}, rounds=effort.rounds, said=effort.said
        )
    ours_, theirs = taken["slipway"], taken["sshd -D"]
    return [
        compared("docker stop, idle", "bare sshd -D", ours_, theirs, goal=1.0, is_difference=True)
    ]


def resident(bench: Bench, effort: Effort) -> list[Row]:
    """
    Memory at rest: Slipway's own processes, and supervisord without a program.
    """
    alone = ["/opt/slipway/venv/bin/supervisord", "-n"]  # a probe's memory would be counted
    configuration = ["-c", f"{PEERS_IN}/supervisord/supervisord.conf"]
    ours = bench.run(options=[*QUIET, "-e", f"SSH_PUBKEY={bench.key}"])
    theirs = bench.run(*configuration, entrypoint=alone, options=[*QUIET, *MOUNTS])
    bench.wait_converged(ours)
    time.sleep(IDLE_SECONDS)
    taken = interleave(
        {
            "slipway": lambda: memory.resident(bench, ours),
            "supervisord": lambda: memory.resident(bench, theirs),
        },
        rounds=2 if effort.is_quick else effort.rounds,
        said=effort.said,
    )
    for name in (ours, theirs):
        bench.remove(name)
    return [
        compared(
            "resident memory, idle",
            "supervisord alone",
            taken["slipway"],
            taken["supervisord"],
            unit="MiB",
            goal=1.5,
        )
    ]


def size(bench: Bench, effort: Effort, *, base: str, packages: Sequence[str]) -> list[Row]:
    """
    The image's size over its base, and that of the same packages with rclone.
    """
    row = "image size over its base", "the same packages and rclone alone"
    if effort.is_quick:
        why = "left out with QUICK=1"
        return [unmeasured(*row, unit="MB", goal=95.0, is_difference=True, why=why)]
    name = f"{PREFIX.rstrip('-')}-packages"
    arguments = [f"IMAGE_BASE={base}", f"IMAGE={bench.image}", f"PACKAGES={' '.join(packages)}"]
    words = [word for argument in arguments for word in ("--build-arg", argument)]
    try:
        docker_("build", "-q", "-t", name, *words, str(PEERS / "packages"))
        sizes = {
            image: bench.client.images.get(image).attrs["Size"] / 1e6
            for image in (base, name, bench.image)
        }
    finally:
        subprocess.run(["docker", "image", "rm", name], check=False, capture_output=True)
    ours, theirs = (Sample((sizes[image] - sizes[base],)) for image in (bench.image, name))
    return [compared(*row, ours, theirs, unit="MB", goal=95.0, is_difference=True)]
