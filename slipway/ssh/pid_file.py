"""
sshd's pid file, which tells when it listens: it writes it then, at its start and after each SIGHUP.
"""

from __future__ import annotations

import contextlib
import time

from slipway.contract import paths

_BETWEEN = 0.005  # seconds: nothing tells when it is written


def wait(*, since: int, seconds: float) -> None:
    """
    Return when sshd has written it, or has not in time (sshd(8), FILES).

    + since: nanoseconds; a file that is no newer is of before
    """
    deadline = time.monotonic() + seconds
    while not _is_newer(since) and time.monotonic() < deadline:
        time.sleep(_BETWEEN)


def _is_newer(since: int) -> bool:
    with contextlib.suppress(OSError):
        return paths.SSHD_PID.stat().st_mtime_ns > since
    return False
