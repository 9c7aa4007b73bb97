"""
Every program's log on the container's own output, as long as supervisord runs.

It follows the files as `slipway logs -f` does, in a thread of supervisord's: a Python of its own
would be a third of what an idle container holds in memory. Nothing of supervisord's waits for it. A
reader that takes nothing holds up this thread alone, and finds what is still in the files when it
goes on.

A fork of supervisord's has the forking thread alone, and runs little before its exec. It uses
nothing that this thread could hold: it opens, reads and writes descriptors of its own.
"""

from __future__ import annotations

import _thread
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from slipway.services.logs import follow

OFFSETS = ".offsets"  # beside the logs, so that both last equally long
GRACE = 0.3  # seconds that a reader has at the end to take what is being written
PIECE = select.PIPE_BUF  # bytes that a pipe which is ready takes without waiting
TURN = 0.0005  # seconds that the thread may work while supervisord waits: 5 ms by default


class Printer:
    """
    The thread, which is started again where something ends it.

    + directory: of the logs
    + output: the descriptor to print to
    + say: told why it has ended before its time
    """

    def __init__(
        self, directory: str, *, output: int = 1, say: Callable[[str], Any] = lambda _why: None
    ) -> None:
        self.directory, self.output, self._say = directory, output, say
        self._stop, self._stopping = os.pipe2(os.O_CLOEXEC)
        self._runs = _thread.allocate_lock()
        self._is_over = False
        self._why = ""
        sys.setswitchinterval(TURN)
        self.look()

    @property
    def is_running(self) -> bool:
        """Tell whether there is a thread."""
        return self._runs.locked()

    def look(self, _event: object = None) -> None:
        """Start the thread where it does not run."""
        if self._why:
            self._say(self._why)
            self._why = ""
        if self._is_over or not self._runs.acquire(blocking=False):
            return
        before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:  # signals are the first thread's
            _thread.start_new_thread(self._run, ())
        except RuntimeError as error:  # no process to be had, and the next look tries again
            self._runs.release()
            self._why = str(error)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def end(self) -> None:
        """Print what there is, and end; a reader that takes nothing is waited for a moment."""
        self._is_over = True
        os.close(self._stopping)
        if self._runs.acquire(timeout=2 * GRACE):
            os.close(self._stop)

    def _run(self) -> None:
        try:
            follow.follow(
                self.directory,
                self._write,
                offsets=f"{self.directory}/{OFFSETS}",
                output=self.output,
                stop=self._stop,
                is_quiet=True,
            )
            self._is_over = True  # the reader is gone for good
        except Exception as error:  # noqa: BLE001 - said by supervisord, and tried again
            self._why = f"{type(error).__name__}: {error}"
        finally:
            self._runs.release()

    def _write(self, data: bytes) -> None:
        """
        Write all of it, however long the reader takes, unless supervisord ends meanwhile.

        Raises BrokenPipeError where the reader has left, InterruptedError at the end.
        """
        left = memoryview(data)
        ready = select.poll()
        ready.register(self.output, select.POLLOUT)
        ready.register(self._stop, 0)
        deadline = 0.0
        while left:
            pause = None if not deadline else max(0.0, deadline - time.monotonic()) * 1000
            events = dict(ready.poll(pause))
            if not events:
                raise InterruptedError
            if self._stop in events:
                ready.unregister(self._stop)
                deadline = time.monotonic() + GRACE
            if self.output in events:
                left = left[os.write(self.output, left[:PIECE]) :]
