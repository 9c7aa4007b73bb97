"""
Converging what has converged, inside the container.
"""

from __future__ import annotations

import atexit
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bench import ansible, rest
from bench.containers import MOUNTS, PEERS, PEERS_IN, QUIET, Bench, Failure
from bench.results import Row, compared, unmeasured
from bench.samples import Effort, Measurement
from slipway.converge.extension_files import static

NAME = "convergence without changes"
SLIPWAY, SLOW = "slipway", "slipway, half a CPU"
PYINFRA, MITOGEN = "stock pyinfra, @local", "Ansible with mitogen, local"
TMPFILES = "systemd-tmpfiles (files only)"
GOALS = {PYINFRA: 0.15, MITOGEN: 0.06, TMPFILES: None}

_PYINFRA = [
    *("env", "PYTHONPATH=/opt/slipway", "/opt/slipway/venv/bin/pyinfra", "-y"),
    *(f"{PEERS_IN}/pyinfra/inside.py", "deploy.py"),
]


def convergence(bench: Bench, effort: Effort) -> list[Row]:
    """
    Converging what has converged, timed inside the container.
    """
    given = [*QUIET, *MOUNTS, "-e", f"SSH_PUBKEY={bench.key}", "-e", f"BENCH_KEY={bench.key}"]
    own = bench.run(options=given)
    slow = bench.run(options=[*given, "--cpus", "0.5"])
    for name in (own, slow):
        bench.wait_converged(name)
    contenders = {
        SLIPWAY: again(bench, own, ["/usr/local/bin/slipway", "converge"], rest.slipway),
        PYINFRA: again(bench, own, _PYINFRA, rest.pyinfra),
        SLOW: again(bench, slow, ["/usr/local/bin/slipway", "converge"], rest.slipway),
    }
    missing: dict[str, str] = {}
    for peer, prepare in ((MITOGEN, _ansible), (TMPFILES, _tmpfiles)):
        try:
            contenders[peer] = prepare(bench, given)
        except Failure as failure:  # noqa: PERF203 - two of them
            missing[peer] = str(failure)
    taken = effort.interleave(contenders)
    rows = [
        unmeasured(NAME, peer, goal=goal, why=missing[peer])
        if peer in missing
        else compared(NAME, peer, taken[SLIPWAY], taken[peer], goal=goal)
        for peer, goal in GOALS.items()
    ]
    rows.append(compared(f"{NAME} with half a CPU", "itself with all", taken[SLOW], taken[SLIPWAY]))
    for name in list(bench.made):
        bench.remove(name)
    return rows


def again(
    bench: Bench, name: str, command: Sequence[str], is_at_rest: Callable[[str], bool]
) -> Measurement:
    """
    Run a command once; returns what times it from then on. Raises Failure.
    """
    bench.watched(name, *command)

    def once() -> float:
        seen = bench.watched(name, *command)
        if not is_at_rest(seen["output"]):
            raise Failure(f"{' '.join(command[:3])} changes again: {seen['output'][-1500:]}")
        return float(seen["seconds"])

    return once


def _ansible(bench: Bench, options: Sequence[str]) -> Measurement:
    """
    Ansible in a container of its own: its playbook writes a few files in other words than ours.
    """
    packages = ansible.prepare_inside(bench)
    name = bench.run(options=[*options, "-v", f"{packages}:{ansible.INSIDE}"])
    bench.wait_converged(name)
    bench.watched(name, "/usr/bin/python3", "-m", "compileall", "-q", ansible.INSIDE)
    return again(bench, name, ansible.inside(), rest.ansible)


def tmpfiles_lines() -> str:
    """
    Return what systemd-tmpfiles has to make: the peer's own lines, and our static files.
    """
    files = [f"f {file.path} 0{file.mode}\n" for file in static()]
    return (PEERS / "tmpfiles/slipway.conf").read_text() + "".join(files)


def _tmpfiles(_bench: Bench, _options: Sequence[str]) -> Measurement:
    """
    The floor: systemd-tmpfiles over the same paths, below a directory of this machine.
    """
    if shutil.which("systemd-tmpfiles") is None:
        raise Failure("this machine has no systemd-tmpfiles")
    place = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, place)
    configuration = place / "slipway.conf"
    configuration.write_text(tmpfiles_lines())
    command = ["systemd-tmpfiles", "--create", f"--root={place / 'root'}", str(configuration)]

    def create() -> float:
        began = time.monotonic()
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            raise Failure(f"systemd-tmpfiles: exit {done.returncode}: {done.stderr}")
        return time.monotonic() - began

    create()
    return create
