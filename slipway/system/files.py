"""
The content of a file that may not be there.
"""

from __future__ import annotations

from pathlib import Path


def content(path: Path) -> bytes | None:
    """
    Return a file's content; None where there is no such file. Raises OSError.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def readable(path: Path) -> bytes | None:
    """
    Return a file's content; None where it can't be read, for whatever reason.
    """
    try:
        return path.read_bytes()
    except OSError:
        return None
