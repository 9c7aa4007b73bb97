"""
Files that are looked at within a bound, whatever they lie on.

A call into a FUSE or network file system whose server hangs may never return, and no signal ends it
(a request that the server has taken is waited for). So a process of its own makes that call, and is
left behind where it does not come back. The kernel's list of mounts tells beforehand, without a
touch, which calls these are; all others are made here.
"""

from __future__ import annotations

import contextlib
import errno
import marshal
import os
import select
import signal
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from slipway.system import files, mountinfo
from slipway.system.mount_list import MountList
from slipway.system.mountinfo import Mount

BOUND = 5.0  # seconds for one call
_MOUNTS = mountinfo.TABLE
_FRESH = 1.0  # seconds for which a list counts whose kernel tells of no change
_MOST_DESCRIPTORS = 1 << 20
_MOST_LINKS = 40  # as the kernel follows
_KINDS = ("fuse", "nfs", "cifs", "smb", "9p", "virtiofs", "ceph", "gluster", "lustre", "afs")

_silent: set[str] = set()  # the mounts that have not answered this process


class Status(NamedTuple):
    """
    What stat(2) says, as far as it is asked for here.
    """

    mode: int
    uid: int
    gid: int
    size: int


class BoundedFiles:
    """
    Looks at files. Each method raises OSError; ETIMEDOUT where nothing has come within the bound.

    A mount that was silent once is not asked again by this process.
    """

    def __init__(self, *, bound: float = BOUND) -> None:
        self._bound = bound
        self._mounts = _list()

    def lstat(self, path: str) -> Status:
        """
        Return what is at a path; a link is seen as one.
        """
        return Status(*self._asked(lambda: _status(os.lstat(path)), path, follow=False))

    def stat(self, path: str) -> Status:
        """
        Return what a path leads to.
        """
        return Status(*self._asked(lambda: _status(os.stat(path)), path))  # noqa: PTH116 - no Path, as for the others

    def read(self, path: str) -> bytes:
        """
        Return a regular file's content.
        """
        content: bytes = self._asked(lambda: files.read(path), path)
        return content

    def readlink(self, path: str) -> str:
        """
        Return where a link points.
        """
        target: str = self._asked(lambda: os.readlink(path), path, follow=False)  # noqa: PTH115 - as it is: Path would drop a last slash
        return target

    def realpath(self, path: str) -> str:
        """
        Return the path without links; what is not there is kept as it is named.
        """
        real: str = self._asked(lambda: os.path.realpath(path), path)
        return real

    def endless(self, path: str) -> str:
        """
        Return why who reads a path may wait for ever, "" where he does not.
        """
        try:
            words: str = self._asked(lambda: files.endless(path), path)
        except OSError as error:
            return error.strerror or ""
        return words

    def ask(self, question: Callable[[], Any], path: str) -> Any:
        """
        Return what a question about a path gives: anything that marshal can take.
        """
        return self._asked(question, path)

    def may_hang(self, path: str) -> bool:
        """
        Tell whether a look at what a path leads to may hang.
        """
        return bool(self._mounts and self._risky(path, follow=True))

    def _asked(self, question: Callable[[], Any], path: str, *, follow: bool = True) -> Any:
        risky = self._risky(path, follow=follow) if self._mounts else ""
        if not risky:
            return question()
        if risky not in _silent:
            with contextlib.suppress(TimeoutError):
                return _elsewhere(question, path, self._bound)
            _silent.add(risky)
        raise TimeoutError(errno.ETIMEDOUT, f"the file system at {risky} does not answer", path)

    def _risky(self, path: str, *, follow: bool) -> str:
        """
        Return the mount point that a look at a path may hang at, "" for none.

        Links are followed by hand, so that none is touched that lies on such a mount itself.
        """
        todo, done, links = path.split("/")[::-1], "/", 0
        while todo:
            name = todo.pop()
            if name in ("", "."):
                continue
            if name == "..":
                done = os.path.dirname(done)  # noqa: PTH120 - a string, as all here
                continue
            here = f"{done.rstrip('/')}/{name}"
            mount = mountinfo.holding(self._mounts, here)
            if mount is not None and mount.type:
                return mount.point
            try:
                target = os.readlink(here) if todo or follow else ""  # noqa: PTH115
            except OSError:
                target = ""
            if not target:
                done = here
                continue
            links += 1
            if links > _MOST_LINKS:
                return ""
            done = "/" if target.startswith("/") else done
            todo += target.split("/")[::-1]
        return ""


