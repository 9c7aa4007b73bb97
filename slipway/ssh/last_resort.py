"""
sshd by itself: where supervisord can't run, or can't be asked to start it, its owner gets in.

That is so where a seccomp profile refuses a system call that supervisord can't do without, and sshd
can. Nothing of this is done in a start that goes well.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
import time
from pathlib import Path
from typing import NoReturn

from slipway.contract import paths
from slipway.environment import host_data
from slipway.settings import public_keys
from slipway.ssh import configuration, copies, host_key, inside, usable
from slipway.system import files, refused

_PATIENCE = 3.0  # seconds for an sshd that supervisord starts
_BETWEEN = 0.1  # seconds between two looks: nothing tells
_ALONE = "slipway: sshd runs by itself, without supervisord: {why}"


def note(why: str) -> None:
    """
    Take down that supervisord can't run, for this start of the container.
    """
    with contextlib.suppress(OSError):
        paths.UNSUPERVISED.write_text(why, errors="replace")


def why_alone() -> str:
    """
    Return why supervisord can't run in this start; "" where nothing is known of that.
    """
    return files.shown(paths.UNSUPERVISED)


def is_needed(*, patience: float = _PATIENCE) -> bool:
    """
    Tell whether nobody serves SSH although there is a key.
    """
    settings = host_data.loaded().settings
    if "sshd" in settings.services_off or not (_has_key() or settings.keys):
        return False
    deadline = time.monotonic() + patience
    while not _is_served():
        if time.monotonic() > deadline:
            return True
        time.sleep(_BETWEEN)
    return False


def serve(why: str = "") -> NoReturn:
    """
    Become sshd, with the keys that were given. Raises OSError.

    + why: it does so by itself; else what was noted is said
    """
    _say(_ALONE.format(why=why or why_alone() or "it does not start sshd"))
    for prepare in (_have_key, _have_host_key, _have_chroot):
        try:
            prepare()
        except OSError as error:  # noqa: PERF203 - what sshd can't do without it says itself
            _say(f"slipway: {error.filename or 'sshd'}: {error.strerror or error}")
    with contextlib.suppress(OSError, copies.Unusable):
        usable.serve()
    os.execv(paths.SSHD, [paths.SSHD, "-D", "-e"])  # noqa: S606 - words
    raise AssertionError("exec does not return")


def stand_by(why: str) -> NoReturn:
    """
    Be the process that the container lives by, where supervisord can't: sshd, or who waits for it.

    The convergence beside us becomes sshd, when it has the keys and all else in their places.
    """
    note(why)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
    with contextlib.suppress(OSError):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
    if is_needed(patience=4 * _PATIENCE):
        serve(why)
    _say(f"slipway: supervisord can't run: {why}")
    while True:
        try:
            os.wait()
        except ChildProcessError:  # noqa: PERF203 - once a second
            time.sleep(1)  # until somebody ends us


def begin() -> None:
    """
    Have sshd in a process of its own. Raises OSError.
    """
    if os.fork():
        return
    refused.go_without(os.setsid)
    try:
        serve()
    except OSError as error:
        _say(f"slipway: {paths.SSHD}: {error.strerror}")
    finally:
        os._exit(1)


def _has_key() -> bool:
    return any(public_keys.any_valid(files.readable(path) or b"") for path in paths.KEY_FILES)


def _is_served() -> bool:
    return not all(inside.is_free(port) for port in configuration.read().ports)


def _have_key() -> None:
    if _has_key():
        return
    text = "".join(f"{line}\n" for line in host_data.loaded().settings.keys)
    trouble = OSError(errno.EROFS, os.strerror(errno.EROFS), str(paths.KEY_FILES[-1]))
    for place in reversed(paths.KEY_FILES):  # in /run first: it is this start's alone
        try:
            _append(place, text)
        except OSError as error:  # noqa: PERF203 - three at most
            trouble = error
        else:
            return
    raise trouble


def _append(place: Path, text: str) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NONBLOCK
    with os.fdopen(os.open(place, flags, 0o600), "w", errors="surrogateescape") as stream:
        stream.write(text)


def _have_host_key() -> None:
    there = [path for kind in host_key.KINDS if (path := host_key.path(kind)).exists()]
    if (
        not there
        and not configuration.given_options()
        and (said := host_key.complaint(["ed25519"]))
    ):
        raise OSError(errno.EIO, said)


def _have_chroot() -> None:
    paths.SSHD_CHROOT.mkdir(mode=0o755, parents=True, exist_ok=True)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
