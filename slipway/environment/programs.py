"""
The names of the supervised programs, without the parser of supervisord, which costs a start dearly.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from pathlib import Path

from slipway.contract import paths

_MOST = 1 << 20  # bytes of a file: supervisord leaves out what is larger
_HEADER = rb"(?m)^\[(?:program|group|fcgi-program|eventlistener):([^\]\n]+)\]"


def names() -> set[str]:
    """
    Return the names that supervisord's files give to programs and groups.
    """
    files = [paths.SUPERVISORD_CONF, *sorted(paths.SUPERVISOR_PROGRAMS.glob("*.conf"))]
    return {
        name.decode(errors="replace").strip()
        for file in files
        for name in re.findall(_HEADER, _content(file))
    }


def _content(path: Path) -> bytes:
    """
    Return a file's content, nothing of what is no file: reading a FIFO would wait for ever.
    """
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                return file.read(_MOST)
    return b""
