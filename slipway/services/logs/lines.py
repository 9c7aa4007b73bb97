"""
How a line looks: the program's name, then the time (UTC), then the line as it is, byte for byte.

    sshd        | 2024-11-24T13:17:02Z Server listening on 0.0.0.0 port 22.
    supervisord | 2024-11-24 13:17:05,004 INFO success: sshd entered RUNNING state
    remote-far  | 2024/11/24 13:17:06 ERROR : a: Failed to copy

A line that begins with a time of its own gets no second one (slipway.services.logs.dated). One that
was written before anybody watched gets none at all: nothing says when that was.
"""

from __future__ import annotations

import os
import time

from slipway.services.logs.dated import is_dated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from slipway.services.logs.quiet import Quiet

WIDTH = len("supervisord")
QUIET_WIDTH = len("slipway")  # supervisord has seldom something to say there
COLOURS = (36, 33, 32, 35, 34, 31)


class Lines:
    """
    The way out: whole lines go to `write`, each with its prefix.

    + output: the descriptor behind `write`; a terminal gets colours
    + quiet: what chooses the lines that are shown; all are, by default
    """

    def __init__(
        self,
        write: Callable[[bytes], object],
        *,
        output: int | None,
        quiet: Quiet | None = None,
    ) -> None:
        self.write = write
        self.quiet = quiet
        self.writing = False
        self.colours = output is not None and os.isatty(output)
        self.width = QUIET_WIDTH if quiet else WIDTH
        self.stamp = (0, b"")  # a second and its text: mostly that of the lines before

    def widen(self, name: str) -> None:
        """
        Make room for a name, so that the lines are aligned.
        """
        if not self.quiet or name != "supervisord":
            self.width = max(self.width, len(name))

    def put(self, name: str, data: bytes, *, second: int | None) -> None:
        """
        Write the lines of a program; a last one without its end gets one.

        + second: when they were written, since 1970; None where nobody knows
        """
        lines = data.split(b"\n")
        if not lines[-1]:
            lines.pop()
        if self.quiet:
            lines = self.quiet.shown(name, lines)
        if not lines:
            return
        dated, undated = self._prefixes(name, second)
        text = b"".join((dated if is_dated(line) else undated) + line + b"\n" for line in lines)
        self.writing = True
        try:
            self.write(text)
        finally:
            self.writing = False

    def _prefixes(self, name: str, second: int | None) -> tuple[bytes, bytes]:
        """
        Return what goes before a line that has a time of its own, and before one that hasn't.
        """
        if second is not None and self.stamp[0] != second:
            text = time.strftime("%Y-%m-%dT%H:%M:%SZ ", time.gmtime(second))
            self.stamp = (second, text.encode())
        label = f"{name:{self.width}} |"
        if self.colours:
            label = f"\033[{COLOURS[sum(name.encode()) % len(COLOURS)]}m{label}\033[0m"
        prefix = label.encode() + b" "
        return prefix, prefix if second is None else prefix + self.stamp[1]
