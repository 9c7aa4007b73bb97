"""
Numbers of things, and spans of time, as people read them.
"""

from __future__ import annotations

_SPANS = ((86400, "d"), (3600, "h"), (60, "m"))


def counted(number: int, one: str, many: str = "") -> str:
    """
    Return a number with its thing: `1 key`, `2 keys`, `0 keys`.

    + many: the plural where it is not the singular and an s; what follows may agree with it:
      `counted(n, "file waits", "files wait")`
    """
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def span(seconds: float) -> str:
    """
    Return a span of time in its largest unit: `12 s`, `2m`, `3h`, `5d`.
    """
    for size, unit in _SPANS:
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return f"{int(max(0, seconds))} s"
