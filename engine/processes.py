"""
Processes by number, told apart from later ones with the same number.
"""

from __future__ import annotations

from pathlib import Path

STATE, BEGAN = 0, 19  # fields of /proc/PID/stat after the name


def _stat(pid: int) -> list[str]:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def is_alive(pid: int) -> bool:
    """
    Tell whether a process runs; one that only waits to be reaped doesn't.
    """
    fields = _stat(pid)
    return bool(fields) and fields[STATE] not in "ZX"


def began(pid: int) -> str | None:
    """
    Return when it began, in the kernel's ticks since boot.
    """
    fields = _stat(pid)
    return fields[BEGAN] if fields else None


def name(pid: int) -> str:
    """
    Return the program's name.
    """
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""
