"""
What rclone says: passed on to the log as it comes, and its last lines kept, which say why it ended.
"""

from __future__ import annotations

import os
import re
import threading
from collections import deque
from typing import IO

from slipway.system import words

_KEPT = 20  # lines
_PATIENCE = 1.0  # seconds for the end of what it says, after its own
_OURS = 2  # standard error, which supervisord writes to the log
_LEVEL = r"^(?:[A-Z]+ *: *)+"
_ADVICE = r"^NOTICE"
_WHOSE = r"//[^/@\s]*@"


class LastWords:
    """
    Reads an output to its end, beside whatever else is done.

    + output: rclone's standard error
    """

    def __init__(self, output: IO[bytes] | None) -> None:
        self._lines: deque[str] = deque(maxlen=_KEPT)
        self._reader = threading.Thread(target=self._read, args=(output,), daemon=True)
        self._reader.start()

    def why(self) -> str:
        """
        Return why it ended, in its own words; "" where it said nothing of that.
        """
        self._reader.join(_PATIENCE)
        said = [line for line in words.lines("\n".join(self._lines)) if not re.match(_ADVICE, line)]
        return shown(words.said(said)) if said else ""

    def _read(self, output: IO[bytes] | None) -> None:
        for line in output or ():
            self._lines.append(line.decode(errors="replace").rstrip("\n"))
            written = 0
            while written < len(line):
                written += os.write(_OURS, line[written:])


def shown(said: str) -> str:
    """
    Return what rclone said without its word for how bad it is, and without passwords in addresses.
    """
    return re.sub(_WHOSE, "//***@", re.sub(_LEVEL, "", said))
