"""
The programs' logs as one stream: what `docker logs`, `slipway logs` and `logtail.sh` show.

    sshd        | 2024-11-24T13:17:02Z Server listening on 0.0.0.0 port 22.
    supervisord | 2024-11-24 13:17:05,004 INFO success: sshd entered RUNNING state

The time is that of a line followed live. One that was written while nobody looked has only what it
says itself: the file's time is that of its last line.
"""

# This package is part of a process that lives as long as the container: it imports little
# (neither pathlib nor typing, 1 MB resident each).
from __future__ import annotations

import os
import select
import signal

from slipway.services.logs import inotify
from slipway.services.logs.agenda import TICK
from slipway.services.logs.directory import Directory, programs
from slipway.services.logs.lines import Lines
from slipway.services.logs.positions import Positions
from slipway.services.logs.quiet import Quiet
from slipway.services.logs.stream import Stream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from types import FrameType

    from slipway.services.logs.directory import StrPath

__all__ = ["follow", "programs", "show", "writer"]

GRACE = 0.3  # seconds that a reader has at the end to take what is being written


def writer(descriptor: int) -> Callable[[bytes], None]:
    """
    Return a `write` for follow and show: everything given, however long the reader takes.
    """

    def write(data: bytes) -> None:
        view = memoryview(data)
        writable = select.poll()
        writable.register(descriptor, select.POLLOUT)
        while view:
            writable.poll()  # somebody may have made the terminal non-blocking
            view = view[os.write(descriptor, view) :]

    return write


def show(
    directory: StrPath,
    write: Callable[[bytes], object],
    *,
    names: Collection[str] = (),
    lines: int | None = None,
    output: int | None = None,
) -> None:
    """
    Write what the logs hold, one program after the other.

    + lines: how many of each program's last lines; all of them by default
    """
    stream = Stream(
        Directory(directory, output=output),
        Lines(write, output=output),
        Positions(None),
        names=names,
        backlog=lines,
    )
    try:
        stream.discover()
        stream.drain()
    except BrokenPipeError:
        pass  # the reader has seen enough
    finally:
        stream.close()


def follow(  # noqa: PLR0913  # each is a choice of the caller's; all but two have defaults
    directory: StrPath,
    write: Callable[[bytes], object],
    *,
    offsets: StrPath | None = None,
    names: Collection[str] = (),
    backlog: int | None = None,
    output: int | None = None,
    stop: int | None = None,
    is_quiet: bool = False,
) -> None:
    """
    Write the logs as they grow, until SIGTERM, SIGINT or the reader's end.

    + offsets: a file to keep the positions in; the next follow with it continues there
    + names: programs to follow, also those that have no log yet; all by default
    + backlog: how many last lines to begin with where no position is known; all by default
    + output: the descriptor behind `write`. A terminal gets colours, and a pipe whose reader
      leaves ends the following even while no program writes.
    + is_quiet: leave out what says only that all goes as it should
    + stop: a descriptor that becomes readable to end it; without one, signals do
    """
    lines = Lines(write, output=output, quiet=Quiet() if is_quiet else None)
    stream = Stream(
        Directory(directory, output=output),
        lines,
        Positions(offsets),
        names=names,
        backlog=backlog,
    )
    wake, signalled = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)

    def end(number: int, _frame: FrameType | None) -> None:
        if number != signal.SIGALRM:
            signal.setitimer(signal.ITIMER_REAL, GRACE, GRACE)
        elif lines.writing:  # to a reader that doesn't read: nothing else would end it
            raise InterruptedError

    before = {}
    if stop is None:
        signal.set_wakeup_fd(signalled, warn_on_full_buffer=False)
        numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGALRM)
        before = {number: signal.signal(number, end) for number in numbers}
    try:
        _follow(stream, wake if stop is None else stop, output)
    except (BrokenPipeError, InterruptedError):
        pass
    finally:
        stream.save()  # while a second signal still can't kill us
        if stop is None:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.set_wakeup_fd(-1)
        for number, handler in before.items():
            signal.signal(number, handler)
        stream.close()
        os.close(wake)
        os.close(signalled)


def _follow(stream: Stream, stop: int, output: int | None) -> None:
    watch = -1
    poll = select.poll()
    poll.register(stop, select.POLLIN)
    if output is not None:
        poll.register(output, 0)  # only its errors: the reader's end
    try:
        while True:
            if watch < 0:
                watch = inotify.watch(stream.directory.path)
                if watch >= 0:
                    poll.register(watch, select.POLLIN)
                stream.discover()  # after the watch began: nothing appears unseen between the two
            ready = dict(poll.poll(stream.pause(TICK if watch < 0 else None)))
            if output in ready:
                return
            if watch in ready:
                entries = inotify.changed(watch)
                if entries is None:  # the directory is gone, or its changes were too many
                    poll.unregister(watch)
                    os.close(watch)
                    watch = -1
                    continue
                stream.notice(entries)
            if stop in ready:
                stream.save()  # this last look may find a reader that doesn't read
                stream.look()
                return
            stream.look()
    finally:
        if watch >= 0:
            os.close(watch)
