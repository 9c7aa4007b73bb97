"""
supervisord's options, less what would end the container: a limit, a signal that is lost.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
from typing import NoReturn

from supervisor.options import ServerOptions

ENDINGS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)  # each ends supervisord in order


class Unstartable(OSError):  # noqa: N818 - what it means
    """
    What keeps supervisord from running, in its words.
    """


class SignalSafe(ServerOptions):  # type: ignore[misc]  # it has no annotations
    """
    Options whose `fork` loses no signal, and whose logs have their program's name.
    """

    def get_autochildlog_name(self, name: str, identifier: str, channel: str) -> str:
        """
        Return the log of a program that has chosen none (`AUTO`): as those that have.

        A name of several groups' processes (`00` and `01`, say) would be one file for them all.
        """
        groups = self.process_group_configs
        names = [process.name for group in groups for process in group.process_configs]
        path = f"{self.childlogdir}/{name}{'' if channel == 'stdout' else f'-{channel}'}.log"
        if names.count(name) > 1 or path == self.logfile:
            own: str = super().get_autochildlog_name(name, identifier, channel)
            return own
        return path

    def usage(self, msg: str) -> NoReturn:
        """Say why it can't run to whoever has it run. Raises Unstartable."""
        raise Unstartable(str(msg).rstrip("."))

    def fork(self) -> int:
        """
        Fork, so that a TERM which comes before the program has begun ends it.

        Between fork and exec the child has supervisord's handlers, which would swallow it. Blocked,
        it stays pending until the default action is back (signal(7)).
        """
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDINGS)
        try:
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                for number in ENDINGS:
                    signal.signal(number, signal.SIG_DFL)
        finally:  # also where no process is to be had: a TERM must still end us
            signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDINGS)
        return pid


class Unlimited(SignalSafe):
    """
    Options that hold whatever the limits are.
    """

    minfds: int
    minprocs: int

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[str] = []  # what is less than it should be

    def set_rlimits_or_exit(self) -> None:
        """
        Raise the limits as far as that is allowed, and go on: no number of them is a condition.
        """
        for name, kind, wanted in (
            ("nofile", resource.RLIMIT_NOFILE, self.minfds),
            ("nproc", resource.RLIMIT_NPROC, self.minprocs),
        ):
            try:
                soft, hard = resource.getrlimit(kind)
            except OSError:  # a seccomp profile: whatever it is, it stays
                continue
            if soft == resource.RLIM_INFINITY or soft >= wanted:
                continue
            raised = hard if hard == resource.RLIM_INFINITY else max(hard, wanted)
            for limits in ((wanted, raised), (hard, hard)):
                with contextlib.suppress(ValueError, OSError):
                    resource.setrlimit(kind, limits)
                    break
            soft, _ = resource.getrlimit(kind)
            if name == "nofile" and soft != resource.RLIM_INFINITY:
                self.minfds = min(self.minfds, soft)  # none has a higher number
            if soft < wanted:
                self.notes.append(
                    f"ulimit {name}: {soft}, {wanted} is what supervisord wants; "
                    f"start the container with --ulimit {name}={wanted}"
                )
        self.parse_criticals += self.notes
