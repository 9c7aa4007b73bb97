"""
The last line of a program's log: what it said before it ended.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

from slipway.contract import paths
from slipway.settings.secrecy import printable

_READ = 4096  # bytes, from the end
_LONGEST = 50  # characters


def of(program: dict[str, Any]) -> str:
    """
    Return it, of its errors first; "" where there is none, or where reading it might take long.

    + program: as supervisord tells it
    """
    for key in ("stderr_logfile", "stdout_logfile"):
        path = program.get(key) or ""
        if Path(path).parent == paths.LOGS and (line := _last(path)):
            return line
    return ""


def _last(path: str) -> str:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return ""
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return ""
        end = os.pread(descriptor, _READ, max(0, status.st_size - _READ))
    except OSError:
        return ""
    finally:
        os.close(descriptor)
    lines = [line.strip() for line in end.decode(errors="replace").splitlines()]
    said = printable(next((line for line in reversed(lines) if line), ""))
    return said if len(said) <= _LONGEST else f"{said[: _LONGEST - 3]}..."
