"""
The shell in a container that stays for a whole run.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from slipway.connectors import engine, scripts
from slipway.connectors.shell import FloodError, LeftoversError, Result, Shell

ANSWER = 1 << 25  # bytes: more than any answer to a question of ours has
_OPENING_SECONDS = 30.0  # until a new shell answers; 0.05 where nothing else runs


class Session:
    """
    Runs scripts in one container, one after the other.
    """

    def __init__(self, container: str, *, user: str, lock: Callable[[], str]) -> None:
        """
        Know whom to ask.

        + container: its name or ID
        + user: user, or user:group, that scripts run as
        + lock: returns the path of a lock to hold from now on, "" for none
        """
        self._container = container
        self._user = user
        self._lock = lock
        self._id = ""
        self._shell: Shell | None = None
        self._is_locked = False

    def begin(self) -> None:
        """
        Open the shell. Raises OSError for a container that doesn't run and a name that is none's.
        """
        self._id = engine.identify(self._container)
        self._ready_shell()

    def close(self) -> None:
        """
        End the shell, and with it the lock.
        """
        if self._shell is not None:
            self._shell.close()
        self._shell, self._is_locked = None, False

    def execute(
        self,
        script: str,
        *,
        stdin: bytes | None = None,
        timeout: float | None = None,
        most: int | None = None,
    ) -> Result:
        """
        Run a script with sh.

        It is killed with all that it has started after `timeout` seconds, and at more than `most`
        bytes of output; TimeoutError or FloodError is raised then. Raises OSError where the
        container or the shell ends meanwhile. What it leaves in the background goes on.
        """
        return self._done(
            lambda shell, deadline: shell.run(script, stdin=stdin, deadline=deadline, most=most),
            timeout,
        )

    def perform(
        self, script: str, *, timeout: float | None = None, most: int | None = None
    ) -> Result:
        """
        Run a script of ours that leaves nothing behind: three programs fewer. Raises the same.
        """
        return self._done(
            lambda shell, deadline: shell.perform(script, deadline=deadline, most=most), timeout
        )

    def _done(
        self, command: Callable[[Shell, float | None], Result], timeout: float | None
    ) -> Result:
        deadline = time.monotonic() + timeout if timeout else None
        try:
            try:
                return command(self._ready_shell(), deadline)
            except LeftoversError:
                self.close()
                return command(self._ready_shell(), deadline)
        except FloodError:
            self._kill()
            raise
        except TimeoutError:
            self._kill()
            raise TimeoutError(f"no end after {timeout} s") from None
        except OSError:
            self.close()
            raise
        except BaseException:  # pyinfra's own timeout, an interrupt: the streams are out of step
            self._kill()
            raise

    def _ready_shell(self) -> Shell:
        """
        Return the shell; a new one where the last has ended, as it does when a container restarts.
        """
        if self._shell is None or self._shell.is_over():
            self.close()
            self._shell = self._open()
        lock = self._lock()
        if lock and not self._is_locked:
            if not self._shell.lock(lock):
                raise OSError(f"{lock} can't be locked")
            self._is_locked = True
        return self._shell

    def _open(self) -> Shell:
        connection = engine.execute(self._id, ["sh"], user=self._user)
        try:
            return Shell(connection, deadline=time.monotonic() + _OPENING_SECONDS)
        except (ConnectionError, TimeoutError):
            connection.close()
            raise OSError("no shell answers in the container") from None

    def _kill(self) -> None:
        """
        Kill the command that runs, what it started, and the shell.
        """
        shell, deadline = self._shell, time.monotonic() + _OPENING_SECONDS
        if shell is None:
            return
        groups = [shell.group, str(shell.pid)]
        self.close()
        words = ["sh", "-c", scripts.KILL, "sh", *(group for group in groups if group != "-")]
        with contextlib.suppress(OSError):  # gone with its container
            connection = engine.execute(self._id, words, user="0")
            while connection.receive(deadline):
                pass
            connection.close()
