"""
Locks that die with their holder, however that ends and whatever container it is in (flock(2)).
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock
from pathlib import Path
from typing import IO

from slipway.system.alarm import ring_after

# No lock is held where no file can be, or something else is: a directory, a socket
_NOWHERE = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EISDIR, errno.ENXIO}
# A seccomp profile, or a filesystem, that knows no locks
_UNKNOWN = {errno.EPERM, errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP}


@contextlib.contextmanager
def hold(path: Path) -> Iterator[None]:
    """
    Hold an exclusive lock, waiting for whoever has it. Raises OSError.

    Where no locks are known the block runs all the same: a start must not end for that.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "ab", opener=_opened) as stream:
        _lock(stream, LOCK_EX)
        yield


def take(path: Path) -> IO[bytes] | None:
    """
    Return an exclusive lock, held until it is closed; None while somebody has it.

    Raises OSError, also where no locks are known: data is nobody's without one.
    """
    stream = open(path, "ab", opener=_opened)  # noqa: SIM115 - as above; it is returned
    try:
        flock(stream, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        stream.close()
        return None
    except OSError:
        stream.close()
        raise
    return stream


def is_held(path: Path, *, where_unknown: bool = False) -> bool:
    """
    Tell whether somebody holds the lock now. Raises OSError.

    + where_unknown: the answer where no locks are known
    """
    try:
        with open(path, "rb", opener=_opened) as stream:
            flock(stream, LOCK_SH | LOCK_NB)
    except BlockingIOError:
        return True
    except OSError as error:
        if error.errno in _UNKNOWN:
            return where_unknown
        if error.errno not in _NOWHERE:
            raise
    return False


def wait(path: Path, *, seconds: float) -> bool:
    """
    Wait until nobody holds the lock, and do not keep it; tell whether that came in time.

    For a process's main thread. Raises OSError.
    """
    try:
        with (
            open(path, "rb", opener=_opened) as stream,
            ring_after(seconds, TimeoutError()),
        ):
            _lock(stream, LOCK_SH)
    except TimeoutError:
        return False
    except OSError as error:
        if error.errno not in _NOWHERE:
            raise
    return True


def _lock(stream: IO[bytes], how: int) -> None:
    try:
        flock(stream, how)
    except OSError as error:
        if error.errno not in _UNKNOWN:
            raise


def _opened(path: str, flags: int) -> int:
    """
    Open a lock, and wait for nobody where a FIFO lies in its place.
    """
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY, 0o666)
