"""
Where a program may not log: a line in a key file, a socket or another's log costs more than itself.

Links count as what they lead to, and a second name of a file as that file.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from slipway.contract import paths
from slipway.services.program_file import RUN, ProgramFile, Unusable

CHANNELS = ("stdout_logfile", "stderr_logfile")
_SUPERVISORD = "supervisord"
_EMPTY = "is empty, and its lines would be lost: give a path, AUTO, or NONE for no log"
_KEYS = ".ssh"  # a directory of anybody's
_CACHE = "/remote/.cache"  # what waits for an upload, in any workspace
_ETC = Path("/etc")
_SYSTEM = (
    "passwd", "shadow", "group", "gshadow", "nsswitch.conf", "sudoers", "environment", "crontab",
    "profile", "hosts.allow", "hosts.deny", "nologin", "ld.so.preload", "ld.so.cache", "ld.so.conf",
    "sudoers.d", "pam.d", "security", "cron.d", "rclone",
)  # fmt: skip


def check(file: ProgramFile, groups: Iterable[Any], names: Collection[str]) -> None:
    """
    Find a place that is not a program's to log to. Raises Unusable.

    + groups: of this file alone
    + names: of all programs
    """
    sections = {name: section for section, name in file.sections(*RUN)}
    for group in groups:
        section = sections.get(group.name, group.name)
        for process in group.process_configs:
            mine = {group.name, process.name}
            for option in CHANNELS:
                path = getattr(process, option, None)
                line = file.line(section, option)
                if path == "":  # also what an expansion has made so
                    raise Unusable(f"[{section}] {option}: {_EMPTY}", line=line)
                if isinstance(path, str) and (why := obstacle(path, names, mine)):
                    raise Unusable(f"[{section}] {option}: {path} {why}", line=line)


def obstacle(path: str, names: Collection[str], mine: Collection[str] = ()) -> str:
    """
    Return why nothing may be logged to a path; "" where it may.

    + names: of all programs
    + mine: of them, the one that would log
    """
    real = _real(path)
    with contextlib.suppress(OSError):
        status = real.stat()
        if stat.S_ISBLK(status.st_mode):
            return "is a disk"
        if stat.S_ISSOCK(status.st_mode):
            return "is a socket"
        if _has_second_name(real, status):
            return "is Slipway's own"
    for place in (Path(path).absolute(), real):
        if _is_ours(place):
            return "is Slipway's own"
    log = re.fullmatch(r"(.+)\.log(?:\.\d+)?", real.name)
    if log and real.parent in _resolved(paths.LOGS, paths.RUN_LOGS):
        name = log[1].removesuffix("-stderr")
        is_known = name.startswith("remote-") or {name, log[1]} & {*names, _SUPERVISORD}
        if is_known and not {name, log[1]} & set(mine):
            return f"is the log of {name}"
    return ""


def _real(path: str | Path) -> Path:
    try:
        return Path(os.path.realpath(path))
    except OSError:  # a link of /proc that is another user's
        return Path(path).absolute()


def _is_ours(place: Path) -> bool:
    if place.parent in _resolved(paths.RUN_LOGS):
        return False
    directories = (
        paths.RUN, paths.KEPT, paths.STATE, paths.INSTALLED, paths.OF_IMAGE, paths.EXTENSIONS,
        paths.SSH, paths.SUPERVISORD_CONF.parent, *(_ETC / name for name in _SYSTEM),
    )  # fmt: skip
    above = {place, *place.parents}
    return (
        _KEYS in place.parent.parts
        or _CACHE in "/".join(place.parent.parts)
        or bool(above & _resolved(*directories))
        or place in _resolved(*_files())
    )


def _files() -> tuple[Path, ...]:
    return (
        paths.SUPERVISOR_SOCKET, paths.SSHD_PID, Path("/run/supervisord.pid"), paths.UTMP,
        paths.BASHRC, paths.PROFILE, paths.GITCONFIG, paths.SBOM, paths.SLIPWAY,
    )  # fmt: skip


def _has_second_name(real: Path, status: os.stat_result) -> bool:
    """
    Tell whether a file is one of ours under another name.
    """
    if status.st_nlink < 2:  # noqa: PLR2004 - it has no other
        return False
    names = (*_files(), *paths.KEY_FILES, paths.REPORT, paths.LAID, paths.KEYS_RECORD)
    for name in (*names, paths.SSHD_CONFIG, paths.SUPERVISORD_CONF, paths.ENVIRONMENT):
        with contextlib.suppress(OSError):
            if name != real and os.path.samestat(name.stat(), status):
                return True
    return False


def _resolved(*places: Path) -> set[Path]:
    return {*places, *map(_real, places)}
