"""
The file that a program's output goes to, or supervisord's own words: it never stands in the way.

supervisor's own handler lets a program fail when its log can't be opened, waits for ever at a FIFO,
closes a program's output when a log can't be rotated (`Illegal seek` of a pipe), goes on writing to
a file that somebody removed, and prints a traceback for each line that a full disk refuses. Here
the program runs in any case. What is lost is said once a minute, and kept for status and health.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import select
import stat
import sys
import time
import weakref
from collections.abc import Callable
from typing import Any

from supervisor import loggers

AGAIN = 60.0  # seconds between two complaints of one file
_SYSLOG = "/dev/log"
STUCK = 2.0  # seconds that a reader of a pipe has to take something

_files: weakref.WeakSet[LogFile] = weakref.WeakSet()


def troubles() -> dict[str, str]:
    """
    Return why of each log that can't be written now.
    """
    return {file.path: file.trouble for file in _files if file.trouble}


class LogFile:
    """
    A file that is appended to, rotated at a size, and made again when it is gone.
    """

    def __init__(
        self,
        path: str,
        *,
        most: int = 0,
        backups: int = 0,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.path, self.most, self.backups = path, most, backups
        self.clock = clock or time.monotonic
        self.descriptor = -1
        self.is_file = True
        self.is_stuck = False
        self.said = -AGAIN
        self.trouble = ""
        _files.add(self)
        self._try(self._open)

    def write(self, data: bytes) -> None:
        """Append; what can't be written is lost, and that is said."""
        self._try(lambda: self._write(data))

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Let go of the file."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def __del__(self) -> None:
        """Supervisor closes no log of a program that has ended: it forgets it."""
        self.close()

    def reopen(self) -> None:
        """Open it anew, as SIGUSR2 asks for."""
        self.close()
        self._try(self._open)

    def remove(self) -> None:
        """Remove it, as `supervisorctl clear` asks for; what is no file of a disk stays."""
        self.close()
        if self.is_file:
            with contextlib.suppress(OSError):
                os.remove(self.path)  # noqa: PTH107 - paths are supervisor's strings

    def _try(self, act: Callable[[], None]) -> None:
        try:
            act()
        except OSError as error:
            self._complain(error.strerror or str(error))
        else:
            if self.trouble:
                self.trouble, self.said = "", -AGAIN

    def _complain(self, why: str) -> None:
        self.trouble = why
        if self.clock() - self.said >= AGAIN:
            self.said = self.clock()
            with contextlib.suppress(OSError, ValueError):  # nobody listens, or not any more
                sys.stderr.write(f"slipway: supervisord: {self.path}: {why}; its lines are lost\n")
                sys.stderr.flush()

    def _open(self) -> None:
        """
        Open it without waiting: a FIFO that nobody reads is an error (ENXIO), not a wait.
        """
        flags = os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        if not _is_device(self.path):
            flags |= os.O_CREAT
        self.descriptor = os.open(self.path, flags, 0o666)
        self.is_file = stat.S_ISREG(os.fstat(self.descriptor).st_mode)
        if self.is_file:
            flags = fcntl.fcntl(self.descriptor, fcntl.F_GETFL)
            fcntl.fcntl(self.descriptor, fcntl.F_SETFL, flags & ~os.O_NONBLOCK)

    def _write(self, data: bytes) -> None:
        if self.descriptor < 0:
            self._open()
        elif self._is_gone():
            self.close()
            self._open()
        left = memoryview(data)
        while left:
            left = left[self._written(left) :]
        if self.is_file and 0 < self.most <= os.fstat(self.descriptor).st_size:
            self._rotate()

    def _written(self, data: memoryview) -> int:
        try:
            count = os.write(self.descriptor, data)
        except BlockingIOError:
            poll = select.poll()
            poll.register(self.descriptor, select.POLLOUT)
            if self.is_stuck or not poll.poll(STUCK * 1000):
                self.is_stuck = True
                raise OSError(errno.EAGAIN, "its reader takes nothing") from None
            return 0
        self.is_stuck = False
        return count

    def _is_gone(self) -> bool:
        """
        Tell whether another file, or none, has the name now.
        """
        held = os.fstat(self.descriptor)
        try:
            there = os.stat(self.path)  # noqa: PTH116 - for each line
        except FileNotFoundError:
            return not _is_device(self.path)
        return (there.st_dev, there.st_ino) != (held.st_dev, held.st_ino)

    def _rotate(self) -> None:
        """
        Move it out of the way; where that is not allowed (one that is mounted) it begins anew.
        """
        kept = [self.path, *(f"{self.path}.{number}" for number in range(1, self.backups + 1))]
        if not self.backups:
            os.ftruncate(self.descriptor, 0)
            return
        try:
            for older, newer in zip(kept[:0:-1], kept[-2::-1], strict=True):
                with contextlib.suppress(FileNotFoundError):
                    os.replace(newer, older)  # noqa: PTH105 - paths are supervisor's strings
        except OSError:
            os.ftruncate(self.descriptor, 0)
            return
        self.close()
        self._open()


