"""
Work that outlives whoever asks for it: supervisord begins it.

A process that is left behind becomes PID 1's child. A PID 1 such as `sleep` never reaps it, and it
stays a zombie. What supervisord leaves behind becomes the child of the tini above it, which does.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from slipway.contract import paths
from slipway.system import locks, refused

# The convergence that asks for it has processor and memory first. Priority is nice to have.
_WHEN_CONVERGED = f"flock {paths.LOCK} true"
_MAKE = 'nice -n 19 true && exec nice -n 19 "$0" "$@"; exec "$0" "$@"'
_PATIENCE = 10.0  # seconds to begin: a fork and a program


class UnderWay(Exception):  # noqa: N818 - nobody's error
    """
    Somebody is at it.
    """


def make_host_key() -> None:
    """
    Begin to make the RSA host key. Raises UnderWay, OSError and SubprocessError.

    The lock is taken before this returns, and passes on to those that do the work. Where locks,
    sessions or priorities can't be had (a seccomp profile) it is made without.
    """
    script = f"{{ {_WHEN_CONVERGED}; {_MAKE}; }} &"
    words = ["sh", "-c", script, *paths.PYTHON, "slipway.ssh.host_key"]
    log = _log()
    try:
        with (
            _locked() as held,
            refused.apart(
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=held
            ) as process,
        ):
            process.wait(_PATIENCE)
    finally:
        os.close(log)


@contextmanager
def _locked() -> Iterator[list[int]]:
    """
    Give the lock's descriptor, and none where there are no locks.
    """
    try:
        lock = locks.take(paths.HOST_KEY_LOCK)
    except OSError as error:
        if error.errno not in refused.REFUSALS:
            raise
        yield []
        return
    if lock is None:
        raise UnderWay(f"{paths.HOST_KEY_LOCK} is held")
    with lock:
        yield [lock.fileno()]


def _log() -> int:
    try:
        return os.open(paths.LOGS / "sshd.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    except OSError:  # mounted, or read-only: what is made counts, not what is said of it
        return os.open(os.devnull, os.O_WRONLY)
