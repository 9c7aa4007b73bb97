"""
Times as rclone writes them.
"""

from __future__ import annotations

import calendar
import re
import time

SECOND = 1_000_000_000  # nanoseconds
_TIME = r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)"


def moment(text: str) -> int:
    """
    Return a time of RFC 3339 in nanoseconds; datetime has microseconds. Raises ValueError.
    """
    match = re.fullmatch(_TIME, text)
    if match is None:
        raise ValueError(f"no time: {text}")
    whole = calendar.timegm(time.strptime(match[1], "%Y-%m-%dT%H:%M:%S"))
    if match[3] != "Z":
        hours, minutes = int(match[3][1:3]), int(match[3][4:])
        whole -= (1 if match[3][0] == "+" else -1) * (hours * 3600 + minutes * 60)
    return whole * SECOND + int((match[2] or "0").ljust(9, "0"))
