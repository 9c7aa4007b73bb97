"""
Crontabs, as crontab(5) has them: those that `crontab` writes, /etc/crontab and /etc/cron.d.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from slipway.services.cron import schedule
from slipway.services.cron.present import DROP_INS, SPOOL, SYSTEM
from slipway.services.cron.schedule import AT_START, Schedule
from slipway.system import files

_VARIABLE = r"""\s*("[^"]*"|'[^']*'|[^\s=]+)\s*=\s*(.*?)\s*"""
_PACKAGE_NAME = r"[A-Za-z0-9_-]+"  # of a file in cron.d: no backup of an editor's
_PERCENT = r"\\%|%"


class Job(NamedTuple):
    """
    One line of a table.
    """

    user: str
    command: str
    when: Schedule | None  # None: once, at the start of the container
    given: str  # its standard input
    variables: tuple[tuple[str, str], ...]  # those that the table sets above it


class Table(NamedTuple):
    """
    One file: its jobs, and what in it can't be used.
    """

    jobs: list[Job]
    problems: list[str]


def read(root: str = "") -> Table:
    """
    Read all of them; one that can't be used costs no other.

    + root: where the files are
    """
    jobs: list[Job] = []
    problems: list[str] = []
    for path, user in _files(root):
        try:
            _check(path, user)
            text = files.text(path)
        except OSError as error:
            problems.append(f"{path}: {error.strerror}")
            continue
        except ValueError as error:
            problems.append(f"{path}: {error}")
            continue
        table = parse(text, user=user)
        jobs += table.jobs
        problems += [f"{path} {problem}" for problem in table.problems]
    return Table(jobs, problems)


def parse(text: str, *, user: str = "") -> Table:
    """
    Read the lines of one.

    + user: whose jobs these are; "" where each line says it
    """
    variables: dict[str, str] = {}
    jobs: list[Job] = []
    problems: list[str] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        setting = re.fullmatch(_VARIABLE, line)
        if setting and not line.lstrip()[0].isdigit() and line.lstrip()[0] not in "*@-":
            variables[_bare(setting[1])] = _bare(setting[2])
            continue
        try:
            jobs.append(_job(line, user, tuple(variables.items())))
        except (ValueError, IndexError):
            problems.append(f"line {number}: not understood: {line.strip()}")
    return Table(jobs, problems)


def _job(line: str, user: str, variables: tuple[tuple[str, str], ...]) -> Job:
    """
    Read a line of a job. Raises ValueError, or IndexError where it is too short.
    """
    line = line.lstrip().removeprefix("-")  # of Debian's: don't log it
    count = 1 if line.startswith("@") else schedule.FIELDS
    words = line.split(None, count + (not user))
    fields, rest = words[:count], words[count:]
    who, command = (user, rest[0]) if user else (rest[0], rest[1])
    when = None if fields == [AT_START] else schedule.parse(fields)
    command, given = _divided(command)
    return Job(who, command, when, given, variables)


def _divided(command: str) -> tuple[str, str]:
    r"""
    Return the command, and what follows its first % as lines of input; \% is a %.
    """
    lines = [""]
    position = 0
    for found in re.finditer(_PERCENT, command):
        lines[-1] += command[position : found.start()]
        position = found.end()
        if found[0] == "%":
            lines.append("")
        else:
            lines[-1] += "%"
    lines[-1] += command[position:]
    first, *rest = lines
    return first, "".join(f"{line}\n" for line in rest)


def _files(root: str) -> Iterator[tuple[Path, str]]:
    """
    Yield the tables with their users, "" for those whose lines say it.
    """
    spool, drop_ins = Path(root + SPOOL), Path(root + DROP_INS)
    if spool.is_dir():
        yield from ((path, path.name) for path in sorted(spool.iterdir()) if path.name[0] != ".")
    if (system := Path(root + SYSTEM)).exists():
        yield system, ""
    if drop_ins.is_dir():
        names = (
            path for path in sorted(drop_ins.iterdir()) if re.fullmatch(_PACKAGE_NAME, path.name)
        )
        yield from ((path, "") for path in names)


def _check(path: Path, user: str) -> None:
    """
    See that nobody else could have written it: then its jobs would be his. Raises ValueError.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("is no regular file")
    if user and path.is_symlink():
        raise ValueError("is a link")
    others = stat.S_IWGRP | stat.S_IWOTH
    if not user and (status.st_uid != os.geteuid() or status.st_mode & others):
        raise ValueError("must be root's, and writable by nobody else")


def _bare(text: str) -> str:
    is_quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1] if is_quoted else text
