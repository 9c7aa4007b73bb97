"""
System calls that a seccomp profile refuses: another one does the same, or nothing does.

A profile names calls one by one. It may refuse `chmod` and allow `fchmodat`, refuse `pipe2` and
allow `socketpair`. Who is refused here asks in the other way, which every program of ours, and the
libraries that it uses, get by one installation at its beginning. Where the other one is refused,
too, the first answer stands: a file that is immutable is so in either way.
"""

from __future__ import annotations

import errno
import os
import resource
import select
import time
from collections.abc import Callable, Sequence
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import subprocess

REFUSALS = {errno.EPERM, errno.EACCES, errno.ENOSYS}

Call = Callable[..., Any]

_BY_DIRECTORY = ("chmod", "chown", "mkdir", "rmdir", "unlink", "remove", "readlink", "mkfifo")
_FEW = 1024  # what every program reckons with, of a limit that can't be asked for
_FROM_TO = ("rename", "replace")
_BY_NUMBER = {"fchmod": "chmod", "fchown": "chown"}


def install() -> None:
    """
    Have this process ask otherwise for what is refused, from now on.
    """
    if hasattr(os.chmod, "__wrapped__"):
        return
    for name in _BY_DIRECTORY:
        _give(os, name, partial(_by_directory, getattr(os, name)))
    for name in _FROM_TO:
        _give(os, name, partial(_from_to, getattr(os, name)))
    for name, other in _BY_NUMBER.items():
        _give(os, name, partial(_by_number, getattr(os, other)))
    _give(os, "symlink", partial(_symlink, os.symlink))
    _give(os, "link", partial(os.link, follow_symlinks=False))
    _give(os, "lchown", partial(os.chown, follow_symlinks=False))
    _give_access()
    _give(os, "pipe", _socket_pair)
    _give(os, "pipe2", _socket_pair)
    _give(os, "uname", _named)
    _give(resource, "getrlimit", lambda _kind: (_FEW, _FEW))
    _give(time, "sleep", _wait)


def go_without(call: Call, *given: object) -> None:
    """
    Call what is nice to have. Raises OSError where it fails, but is not refused.
    """
    try:
        call(*given)
    except OSError as error:
        if error.errno not in REFUSALS:
            raise


def apart(words: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
    """
    Start a program in a session of its own, where it can have one. Raises OSError.
    """
    import subprocess  # noqa: PLC0415 - not every program of ours starts others

    try:
        return subprocess.Popen(words, start_new_session=True, **options)
    except OSError as error:
        if error.errno not in REFUSALS:
            raise
        return subprocess.Popen(words, **options)


def _give(module: Any, name: str, other: Call) -> None:
    first: Call = getattr(module, name)

    @wraps(first)
    def call(*given: Any, **options: Any) -> Any:
        try:
            return first(*given, **options)
        except OSError as error:
            if error.errno not in REFUSALS:
                raise
            try:
                return other(*given, **options)
            except (TypeError, NotImplementedError):
                raise error from None
            except OSError as second:
                raise (error if second.errno in REFUSALS else second) from None

    setattr(module, name, call)
    _know(first, call)


def _give_access() -> None:
    first = os.access

    @wraps(first)
    def access(path: Any, mode: int, **options: Any) -> bool:
        return first(path, mode, **options) or (
            not options and first(path, mode, effective_ids=True)
        )

    os.access = access
    _know(first, access)


def _know(first: Call, call: Call) -> None:
    """
    Have whoever asks what a function can do, shutil say, hear the same of its successor.
    """
    for able in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks):
        if first in able:
            able.add(call)


def _by_directory(call: Call, path: Any, *given: Any, **options: Any) -> Any:
    """
    Do it as one of the `at` calls: of an absolute path these take any directory.
    """
    if isinstance(path, int):
        return call(f"/proc/self/fd/{path}", *given, **options)
    return call(os.path.abspath(path), *given, **{"dir_fd": -1, **options})  # noqa: PTH100 - or bytes


def _from_to(call: Call, source: Any, target: Any) -> Any:
    there = (os.path.abspath(path) for path in (source, target))  # noqa: PTH100 - likewise
    return call(*there, src_dir_fd=-1, dst_dir_fd=-1)


def _symlink(call: Call, target: Any, path: Any, *given: Any, **options: Any) -> Any:
    return call(target, os.path.abspath(path), *given, dir_fd=-1, **options)  # noqa: PTH100


def _by_number(call: Call, descriptor: int, *given: Any) -> Any:
    return call(f"/proc/self/fd/{descriptor}", *given)


def _socket_pair(flags: int = 0) -> tuple[int, int]:
    """
    Return two descriptors like those of a pipe: what is written to the second is read at the first.
    """
    import socket  # noqa: PLC0415 - only where it is needed

    reading, writing = socket.socketpair()
    reading.shutdown(socket.SHUT_WR)
    writing.shutdown(socket.SHUT_RD)
    for end in (reading, writing):
        end.setblocking(not flags & os.O_NONBLOCK)
    return reading.detach(), writing.detach()


def _named() -> os.uname_result:
    """
    Return what uname(2) does; no system call tells the machine's architecture.
    """
    names = []
    for name in ("ostype", "hostname", "osrelease", "version"):
        with open(f"/proc/sys/kernel/{name}") as stream:  # noqa: PTH123 - not every program has Path
            names.append(stream.read().rstrip("\n"))
    return os.uname_result((*names, ""))


def _wait(seconds: float) -> None:
    select.select([], [], [], seconds)
