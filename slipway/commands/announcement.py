"""
What a start says first: two lines, then one each for what is refused, degraded, failed or noted.

    slipway | ready in 0.4 s: 1 key, /workspace mounted, 2 remotes, no GPU
    slipway | ssh -p 2222 root@127.0.0.1
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from slipway.contract.report import Report
from slipway.environment import derived
from slipway.environment.gpus import Gpus
from slipway.remotes import states
from slipway.settings import key_descriptions, providers
from slipway.settings.key_descriptions import Description
from slipway.settings.variables import Settings
from slipway.ssh import key_files, logins
from slipway.ssh.configuration import DEFAULT_PORT
from slipway.system import pid_one, processes
from slipway.system.counting import counted

if TYPE_CHECKING:
    from slipway.ssh.situation import Situation

NAME = "slipway | "
_TICKS = 100  # of the kernel's clock, a second
_UNKNOWN = "its engine or cloud knows where that is reached from outside"


def lines(report: Report, settings: Settings, login: Situation | None) -> list[str]:
    """
    Return them.

    + login: what there is to know of root's login; None where no sshd is expected
    """
    after = f"{max(report.seconds, since_start()):.1f} s"
    if failed := report.failed:
        first = f"NOT ready after {after}: {counted(len(failed), 'operation')} failed"
    else:
        first = f"ready in {after}: {', '.join(_there(settings))}"
    more = [address(settings.environment, login.ports)] if login and known_keys() else []
    obstacles = map(str, login.obstacles) if login else []
    return [f"{NAME}{line}" for line in (first, *more, *report.concerns(), *obstacles)]


def since_start() -> float:
    """
    Return the seconds since the container's start; 0 where that can't be told.
    """
    try:
        began = int(processes.fields(pid_one.path("stat").read_bytes())[19]) / _TICKS
        seconds = time.clock_gettime(time.CLOCK_BOOTTIME) - began
    except (OSError, ValueError, IndexError):
        return 0.0
    return seconds if 0 < seconds < 60 else 0.0  # noqa: PLR2004 - else it is not this container's


def known_keys() -> list[Description]:
    """
    Return the keys that let root in, whoever put them there.
    """
    return key_descriptions.of_files(*key_files.contents())


def ssh_line(environment: Mapping[str, str]) -> str:
    """
    Return what opens a session from outside; "" where nobody tells the address.
    """
    where = providers.detect(environment).ssh_address(environment)
    return f"ssh -p {where[1]} {logins.wanted()}@{where[0]}" if where else ""


def address(environment: Mapping[str, str], ports: list[int]) -> str:
    """
    Return what opens a session, or what is known of it.
    """
    numbers = ", ".join(map(str, ports or [DEFAULT_PORT]))
    return ssh_line(environment) or f"ssh: port {numbers} of the container; {_UNKNOWN}"


def _there(settings: Settings) -> list[str]:
    around = derived.observe(settings.workspace)
    remotes = len(list(states.configured(settings.workspace)))
    return [
        counted(len(known_keys()), "key"),
        f"{settings.workspace} {'mounted' if around.mounted else 'not mounted'}",
        *([counted(remotes, "remote")] if remotes else []),
        gpus(around.gpus, settings.gpu_count),
    ]


def gpus(found: Gpus, limit: int | None) -> str:
    """
    Return how many GPUs are visible, of how many.
    """
    if not found.vendor:
        return "no GPU"
    if found.number is None:
        return f"GPUs of {found.vendor}"
    if limit is None or limit >= found.number:
        return counted(found.number, "GPU")
    return f"{limit} of {counted(found.number, 'GPU')}"
