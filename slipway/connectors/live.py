"""
`@live`: the container this process runs in.

What pyinfra's own `@local` does, at a sixth of its cost a command (stdlib subprocess, which
vforks, instead of gevent's), and with files that are written whole.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from pyinfra import logger
from pyinfra.api.command import StringCommand
from pyinfra.api.exceptions import InventoryError
from pyinfra.api.util import get_file_io
from pyinfra.connectors.base import BaseConnector
from pyinfra.connectors.util import CommandOutput, make_unix_command_for_host

from slipway.connectors import ended, text
from slipway.connectors.native import Inside
from slipway.environment import host_data
from slipway.system import atomic, processes, refused

# Arguments that do not change what a command does; others make it another user's, say
_NEUTRAL = {"_retries", "_retry_delay", "_retry_until", "_temp_dir"}


class LiveConnector(BaseConnector):
    """
    Runs commands and writes files where this process runs.
    """

    handles_execution = True

    @staticmethod
    def make_names_data(name: str | None = None) -> Iterator[tuple[str, dict[str, Any], list[str]]]:
        """
        Yield the one host there is.
        """
        if name is not None:
            raise InventoryError("@live takes no name: it is the container you are in")
        yield "@live", {}, ["@live"]

    def connect(self) -> None:
        """
        Have what this container says of itself as the host's data, where no inventory has.
        """
        if self.host.data.get("settings") is None:
            for name, value in host_data.data("start").items():
                setattr(self.host.data, name, value)

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
        """
        arguments.pop("_get_pty", None)
        timeout = arguments.pop("_timeout", None)
        stdin = text.stdin(arguments.pop("_stdin", None))
        success = arguments.pop("_success_exit_codes", None) or [0]
        is_plain = not any(value for name, value in arguments.items() if name not in _NEUTRAL)
        if isinstance(command, Inside) and is_plain:
            done = command.act()
            if done.code not in success:
                ended.note(self.host, command, done.code)
            return done.code in success, text.output(done.stdout, done.stderr)
        script = make_unix_command_for_host(self.state, self.host, command, **arguments)
        if print_input:
            self.host.log(f">>> {script}")
        with _popen(script.get_raw_value(), has_stdin=stdin is not None) as process:
            try:
                stdout, stderr = process.communicate(stdin, timeout or None)
            except subprocess.TimeoutExpired:
                processes.kill_tree(process.pid)
                raise TimeoutError(f"no end after {timeout} s") from None
            except BaseException:  # an interrupt: it must not go on without the convergence's lock
                processes.kill_tree(process.pid)
                raise
        output = text.output(stdout, stderr)
        if print_output:
            for line in output:
                self.host.log(line.line)
        if process.returncode not in success:
            ended.note(self.host, command, process.returncode)
        return process.returncode in success, output

    def put_file(  # type: ignore[override]  # the global arguments mean nothing to a file
        self,
        filename_or_io: str | IO[Any],
        remote_filename: str,
        remote_temp_filename: str | None = None,  # noqa: ARG002 - never half-written, so none
        print_output: bool = False,  # noqa: ARG002, FBT001, FBT002 - pyinfra's signature
        print_input: bool = False,  # noqa: ARG002, FBT001, FBT002 - pyinfra's signature
        **_arguments: Any,
    ) -> bool:
        """
        Write a file whole, at its mode if it is there, else at 0600; tell whether that went well.
        """
        content = text.content(filename_or_io)
        try:
            atomic.write(Path(remote_filename), content, durable=False)
        except OSError as error:
            logger.error("%s: %s", error.filename, error.strerror)
            return False
        return True

    def get_file(  # type: ignore[override]  # likewise
        self,
        remote_filename: str,
        filename_or_io: str | IO[bytes],
        remote_temp_filename: str | None = None,  # noqa: ARG002 - nothing to fetch from afar
        print_output: bool = False,  # noqa: ARG002, FBT001, FBT002 - pyinfra's signature
        print_input: bool = False,  # noqa: ARG002, FBT001, FBT002 - pyinfra's signature
        **_arguments: Any,
    ) -> bool:
        """
        Copy a file out. Raises OSError.
        """
        with get_file_io(filename_or_io, "wb") as stream:
            stream.write(Path(remote_filename).read_bytes())
        return True


def _popen(script: str, *, has_stdin: bool) -> subprocess.Popen[bytes]:
    return refused.apart(  # so that a terminal's Ctrl-C is ours alone
        ["/bin/sh", "-c", script],
        stdin=subprocess.PIPE if has_stdin else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
