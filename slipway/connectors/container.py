"""
`@container/NAME`: a running container, seen from outside.

One shell a container, through the engine's API, stays for the whole run: a command costs what it
costs inside, not a `docker exec`. `@container` alone is every running container of Slipway's image.
A container is never started, stopped, made or removed.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shlex
import time
from collections.abc import Iterator
from typing import IO, Any, TypedDict

from pyinfra import logger
from pyinfra.api.command import StringCommand
from pyinfra.api.exceptions import ConnectError, InventoryError
from pyinfra.api.util import get_file_io
from pyinfra.connectors.base import BaseConnector, DataMeta
from pyinfra.connectors.util import CommandOutput, make_unix_command_for_host

from slipway.connectors import engine, scripts, text
from slipway.connectors.batch import Batch
from slipway.connectors.shell import LeftoversError, Result, Shell
from slipway.contract import paths
from slipway.environment import host_data
from slipway.settings import workspace

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")  # what the engine takes for a container's name
_OPENING_SECONDS = 30.0  # until a new shell answers; 0.05 where nothing else runs
_SEEN = [
    *(str(paths.ENVIRONMENT), "/proc/1/environ", "/proc/1/cmdline", "/proc/1/stat"),
    *(str(paths.AUTHORIZED_KEYS_MOUNT), str(paths.INSTALLED / "deploy.py"), str(paths.REPORT)),
]
_REASONS = {os.strerror(code): code for code in errno.errorcode}  # as programs print them


class ContainerData(TypedDict):
    """
    The host's data that the connector reads.
    """

    container_name: str
    container_user: str


class ContainerConnector(BaseConnector):
    """
    Runs commands in a running container and writes files in it.
    """

    handles_execution = True
    data_cls = ContainerData
    data_meta = {  # noqa: RUF012 - as pyinfra declares it
        "container_name": DataMeta("Name or ID of a running container"),
        "container_user": DataMeta("User, or user:group, that commands run as", ""),
    }
    data: ContainerData

    _id = ""
    _shell: Shell | None = None
    _is_locked = False

    @staticmethod
    def make_names_data(
        name: str | None = None,
    ) -> Iterator[tuple[str, dict[str, Any], list[str]]]:
        """
        Yield the container that is named; without a name, every running one of Slipway's image.
        """
        if name is not None and not _NAME.fullmatch(name):
            raise InventoryError(f"@container/{name}: a container can't have this name")
        try:
            names = engine.running() if name is None else [name]
        except engine.EngineError as error:
            raise InventoryError(f"@container: {error}") from None
        for each in names:
            yield f"@container/{each}", {"container_name": each}, ["@container"]

    def connect(self) -> None:
        """
        Open the shell, and have what the container says of itself as the host's data.

        Raises ConnectError for a container that doesn't run and a name that is no container's.
        """
        try:
            self._id = engine.identify(self.data["container_name"])
            self._ready_shell()
            if self.host.data.get("settings") is None:
                try:
                    self._see()
                except PermissionError as error:  # not root: fit for all but Slipway's own deploy
                    self.host.log(f"its settings can't be read: {error}", logger.warning)
        except OSError as error:
            self.disconnect()
            raise ConnectError(str(error)) from None

    def disconnect(self) -> None:
        """
        End the shell, and with it the lock.
        """
        if self._shell is not None:
            self._shell.close()
        self._shell, self._is_locked = None, False

    def run_shell_command(
        self,
        command: StringCommand,
        print_output: bool = False,  # noqa: FBT001, FBT002 - pyinfra's signature
        print_input: bool = False,  # noqa: FBT001, FBT002 - pyinfra's signature
        **arguments: Any,
    ) -> tuple[bool, CommandOutput]:
        """
        Run a command with sh.

        Raises TimeoutError after `_timeout` seconds, having killed it and all whom it has started,
        and OSError where the container or the shell ended under it. What it leaves in the
        background goes on.
        """
        success = arguments.pop("_success_exit_codes", None) or [0]
        result = self._run(command, print_input=print_input, **arguments)
        output = text.output(result.stdout, result.stderr)
        if print_output:
            for line in output:
                self.host.log(line.line)
        return result.code in success, output

    def put_file(  # type: ignore[override]  # pyinfra names each global argument
        self,
        filename_or_io: str | IO[Any],
        remote_filename: str,
        remote_temp_filename: str | None = None,  # noqa: ARG002 - the draft lies beside the file
        print_output: bool = False,  # noqa: ARG002, FBT001, FBT002 - pyinfra's signature
        print_input: bool = False,  # noqa: ARG002, FBT001, FBT002 - pyinfra's signature
        **arguments: Any,
    ) -> bool:
        """
        Write a file whole, at its mode if it is there, else at 0600. Raises OSError.

        It goes through the shell: the engine's own copying writes below a tmpfs, not into it.
        """
        content = text.content(filename_or_io)
        script = StringCommand(
            scripts.PUT.format(path=shlex.quote(remote_filename), size=len(content))
        )
        result = self._run(script, **{**arguments, "_stdin": content})
        if result.code:
            raise _error(result, remote_filename)
        return True

    def get_file(  # type: ignore[override]  # likewise
        self,
        remote_filename: str,
        filename_or_io: str | IO[bytes],
        remote_temp_filename: str | None = None,  # noqa: ARG002 - none is needed
        print_output: bool = False,  # noqa: ARG002, FBT001, FBT002 - pyinfra's signature
        print_input: bool = False,  # noqa: ARG002, FBT001, FBT002 - pyinfra's signature
        **arguments: Any,
    ) -> bool:
        """
        Copy a file out. Raises OSError, leaving what was there before.
        """
        content = self.read(remote_filename, **arguments)
        with get_file_io(filename_or_io, "wb") as stream:
            stream.write(content)
        return True

    def read(self, path: str, **arguments: Any) -> bytes:
        """
        Return a file's content. Raises OSError.
        """
        return _content(self._run(StringCommand(_reading(path)), **arguments), path)

    def _see(self) -> None:
        """
        Have the host's data from the container: what nearly every one is asked, in one go.
        """
        scripts = [*map(_reading, _SEEN), _resolving(workspace.DEFAULT)]
        batch = Batch(scripts)
        known = batch.results(self.execute(batch.script))

        def ask(script: str) -> Result:
            return known.get(script) or self.execute(script)

        data = host_data.seen(
            read=lambda path: _content(ask(_reading(path)), path),
            resolve=lambda path: os.fsdecode(_content(ask(_resolving(path)), path).rstrip(b"\0")),
        )
        for name, value in data.items():
            setattr(self.host.data, name, value)

    def execute(
        self, script: str, *, stdin: bytes | None = None, timeout: float | None = None
    ) -> Result:
        """
        Run a script with sh. Raises TimeoutError and OSError, as `run_shell_command` says.
        """
        deadline = time.monotonic() + timeout if timeout else None
        try:
            try:
                return self._ready_shell().run(script, stdin=stdin, deadline=deadline)
            except LeftoversError:
                self.disconnect()
                return self._ready_shell().run(script, stdin=stdin, deadline=deadline)
        except TimeoutError:
            self._kill()
            raise TimeoutError(f"no end after {timeout} s") from None
        except OSError:
            self.disconnect()
            raise
        except BaseException:  # pyinfra's own timeout, an interrupt: the streams are out of step
            self._kill()
            raise

    def _run(
        self, command: StringCommand, *, print_input: bool = False, **arguments: Any
    ) -> Result:
        for name in ("_get_pty", "_success_exit_codes"):
            arguments.pop(name, None)
        timeout = arguments.pop("_timeout", None)
        stdin = text.stdin(arguments.pop("_stdin", None))
        script = make_unix_command_for_host(self.state, self.host, command, **arguments)
        if print_input:
            self.host.log(f">>> {script}")
        return self.execute(script.get_raw_value(), stdin=stdin, timeout=timeout)

    def _ready_shell(self) -> Shell:
        """
        Return the shell; a new one where the last has ended, as it does when a container restarts.
        """
        if self._shell is None or self._shell.is_over():
            self.disconnect()
            self._shell = self._open()
        lock = self.host.connector_data.get("lock")
        if lock and self.state.is_executing and not self._is_locked:
            if not self._shell.lock(lock):
                raise OSError(f"{lock} can't be locked")
            self._is_locked = True
        return self._shell

    def _open(self) -> Shell:
        connection = engine.execute(self._id, ["sh"], user=self.data["container_user"])
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
        self.disconnect()
        words = ["sh", "-c", scripts.KILL, "sh", *(group for group in groups if group != "-")]
        with contextlib.suppress(OSError):  # gone with its container
            connection = engine.execute(self._id, words, user="0")
            while connection.receive(deadline):
                pass
            connection.close()


def _reading(path: str) -> str:
    return f"LC_ALL=C cat -- {shlex.quote(path)}"


def _resolving(path: str) -> str:
    return f"LC_ALL=C realpath -mz -- {shlex.quote(path)}"


def _content(result: Result, path: str) -> bytes:
    if result.code:
        raise _error(result, path)
    return result.stdout


def _error(result: Result, path: str) -> OSError:
    """
    Return the error that a program has told on stderr, as the kernel would have.
    """
    first, *_ = result.stderr.decode(errors="replace").splitlines() or [""]
    reason = first.rpartition(": ")[2] or f"exit code {result.code}"
    return OSError(_REASONS.get(reason, errno.EIO), reason, path)
