"""
What is true of the image and of every container made from it.

The specs run where they are cheap: inside, through testinfra's local backend (`slipway verify`).
Modules are named after tasks. A check marked `start` needs a started container; one marked `build`
is about the image alone, as a container's user may well do otherwise; all the others hold for both.

What a user chose is no fault: such a check is skipped, and its reason says what was chosen where.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from testinfra.host import Host

OWN_DROP_IN = re.compile(r"0[01]-slipway.*\.conf")


@pytest.fixture
def chosen() -> dict[str, str]:
    """
    What the user has sshd do: option, in small letters, to its line and file.

    His own drop-ins count. The main file comes after ours and is overruled by them.
    """
    found: dict[str, str] = {}
    for path in sorted(Path("/etc/ssh/sshd_config.d").glob("*.conf")):
        if OWN_DROP_IN.fullmatch(path.name):
            continue
        for line in path.read_text(errors="replace").splitlines():
            words = line.split()
            if words and not words[0].startswith("#"):
                found.setdefault(words[0].lower(), f"{' '.join(words)} in {path}")
    refusal = Path("/run/slipway/sshd-root.conf")
    if refusal.exists() and refusal.read_text():
        found.setdefault("permitrootlogin", "SLIPWAY_ROOT_LOGIN=false")
    return found


@pytest.fixture(scope="session")
def report() -> dict[str, Any]:
    """
    The last convergence's.
    """
    document: dict[str, Any] = json.loads(Path("/run/slipway/report.json").read_text())
    return document


@pytest.fixture
def effective(host: Host) -> list[str]:
    """
    The configuration sshd runs with, which needs a host key to be printed.
    """
    if not host.file("/etc/ssh/ssh_host_ed25519_key").exists:
        pytest.skip("no host key, so no effective configuration, in an image")
    output: str = host.check_output(
        "/usr/sbin/sshd -T $(cat /run/slipway/sshd.options 2>/dev/null)"
    )
    return output.splitlines()
