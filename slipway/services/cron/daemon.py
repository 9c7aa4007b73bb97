"""
cron as a supervised program: each job has what a session of its user has.

Debian's cron gives jobs a PATH of its own and the variables of a file in which # begins a comment,
and drops what they print where no mail is delivered. Here root's jobs have the container's
variables byte for byte, other users' those that are no secrets, and all write to this program's
log. Tables and the command `crontab` are Debian's.

A minute that a clock's change leaves out is left out, one that it repeats is repeated.
"""

from __future__ import annotations

import os
import pwd
import signal
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NoReturn

from slipway.contract import paths, report
from slipway.environment import public, saved
from slipway.services.cron import tables
from slipway.services.cron.tables import Job
from slipway.system import files, refused

_MINUTE = 60
_AT_START = 60.0  # seconds from the container's start within which this program starts with it
_LONGEST = 5  # minutes that are made up for; what is longer is a clock that was put right
_SHELL = "/bin/sh"
_STARTED = paths.RUN / "cron"  # which start of the container the jobs of @reboot were run for
_WAKING = {signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP}


def main() -> None:
    """
    Run what is due, minute by minute, until a TERM.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, _WAKING)
    Path("/proc/self/comm").write_text("cron")  # what `ps` and `pgrep` call it
    told: list[str] = []
    last = int(time.time()) // _MINUTE
    told = _look([None] if _is_first() else [], told)
    while True:
        info = signal.sigtimedwait(_WAKING, (last + 1) * _MINUTE - time.time())
        if info and info.si_signo == signal.SIGTERM:
            return
        _reap()
        now = int(time.time()) // _MINUTE
        if now != last:
            began = last + 1 if 0 < now - last <= _LONGEST else now
            told = _look([time.localtime(each * _MINUTE) for each in range(began, now + 1)], told)
            last = now


def due(jobs: Iterable[Job], moment: time.struct_time | None) -> list[Job]:
    """
    Return the jobs of a minute; None: those of the container's start.
    """
    if moment is None:
        return [job for job in jobs if job.when is None]
    return [job for job in jobs if job.when and job.when.is_due(moment)]


def environment(
    job: Job, account: pwd.struct_passwd, variables: Mapping[str, str]
) -> dict[str, str]:
    """
    Return what a job sees: what the container has, what belongs to its user, what its table sets.

    + variables: this program's own
    """
    seen = dict(variables)
    if account.pw_uid:
        seen = public.of(variables, baked=_baked())
    own = {
        "HOME": account.pw_dir,
        "LOGNAME": account.pw_name,
        "USER": account.pw_name,
        "SHELL": _SHELL,
    }
    return {**seen, **own, **dict(job.variables)}


def _look(moments: Iterable[time.struct_time | None], told: list[str]) -> list[str]:
    """
    Read the tables and start what is due; returns what is wrong with them, said once.
    """
    table = tables.read()
    for problem in table.problems:
        if problem not in told:
            _say(problem)
    for moment in moments:
        for job in due(table.jobs, moment):
            _start(job)
    return table.problems


def _start(job: Job) -> None:
    try:
        account = pwd.getpwnam(job.user)
    except KeyError:
        _say(f"{job.user}: no such user; not run: {job.command}")
        return
    _say(f"{job.user}: {job.command}")
    try:
        child = os.fork()
    except OSError as error:  # no process to be had; the next minute is another chance
        _say(f"{job.user}: {error.strerror}; not run: {job.command}")
        return
    if not child:
        _become(job, account)
    _running[child] = job


_running: dict[int, Job] = {}


def _become(job: Job, account: pwd.struct_passwd) -> NoReturn:
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _WAKING)
        for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, and exec keeps that
            signal.signal(number, signal.SIG_DFL)
        refused.go_without(os.setsid)
        seen = environment(job, account, _own_variables())
        if account.pw_uid != os.geteuid():
            os.initgroups(account.pw_name, account.pw_gid)
            os.setgid(account.pw_gid)
            os.setuid(account.pw_uid)
        os.dup2(_input(job.given), 0)
        home = seen.get("HOME", "/")
        os.chdir(home if os.path.isdir(home) else "/")  # noqa: PTH112 - a string
        shell = seen.get("SHELL") or _SHELL
        os.execve(shell, [shell, "-c", job.command], seen)  # noqa: S606 - words
    except OSError as error:
        _say(f"{job.user}: {error.filename or job.command}: {error.strerror}")
    finally:
        os._exit(1)


def _input(text: str) -> int:
    """
    Return a descriptor to read a text from.
    """
    if not text:
        return os.open(os.devnull, os.O_RDONLY)
    descriptor = os.memfd_create("input")
    os.write(descriptor, text.encode(errors="surrogateescape"))
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _reap() -> None:
    while _running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        job, code = _running.pop(pid, None), os.waitstatus_to_exitcode(status)
        if job and code:
            how = f"ended with {code}" if code > 0 else f"ended by signal {-code}"
            _say(f"{job.user}: {how}: {job.command}")


def _own_variables() -> dict[str, str]:
    """
    Return what this program was started with, without what supervisord says of it.
    """
    variables = saved.of_process("self")
    return {name: value for name, value in variables.items() if not name.startswith("SUPERVISOR_")}


def _baked() -> set[str]:
    try:
        return set(files.text(paths.BAKED).splitlines())
    except OSError:
        return set()


def _is_first() -> bool:
    """
    Tell whether this is the first time since the container has started, and note that it was.

    A crontab that comes later starts this program later, and is no reason to run such jobs.
    """
    boot = report.boot()
    try:
        is_known = files.text(_STARTED) == boot
    except OSError:
        is_known = False
    _STARTED.write_text(boot)
    began = int(boot) / os.sysconf("SC_CLK_TCK")
    age = float(Path("/proc/uptime").read_text().split()[0]) - began
    return not is_known and age < _AT_START


def _say(text: str) -> None:
    os.write(1, f"{text}\n".encode(errors="backslashreplace"))


if __name__ == "__main__":
    refused.install()
    main()
    sys.exit()
