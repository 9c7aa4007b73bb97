"""
`@blank`: a host with nothing on it, for what a deploy says without being run.

Every question is answered with nothing, and every command does nothing: a check against it lists
all that a deploy declares.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pyinfra.api.command import StringCommand
from pyinfra.connectors.base import BaseConnector
from pyinfra.connectors.util import CommandOutput


class BlankConnector(BaseConnector):
    """
    Answers with nothing.
    """

    handles_execution = True

    @staticmethod
    def make_names_data(name: str | None = None) -> Iterator[tuple[str, dict[str, Any], list[str]]]:  # noqa: ARG004 - all are alike
        """
        Yield the one host there is.
        """
        yield "@blank", {}, ["@blank"]

    def run_shell_command(
        self,
        command: StringCommand,  # noqa: ARG002 - nothing is run
        print_output: bool = False,  # noqa: ARG002, FBT001, FBT002 - pyinfra's signature
        print_input: bool = False,  # noqa: ARG002, FBT001, FBT002 - pyinfra's signature
        **_arguments: Any,
    ) -> tuple[bool, CommandOutput]:
        """
        Say that it went well, and nothing else.
        """
        return True, CommandOutput([])

    def put_file(self, *_arguments: Any, **_keywords: Any) -> bool:
        """
        Take it for written.
        """
        return True

    def get_file(self, *_arguments: Any, **_keywords: Any) -> bool:
        """
        Raise FileNotFoundError: there is none.
        """
        raise FileNotFoundError
