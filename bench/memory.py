"""
Resident memory of a container's processes.
"""

from __future__ import annotations

from typing import Any

from bench.containers import Bench

NAME = "resident memory, idle"

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


def resident(bench: Bench, name: str) -> float:
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
