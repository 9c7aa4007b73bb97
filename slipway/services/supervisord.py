"""
supervisord, awake: the same program, that answers a signal when it comes.

supervisord polls its descriptors for up to a second and looks at signals and new programs in
between. So its first program starts, a TERM is noticed, and a stopped child is seen after half a
second on average. A pipe that Python's signal handling writes to (signal.set_wakeup_fd) ends the
poll at once.

How programs are stopped when it ends itself: slipway.services.shutdown. Those that end by
themselves: slipway.services.comeback.
"""

from __future__ import annotations

from slipway.system import lazily, refused

lazily.install()
refused.install()

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from slipway.system.stand_ins import EntryPoint, StandIn, in_place

# supervisor imports these for its clients, which are other processes, and for one small class: 2 MB
# of the one process that lives as long as the container, with ssl, email and zipfile behind them.
_UNUSED = {
    "http.client": StandIn("http.client", {"HTTPConnection": object}, real="http.client"),
    "importlib.metadata": StandIn(
        "importlib.metadata", {"EntryPoint": EntryPoint}, real="importlib.metadata"
    ),
}

with in_place(_UNUSED):
    from supervisor import dispatchers, events, options, supervisord
    from supervisor.states import SupervisorStates

    from slipway.services.options import Options
    from slipway.services.unlimited import ENDINGS

from slipway.contract import report
from slipway.contract.paths import CONVERGE, ENVIRONMENT, KEY_FILES, LOGS, RUN_LOGS
from slipway.services import log_file, orphans, process
from slipway.services.comeback import Comeback
from slipway.services.first_crontab import FirstCrontab
from slipway.services.keeper import Keeper
from slipway.services.logs import directory
from slipway.services.logs.printer import Printer
from slipway.services.order import Order
from slipway.services.own_socket import OwnSocket
from slipway.services.readiness import Readiness
from slipway.services.shutdown import Shutdown
from slipway.services.sshd_files import SshdFiles
from slipway.services.sshd_port import SshdPort
from slipway.ssh import banner
from slipway.system import errors
from slipway.system.bounded_files import BoundedFiles

# They would end us, and mean nothing here: `docker kill -s USR1`, a monitor's SIGPWR
STRAY = (
    signal.SIGALRM, signal.SIGIO, signal.SIGPROF, signal.SIGPWR, signal.SIGUSR1, signal.SIGVTALRM,
    *range(signal.SIGRTMIN, signal.SIGRTMAX + 1),
)  # fmt: skip
LOOK = 0.2  # seconds between two looks at the time while stopping


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


class Output(dispatchers.POutputDispatcher):  # type: ignore[misc]  # it has no annotations
    """
    What a program says, on its way to its log: without what health's questions make sshd say.
    """

    def _log(self, data: bytes) -> None:
        is_sshd = self.process.group.config.name == "sshd"
        if is_sshd and data:
            self.process.config.options.sshd_port.heard(data)
        super()._log(banner.without_traces(data) if is_sshd else data)


# For `%(host_node_name)s`; the module takes 3 ms and finds out much more
options.platform = StandIn("platform", {"node": lambda: os.uname().nodename}, real="platform")
dispatchers.POutputDispatcher = Output  # supervisor's options look it up here for each process
log_file.install()
process.install()


class FirstKey:
    """
    Converges when a key comes to a container that had none: by a cloud's hook, by hand, by a copy.

    Only where sshd has never run, or was seen down while there was no key: one that somebody
    stopped although there is a key stays stopped.
    """

    def __init__(self, supervisor: Supervisor) -> None:
        self.supervisor = supervisor
        self.seen: list[tuple[int, int]] = []  # of the files that a convergence was begun for
        self.was_empty = False
        events.subscribe(events.Tick5Event, self.look)

    def look(self, _event: object) -> None:
        """See, every five seconds, whether the keys are others than before."""
        sshd = self.supervisor.process_groups.get("sshd")
        if sshd is None or sshd.get_unstopped_processes():
            self.seen, self.was_empty = [], False
            return
        last = report.load()
        if last is None or last.boot != report.boot():
            return  # the convergence of this start is still at it
        files = [_size_and_time(path) for path in KEY_FILES]
        has_key = any(size for size, _ in files)
        self.was_empty = self.was_empty or not has_key
        has_run = any(process.laststart for process in sshd.processes.values())
        if has_key and files != self.seen and (self.was_empty or not has_run):
            try:
                subprocess.Popen([*CONVERGE, "--keep-stopped"])
            except OSError as error:  # no process to be had, and the next look tries again
                self.supervisor.options.logger.critical(
                    "no convergence for a first key: %(why)s", why=error.strerror
                )
                return
            self.seen, self.was_empty = files, False


