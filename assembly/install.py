"""
Installs Debian's packages: the same ones as tasks/packages.py, before Slipway itself is there.

So a new version of Slipway has the layer of its predecessor.
"""

from __future__ import annotations

import ast
import datetime as dt
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
TASK = HERE / "tasks/packages.py"
TRACES = HERE / "slipway/system/traces.py"
MODULI = Path("/etc/ssh/moduli")
GITCONFIG = Path("/etc/gitconfig")
SMALLEST_MODULUS = 3072  # tasks/ssh.py's


def packages(source: str) -> list[str]:
    """
    Return what PACKAGES is in a task's source.
    """
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "PACKAGES":
            names: list[str] = ast.literal_eval(statement.value)
            return names
    raise SystemExit(f"{TASK}: PACKAGES is no list of names")


def strong(moduli: str) -> str:
    """
    Return moduli(5) without the groups that tasks/ssh.py would take out.

    It would write the whole file anew, half a megabyte, into the layer of each version of Slipway.
    """
    return "".join(
        line
        for line in moduli.splitlines(keepends=True)
        if line.startswith("#") or int(line.split()[4]) >= SMALLEST_MODULUS - 1
    )


def in_order(configuration: str) -> str:
    """
    Return git's configuration with the lines of each section in order.

    The package git-lfs writes its own in another order each time.
    """
    sections: list[list[str]] = [[]]
    for line in configuration.splitlines(keepends=True):
        if line.startswith("["):
            sections.append([])
        sections[-1].append(line)
    return "".join(
        line for first, *rest in filter(None, sections) for line in (first, *sorted(rest))
    )


def epoch(day: str) -> dict[str, str]:
    """
    Return the variable by which accounts of packages are dated as their day, not as of now.

    + day: 2026-11-26, or with a time behind a T; empty for now
    """
    if not day:
        return {}
    moment = dt.datetime.fromisoformat(day.removesuffix("Z"))
    return {"SOURCE_DATE_EPOCH": f"{moment.replace(tzinfo=dt.timezone.utc).timestamp():.0f}"}


def main(day: str) -> None:
    """
    Install them, and leave nothing that differs from one build to the next.
    """
    environment = {**os.environ, **epoch(day), "DEBIAN_FRONTEND": "noninteractive"}
    apt = ["apt-get", "-q", "-y", "--no-install-recommends", "-o", "Dpkg::Use-Pty=0", "install"]
    names = packages(TASK.read_text())
    subprocess.run([*apt, "--", *names], env=environment, check=True)
    for key in Path("/etc/ssh").glob("ssh_host_*"):
        key.unlink()  # a secret that every layer above would still ship
    if MODULI.exists():
        MODULI.write_text(strong(MODULI.read_text()))
    if GITCONFIG.exists():
        GITCONFIG.write_text(in_order(GITCONFIG.read_text()))
    subprocess.run([sys.executable, "-I", "-B", str(TRACES), "remove"], check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
