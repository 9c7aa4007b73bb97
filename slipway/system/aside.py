"""
What is in the way is kept beside its place, and over nothing that was kept there before.
"""

from __future__ import annotations

import os
from pathlib import Path


def keep(place: Path, *, suffix: str) -> None:
    """
    Move what is at a place to the first free name of `PLACE.SUFFIX`, `PLACE.SUFFIX1` and so on.

    Raises OSError.
    """
    names = (f"{place}.{suffix}{number or ''}" for number in range(1000))
    place.rename(next(name for name in names if not os.path.lexists(name)))
