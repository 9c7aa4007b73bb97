"""
A program's process: what keeps it from being started is its own trouble, and told in words.

supervisor finds a missing working directory after the fork, where it can tell only the program's
log, and lets a FastCGI socket that can't be made end supervisord itself. With a `minfds` of
millions each start takes it seconds.
"""

from __future__ import annotations

import os
import stat
import time
from typing import Any

from supervisor import process
from supervisor.options import NotFound, ProcessConfig
from supervisor.states import ProcessStates

from slipway.services.order import starts_by_itself

_DOWN = (ProcessStates.STOPPED, ProcessStates.EXITED, ProcessStates.BACKOFF)


class _Checked:
    """
    What both kinds of processes have to find before they are made.
    """

    config: Any
    state: Any
    laststart: float
    backoff: int

    def transition(self) -> None:
        """Start, unless one that it waits for is not ready; what else there is to do is done."""
        if self.state in _DOWN and self._would_start() and self.config.options.order.holds(self):
            return
        super().transition()  # type: ignore[misc]  # of the class beside

    def _would_start(self) -> bool:
        if self.state == ProcessStates.BACKOFF and self.backoff > self.config.startretries:
            return False  # it is given up
        return starts_by_itself(self)

    def get_execv_args(self) -> Any:
        """Return the command. Raises ProcessException, which makes the start one that failed."""
        directory = self.config.directory
        if directory is not None and not os.path.isdir(directory):  # noqa: PTH112 - a string
            is_there = os.path.lexists(directory)
            words = "is no directory" if is_there else "does not exist"
            raise NotFound(f"the working directory {directory} {words}")
        return super().get_execv_args()  # type: ignore[misc]  # of the class beside

    def _prepare_child_fds(self) -> None:
        """
        Give a child its pipes and nothing else; supervisor closes up to `minfds` one by one.
        """
        options = self.config.options
        options.minfds, most = 0, options.minfds
        super()._prepare_child_fds()  # type: ignore[misc]  # of the class beside
        os.closerange(3, most)


class Process(_Checked, process.Subprocess):  # type: ignore[misc]  # it has no annotations
    """
    A program's process.
    """


class FastCGIProcess(_Checked, process.FastCGISubprocess):  # type: ignore[misc]  # likewise
    """
    A FastCGI program's process.
    """

    def spawn(self) -> Any:
        """Start it; without its socket the start has failed, and is tried again like any other."""
        try:
            return super().spawn()
        except (OSError, ValueError) as error:
            self.laststart = time.time()
            self.administrative_stop = self.system_stop = False
            if self.state != ProcessStates.STARTING:
                self.change_state(ProcessStates.STARTING)
            self.record_spawnerr(f"its socket can't be made: {error}")
            self.change_state(ProcessStates.BACKOFF)
            return None


class FastCGIGroup(process.FastCGIProcessGroup):  # type: ignore[misc]  # likewise
    """
    FastCGI programs with one socket, which is made when the first of them starts.
    """

    def __init__(self, config: Any) -> None:
        super().__init__(config, socketManager=_Later)
        self.socket_manager.is_wanted = True


class _Later(process.SocketManager):  # type: ignore[misc]  # likewise
    """
    A socket that is not made by the mere look whether it can be.
    """

    is_wanted = False

    def get_socket(self) -> Any:
        """
        Return the socket. Raises OSError or ValueError, also where its path is taken.

        supervisor would remove whatever is there.
        """
        if not self.is_wanted:
            return None
        path = getattr(self.socket_config, "path", None)
        if path and not self.is_prepared() and _is_taken(path):
            raise ValueError(f"{path} is there and is no socket: it stays")
        return super().get_socket()


def _is_taken(path: str) -> bool:
    """
    Tell whether something else than a socket is there, which a link is, too.
    """
    try:
        return not stat.S_ISSOCK(os.lstat(path).st_mode)
    except OSError:
        return False


def install() -> None:
    """
    Have supervisor use these.
    """
    process.Subprocess, process.FastCGISubprocess = Process, FastCGIProcess
    process.FastCGIProcessGroup = FastCGIGroup
    # What a program's configuration is compared by
    ProcessConfig.optional_param_names = [*ProcessConfig.optional_param_names, "declared"]