class Syslog(LogFile):
    """
    The system's log: syslog(3) says nothing where nobody takes lines.
    """

    def __init__(self, send: Callable[[str], None]) -> None:
        self.send = send
        super().__init__(_SYSLOG)

    def _open(self) -> None:
        try:
            there = os.stat(_SYSLOG).st_mode  # noqa: PTH116 - for each line
        except FileNotFoundError:
            there = 0
        self.is_file = False
        if not stat.S_ISSOCK(there):
            raise OSError(errno.ENOTCONN, "no system log takes lines here")

    def _write(self, data: bytes) -> None:
        self._open()
        self.send(data.decode(errors="replace"))


def _is_device(path: str) -> bool:
    """
    Tell whether a path is one of /dev, where a file that is made fills the memory.
    """
    return path.startswith("/dev/") and not path.startswith("/dev/shm/")  # noqa: S108 - a user's own


class Handler(loggers.Handler):  # type: ignore[misc]  # it has no annotations
    """
    What supervisor's loggers and its remote control use a log through.
    """

    def __init__(self, file: LogFile) -> None:
        super().__init__(file)
        self.baseFilename = file.path

    def close(self) -> None:
        """Let go of the file."""
        self.stream.close()

    def reopen(self) -> None:
        """Open it anew."""
        self.stream.reopen()

    def remove(self) -> None:
        """Remove the file."""
        self.stream.remove()


class SyslogHandler(loggers.SyslogHandler):  # type: ignore[misc]  # likewise
    """
    The same for the system's log, each line by itself.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stream = Syslog(super()._syslog)

    def remove(self) -> None:
        """Nothing is there to be removed."""

    def _syslog(self, line: str | bytes) -> None:
        self.stream.write(line if isinstance(line, bytes) else line.encode(errors="replace"))


def handle_file(  # noqa: PLR0913, PLR0917 - supervisor's own signature
    logger: Any,
    filename: str,
    fmt: str,
    rotating: bool = False,  # noqa: FBT001, FBT002 - likewise
    maxbytes: int = 0,
    backups: int = 0,
) -> None:
    """
    Add a log file to a logger, in the place of `supervisor.loggers.handle_file`.
    """
    if filename == "syslog":
        handle_syslog(logger, fmt)
        return
    file = LogFile(filename, most=maxbytes if rotating else 0, backups=backups)
    _add(logger, Handler(file), fmt)


def handle_syslog(logger: Any, fmt: str) -> None:
    """
    Add the system's log to a logger, in the place of `supervisor.loggers.handle_syslog`.
    """
    _add(logger, SyslogHandler(), fmt)


def _add(logger: Any, handler: loggers.Handler, fmt: str) -> None:
    handler.setFormat(fmt)
    handler.setLevel(logger.level)
    logger.addHandler(handler)


def install() -> None:
    """
    Have supervisor use these files for all its logs.
    """
    loggers.handle_file, loggers.handle_syslog = handle_file, handle_syslog
