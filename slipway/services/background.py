"""
Work that outlives whoever asks for it: supervisord begins it.

A process that is left behind becomes PID 1's child. A PID 1 such as `sleep` never reaps it, and it
stays a zombie. What supervisord leaves behind becomes the child of the tini above it, which does.
"""

from __future__ import annotations

import os
import subprocess

from slipway.contract import paths

# The convergence that asks for it has processor and memory first
_WHEN_CONVERGED = f'flock {paths.LOCK} true; exec "$0" "$@"'
_PATIENCE = 10.0  # seconds to begin: a fork and three programs


def make_host_key() -> None:
    """
    Begin to make the RSA host key, unless that is under way. Raises OSError, SubprocessError.

    The lock is taken before this returns, and passes on to those that do the work.
    """
    # fmt: off
    words = [
        "flock", "--nonblock", str(paths.HOST_KEY_LOCK), "setsid", "--fork",
        "sh", "-c", _WHEN_CONVERGED, "nice", "-n", "19", *paths.PYTHON, "slipway.ssh.host_key",
    ]
    # fmt: on
    log = _log()
    try:
        subprocess.run(
            words,
            check=True,
            timeout=_PATIENCE,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    finally:
        os.close(log)


def _log() -> int:
    try:
        return os.open(paths.LOGS / "sshd.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    except OSError:  # mounted, or read-only: what is made counts, not what is said of it
        return os.open(os.devnull, os.O_WRONLY)
