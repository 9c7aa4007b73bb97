"""
Converging what has converged, inside the container.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence

from bench import ansible, rest
from bench.containers import MOUNTS, PEERS, PEERS_IN, QUIET, Bench, Failure
from bench.results import Row, compared, unmeasured
from bench.samples import Effort, Sample

NAME = "convergence without changes"


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

    for command in (ours, pyinfra):
        bench.watched(own, *command)

    def again(name: str, command: Sequence[str], is_at_rest: Callable[[str], bool]) -> float:
        seen = bench.watched(name, *command)
        if not is_at_rest(seen["output"]):
            raise Failure(f"{' '.join(command[:3])} changes again: {seen['output'][-1500:]}")
        return float(seen["seconds"])

    taken = effort.interleave(
        {
            "slipway": lambda: again(own, ours, rest.slipway),
            "pyinfra": lambda: again(own, pyinfra, rest.pyinfra),
            "mitogen": lambda: again(other, quick, rest.ansible),
            "ansible": lambda: again(other, plain, rest.ansible),
            "slipway, half a CPU": lambda: again(slow, ours, rest.slipway),
        }
    )
    rows = [
        compared(NAME, against, taken["slipway"], taken[peer], goal=goal)
        for against, peer, goal in (
            ("stock pyinfra, @local", "pyinfra", 0.5),
            ("Ansible with mitogen, local", "mitogen", 0.15),
            ("Ansible, local", "ansible", 0.07),
        )
    ]
    rows.append(
        compared(
            f"{NAME} with half a CPU",
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

            native = effort.interleave({"tmpfiles": floor})
    except FileNotFoundError:
        why = "this machine has no systemd-tmpfiles"
        return [unmeasured(NAME, against, goal=None, why=why)]
    return [compared(NAME, against, ours, native["tmpfiles"])]
