"""
`@container/NAME`: a running container, seen from outside.

One shell a container, through the engine's API, stays for the whole run: a command costs what it
costs inside, not a `docker exec`. `@container` alone is every running container of Slipway's image.
A container is never started, stopped, made or removed.
"""

from __future__ import annotations

import functools
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, Any, TypedDict

from pyinfra import logger
from pyinfra.api import State
from pyinfra.api.command import StringCommand
from pyinfra.api.exceptions import ConnectError, InventoryError
from pyinfra.api.host import Host
from pyinfra.api.util import get_file_io
from pyinfra.connectors.base import BaseConnector, DataMeta
from pyinfra.connectors.util import CommandOutput, make_unix_command_for_host

from slipway.connectors import container_files, ended, engine, scripts, text
from slipway.connectors.engine_socket import EngineError
from slipway.connectors.session import ANSWER, Session
from slipway.connectors.shell import Result

_NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]*"  # what the engine takes for a container's name
_SEEN_SECONDS = 60.0  # until it has shown its variables: 0.02 where nothing else runs


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

    def __init__(self, state: State, host: Host) -> None:
        super().__init__(state, host)
        self._session = Session(
            self.data["container_name"], user=self.data["container_user"], lock=self._lock
        )
        self._seeing = functools.partial(self.execute, timeout=_SEEN_SECONDS, most=ANSWER)
        # what connecting asks all at once: others may have more to ask in the same go
        self.ask_all: Callable[[Sequence[str]], Mapping[str, Result]] = functools.partial(
            container_files.together, execute=self._seeing
        )

    @staticmethod
    def make_names_data(
        name: str | None = None,
    ) -> Iterator[tuple[str, dict[str, Any], list[str]]]:
        """
        Yield the container that is named; without a name, every running one of Slipway's image.
        """
        if name is not None and not re.fullmatch(_NAME, name):
            raise InventoryError(f"@container/{name}: a container can't have this name")
        try:
            names = engine.running() if name is None else [name]
        except EngineError as error:
            raise InventoryError(f"@container: {error}") from None
        for each in names:
            yield f"@container/{each}", {"container_name": each}, ["@container"]

    def connect(self) -> None:
        """
        Open the shell, and have what the container says of itself as the host's data.

        Raises ConnectError for a container that doesn't run and a name that is no container's.
        """
        try:
            self._session.begin()
            if self.host.data.get("settings") is None:
                try:
                    data = container_files.seen(self._seeing, self.ask_all)
                except PermissionError as error:  # not root: fit for all but Slipway's own deploy
                    self.host.log(f"its settings can't be read: {error}", logger.warning)
                else:
                    for name, value in data.items():
                        setattr(self.host.data, name, value)
        except OSError as error:
            self.disconnect()
            raise ConnectError(str(error)) from None

    def disconnect(self) -> None:
        """
        End the shell, and with it the lock.
        """
        self._session.close()

    def run_shell_command(
        self,
        command: StringCommand,
        print_output: bool = False,  # noqa: FBT001, FBT002 - pyinfra's signature
        print_input: bool = False,  # noqa: FBT001, FBT002 - pyinfra's signature
        **arguments: Any,
    ) -> tuple[bool, CommandOutput]:
        """
        Run a command with sh.

        After `_timeout` seconds it is killed with all that it has started, and TimeoutError raised.
        Raises OSError where the container or the shell ends meanwhile. What it leaves in the
        background goes on.
        """
        success = arguments.pop("_success_exit_codes", None) or [0]
        result = self._run(command, print_input=print_input, **arguments)
        output = text.output(result.stdout, result.stderr)
        if print_output:
            for line in output:
                self.host.log(line.line)
        if result.code not in success:
            ended.note(self.host, command, result.code)
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
            raise container_files.failure(result, remote_filename)
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
        result = self._run(StringCommand(container_files.reading(path)), **arguments)
        return container_files.content(result, path)

    def execute(
        self,
        script: str,
        *,
        stdin: bytes | None = None,
        timeout: float | None = None,
        most: int | None = None,
    ) -> Result:
        """
        Run a script with sh. Raises TimeoutError and OSError, as `run_shell_command` says.

        + most: bytes of output; OSError for more
        """
        return self._session.execute(script, stdin=stdin, timeout=timeout, most=most)

    def perform(
        self, script: str, *, timeout: float | None = None, most: int | None = None
    ) -> Result:
        """
        Run a script of ours that leaves nothing behind, for less than `execute`. Raises the same.
        """
        return self._session.perform(script, timeout=timeout, most=most)

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

    def _lock(self) -> str:
        """
        Return the lock that commands are to be run under: once they may change something.
        """
        lock = self.host.connector_data.get("lock")
        return lock if lock and self.state.is_executing else ""
