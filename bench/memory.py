"""
Resident memory of a container's processes.
"""

from __future__ import annotations

import time
from typing import Any

from bench.containers import MOUNTS, PEERS_IN, QUIET, Bench
from bench.results import Row, compared
from bench.samples import Effort

IDLE_SECONDS = 6.0  # until a started container has come to rest

# sshd and its sessions are what the container is for, not what Slipway costs
_SCRIPT = """
import os
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        lines = open(f"/proc/{pid}/status").read().splitlines()
    except OSError:
        continue
    known = dict(line.split(":", 1) for line in lines if ":" in line)
    if "VmRSS" in known and int(pid) != os.getpid():
        print(known["Name"].strip(), known["VmRSS"].split()[0])
"""
_SERVICES = {"sshd"}


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
    taken = effort.interleave(
        {
            "slipway": lambda: _resident(bench, ours),
            "supervisord": lambda: _resident(bench, theirs),
        }
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
            goal=1.15,
        )
    ]


def _resident(bench: Bench, name: str) -> float:
    """
    Return the MiB of all processes of a container but sshd's.
    """
    command = ["/usr/bin/python3", "-I", "-c", _SCRIPT]
    done: Any = bench.client.containers.get(name).exec_run(command)
    return total(done.output.decode())


def total(listing: str) -> float:
    """
    Add up lines of a process's name and its KiB, in MiB.
    """
    pairs = (line.rsplit(" ", 1) for line in listing.splitlines())
    return sum(int(kib) for process, kib in pairs if process not in _SERVICES) / 1024