def _is_converging() -> bool:
    """
    Tell whether a convergence of this start is still to come: not after `supervisorctl reload`.
    """
    last = report.load()
    return ENVIRONMENT.exists() and (last is None or last.boot != report.boot())


def _size_and_time(path: Path) -> tuple[int, int]:
    """
    Return both of a file, 0 for none. Where a look may hang none is taken: all programs would wait.
    """
    try:
        status = None if BoundedFiles().may_hang(str(path)) else path.stat()
    except OSError:
        status = None
    return (status.st_size, status.st_mtime_ns) if status else (0, 0)


class Supervisor(supervisord.Supervisor):  # type: ignore[misc]  # it has no annotations
    """
    supervisord with an alarm clock.
    """

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.printer: Printer | None = None
        options.active = lambda: [group.config for group in self.process_groups.values()]

    def add_process_group(self, config: Any) -> bool:
        """Add a group; one that can't be made costs no other."""
        try:
            return bool(super().add_process_group(config))
        except Exception as error:  # noqa: BLE001 - whatever a user's file leads to
            self.process_groups.pop(config.name, None)
            self.options.leave_out(config, error)
            return False

    def runforever(self) -> None:
        """Begin with one round without waiting, so that programs start now."""
        alarm = Alarm()
        self.options.get_socket_map()[alarm.reading] = alarm
        signal.set_wakeup_fd(alarm.writing, warn_on_full_buffer=False)
        for number in STRAY:  # SIGALRM only has to wake us; those who are started get the default
            signal.signal(number, lambda *_: None)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDINGS)  # see slipway.commands.entrypoint
        os.write(alarm.writing, b"\0")
        self.handle_signal()  # one that came before the first program starts none
        self.options.order = Order(self.process_groups, waits=_is_converging())
        self.readiness = Readiness()
        self.comeback = Comeback(holds=self.options.order.holds)
        self.shutdown: Shutdown | None = None
        FirstKey(self)
        SshdFiles()
        self.options.sshd_port = SshdPort()
        FirstCrontab(self)
        OwnSocket(self)
        self.keeper = Keeper(self)
        logs = str(directory.place(LOGS, RUN_LOGS))
        self.printer = Printer(logs, say=self._unprinted)
        events.subscribe(events.Tick5Event, self.printer.look)
        super().runforever()

    def _unprinted(self, why: str) -> None:
        self.options.logger.critical("logs are not printed: %(why)s; trying again", why=why)

    def tick(self, now: float | None = None) -> None:
        """Look after the programs; called once in every round."""
        super().tick(now)
        if self.options.mood == SupervisorStates.RUNNING:
            self.comeback.look(self.processes())
            self.options.order.look(self.processes())
            self.readiness.look(self.processes())
            self.keeper.look()
        orphans.remember({process.pid for process in self.processes() if process.pid})

    def processes(self) -> Iterator[Any]:
        """Go through all programs."""
        for group in self.process_groups.values():
            yield from group.processes.values()

    def ordered_stop_groups_phase_1(self) -> None:
        """Stop what is to be stopped by now."""
        if self.shutdown is None:
            self.readiness.end()
            self.keeper.end()
            self.shutdown = Shutdown(list(self.process_groups.values()), time.monotonic())
            refused.go_without(signal.setitimer, signal.ITIMER_REAL, LOOK, LOOK)
        self.shutdown.go_on(time.monotonic())

    def ordered_stop_groups_phase_2(self) -> None:
        """Nothing: what has stopped is seen in the next round."""


def main(arguments: Sequence[str]) -> None:
    """
    Run as `supervisord` does, over restarts by SIGHUP, until it is told to end.
    """
    with contextlib.suppress(OSError):  # a kernel that keeps it
        Path("/proc/self/comm").write_bytes(b"supervisord")  # what `ps` and `pgrep` call it
    first = True
    while True:
        options = Options()
        options.realize(list(arguments), doc=supervisord.__doc__)
        options.first, options.test = first, False
        supervisor = Supervisor(options)
        with contextlib.suppress(supervisord.asyncore.ExitNow):
            supervisor.main()
        refused.go_without(signal.setitimer, signal.ITIMER_REAL, 0)
        options.close_httpservers()
        options.close_logger()
        if supervisor.printer:
            supervisor.printer.end()
        first = False
        if options.mood < SupervisorStates.RESTARTING:
            return


if __name__ == "__main__":  # by `slipway start`, whose own Python ends
    try:
        main(sys.argv[1:])
    except OSError as error:  # a read-only root without a place for logs, say
        sys.exit(f"slipway: supervisord: {errors.sentence(error)}")
