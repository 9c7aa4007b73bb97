"""
Which programs are Slipway's own: never by their word alone, which a user may copy.

sshd and cron are read from where Slipway is installed, whatever lies in conf.d. A remote's file
in conf.d is ours when it is, byte for byte, what Slipway writes for that remote.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from slipway.contract import paths
from slipway.contract.paths import LOGS, SLIPWAY
from slipway.system import mountinfo

REMOTE_MARK = "; Slipway's: mounts the rclone remote "  # the first line of a remote's file
REMOTE = """\
{mark}{name}
[program:{program}]
command={slipway} {words}
autostart=true
autorestart=true
startsecs=3
startretries=1000000
stopwaitsecs={stopwaitsecs}
priority=50
redirect_stderr=true
stdout_logfile={logs}/{program}.log
stdout_logfile_maxbytes=5MB
stdout_logfile_backups=1
environment=REMOTE_CONFIGURATION="{digest}"
"""


def installed() -> dict[str, str]:
    """
    Return the files of the programs that every container has, with their texts. Raises OSError.
    """
    return {str(path): path.read_text() for path in sorted(paths.OWN_PROGRAMS.glob("*.conf"))}


def is_copy(path: str, text: str, own: dict[str, str]) -> bool:
    """
    Tell whether a file of conf.d is what the overlay has laid there.
    """
    return own.get(str(paths.OWN_PROGRAMS / Path(path).name)) == text


def is_mounted_over(path: str, sections: Iterable[str], own: dict[str, str]) -> bool:
    """
    Tell whether somebody has mounted a file over one of the overlay's, with the same program in it.

    A convergence can't replace it and says so; what runs is Slipway's all the same.
    """
    place = str(paths.OWN_PROGRAMS / Path(path).name)
    if place not in own or set(sections) != {f"program:{Path(path).stem}"}:
        return False
    return any(mount.point == path for mount in mountinfo.here())


def is_remote(path: str, text: str) -> bool:
    """
    Tell whether a file is one that Slipway writes for a remote, under that remote's name.
    """
    found = _remote().fullmatch(text)
    return found is not None and Path(path).name == f"{found['program']}.conf"


def is_remotes(process: Any) -> bool:
    """
    Tell whether a process is a remote's, by the variable that slipway.operations.remotes gives it.

    A program of the user's may be called `remote-desktop`.
    """
    return "REMOTE_CONFIGURATION" in (process.config.environment or {})


@functools.cache
def _remote() -> re.Pattern[str]:
    """
    Return what every such file matches: one line for each field, the same for each that recurs.
    """
    known = {"mark": REMOTE_MARK, "slipway": str(SLIPWAY), "logs": str(LOGS)}
    parts = re.split(r"\{(\w+)\}", REMOTE)
    text = re.escape(parts[0])
    seen: set[str] = set()
    for name, literal in zip(parts[1::2], parts[2::2], strict=True):
        field = re.escape(known[name]) if name in known else f"(?P<{name}>.*)"
        text += (f"(?P={name})" if name in seen - known.keys() else field) + re.escape(literal)
        seen.add(name)
    return re.compile(text)