def read(path: str) -> bytes:
    """
    Return a file's content. Raises OSError.
    """
    return BoundedFiles().read(path)


def readable(path: str) -> bytes:
    """
    Return a file's content; nothing for one that can't be read, or not within the bound.
    """
    try:
        return read(path)
    except OSError:
        return b""


def realpath(path: str) -> str:
    """
    Return the path without links; as it is named where nothing answers.
    """
    try:
        return BoundedFiles().realpath(path)
    except OSError:
        return os.path.normpath(path)


class _Kept:
    """
    The mounts that may hang, of a list that is kept open.
    """

    def __init__(self) -> None:
        self._list = MountList(_MOUNTS)
        self._read, self._content = 0.0, b""
        self._mounts: list[Mount] = []

    def mounts(self) -> list[Mount]:
        """Return them, as the kernel has told of them, or as they were a moment ago."""
        now = time.monotonic()
        is_old = now - self._read >= _FRESH
        content = self._list.content(surely=is_old)
        self._read = now if is_old else self._read
        if content != self._content:
            self._content = content
            self._mounts = _that_may_hang(content.decode(errors="surrogateescape"))
        return self._mounts


_kept: list[_Kept] = []  # at most one


def keep_list() -> None:
    """
    Keep the list of mounts open, in a process that looks at many files and then ends.

    Not in one that closes descriptors which it has not opened, as supervisord does.
    """
    if not _kept:
        with contextlib.suppress(OSError):
            _kept.append(_Kept())


def _list() -> list[Mount]:
    try:
        if _kept:
            return _kept[0].mounts()
        return _that_may_hang(_MOUNTS.read_text(errors="surrogateescape"))
    except OSError:
        return []


def _that_may_hang(text: str) -> list[Mount]:
    """
    Return the mounts that may hang, and, without a type, those above and below them that don't.

    The root is none of them: where it hangs nothing runs that could ask.

    + text: proc_pid_mountinfo(5)'s
    """
    if not any(f" - {kind}" in text for kind in _KINDS):
        return []
    return [
        mount if mount.type.startswith(_KINDS) and mount.point != "/" else mount._replace(type="")
        for mount in mountinfo.parse(text)
    ]


def _status(found: os.stat_result) -> tuple[int, int, int, int]:
    return found.st_mode, found.st_uid, found.st_gid, found.st_size


def _elsewhere(question: Callable[[], Any], path: str, bound: float) -> Any:
    """
    Return what a child process was answered. Raises OSError as it did, and TimeoutError.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _answer(question, path, writing)
    os.close(writing)
    try:
        content = _received(reading, time.monotonic() + bound)
    finally:
        os.close(reading)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(child, os.WNOHANG)  # one that hangs stays: it can't be waited for
    answer, failure = marshal.loads(content)  # noqa: S302 - of our own child
    if failure:
        raise OSError(*failure)
    return answer


def _answer(question: Callable[[], Any], path: str, writing: int) -> None:
    # A lock that we hold, and a pipe that somebody reads to its end, must not stay open with us
    os.closerange(0, writing)
    os.closerange(writing + 1, _MOST_DESCRIPTORS)
    try:
        content = marshal.dumps((question(), None))
    except OSError as error:
        number = error.errno or errno.EIO
        content = marshal.dumps((None, (number, error.strerror or os.strerror(number), path)))
    except BaseException:  # noqa: BLE001 - never on into what the parent does
        content = marshal.dumps((None, (errno.EIO, os.strerror(errno.EIO), path)))
    try:
        with os.fdopen(writing, "wb") as stream:
            stream.write(content)
    finally:
        os._exit(0)


def _received(reading: int, deadline: float) -> bytes:
    parts: list[bytes] = []
    while True:
        left = deadline - time.monotonic()
        ready, _, _ = select.select([reading], [], [], max(left, 0))
        if not ready:
            raise TimeoutError
        part = os.read(reading, 1 << 16)
        if not part:
            return b"".join(parts)
        parts.append(part)
