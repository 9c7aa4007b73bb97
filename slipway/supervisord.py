"""
supervisord, awake: the same program, that answers a signal when it comes.

supervisord polls its descriptors for up to a second and looks at signals and new programs in
between. So its first program starts, a TERM is noticed, and a stopped child is seen after half a
second on average. A pipe that Python's signal handling writes to (signal.set_wakeup_fd) ends the
poll at once. It also stops programs of one priority together, not one after the other: three that
need three seconds each would else outlast Docker's ten.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

# http.client, which supervisor imports, does without ssl where there is none. Nothing here speaks
# TLS, and it would be 1 MB of a process that lives as long as the container.
sys.modules["ssl"] = None  # type: ignore[assignment]  # as the import system marks what is not there

from supervisor import events, supervisord  # noqa: E402
from supervisor.options import ServerOptions  # noqa: E402
from supervisor.states import SupervisorStates  # noqa: E402

from slipway import report  # noqa: E402
from slipway.paths import AUTHORIZED_KEYS, CONVERGE  # noqa: E402


class Alarm:
    """
    The reading end of the pipe, as one of supervisord's dispatchers.
    """

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def readable(self) -> bool:
        """Always wait for it."""
        return True

    def writable(self) -> bool:
        """Nothing is written through supervisord."""
        return False

    def handle_read_event(self) -> None:
        """Empty the pipe: to have been woken is all."""
        os.read(self.reading, 4096)

    def handle_error(self) -> None:
        """Two signals may have shared one read."""


class FirstKey:
    """
    Converges when a key comes to a container that had none: by a cloud's hook, by hand, by a copy.

    sshd has never run then, so nobody can have stopped it on purpose.
    """

    def __init__(self, supervisor: Supervisor) -> None:
        self.supervisor = supervisor
        self.seen = 0
        events.subscribe(events.Tick5Event, self.look)

    def look(self, _event: object) -> None:
        """See, every five seconds, whether authorized_keys is another one than before."""
        sshd = self.supervisor.process_groups.get("sshd")
        if sshd is None or any(process.laststart for process in sshd.processes.values()):
            return
        if (report.load() or {}).get("boot") != report.boot():
            return  # the convergence of this start is still at it
        try:
            status = AUTHORIZED_KEYS.stat()
        except OSError:
            return
        if status.st_size and status.st_mtime_ns != self.seen:
            self.seen = status.st_mtime_ns
            subprocess.Popen(CONVERGE)


class Supervisor(supervisord.Supervisor):  # type: ignore[misc]  # it has no annotations
    """
    supervisord with an alarm clock.
    """

    def runforever(self) -> None:
        """Begin with one round without waiting, so that programs start now."""
        alarm = Alarm()
        self.options.get_socket_map()[alarm.reading] = alarm
        signal.set_wakeup_fd(alarm.writing, warn_on_full_buffer=False)
        os.write(alarm.writing, b"\0")
        FirstKey(self)
        super().runforever()

    def ordered_stop_groups_phase_1(self) -> None:
        """Stop every group of the highest priority left, all at the same time."""
        for group in self._next_to_stop():
            group.stop_all()

    def ordered_stop_groups_phase_2(self) -> None:
        """Go on to the next priority when the last one of this has stopped."""
        stopped = [group for group in self._next_to_stop() if not group.get_unstopped_processes()]
        left = [group for group in self.stop_groups or [] if group not in stopped]
        self.stop_groups: list[Any] | None = left

    def _next_to_stop(self) -> list[Any]:
        groups = self.stop_groups or []
        return [group for group in groups if group.config.priority == groups[-1].config.priority]


def main(arguments: Sequence[str]) -> None:
    """
    Run as `supervisord` does, over restarts by SIGHUP, until it is told to end.
    """
    first = True
    while True:
        options = ServerOptions()
        options.realize(list(arguments), doc=supervisord.__doc__)
        options.first, options.test = first, False
        with contextlib.suppress(supervisord.asyncore.ExitNow):
            Supervisor(options).main()
        options.close_httpservers()
        options.close_logger()
        first = False
        if options.mood < SupervisorStates.RESTARTING:
            return


if __name__ == "__main__":
    main(sys.argv[1:])
