"""
Whether there is a crontab at all: without one nothing of cron's runs.

supervisord asks this every few seconds, so that this imports next to nothing.
"""

from __future__ import annotations

import os
import sys

from slipway.system import files

SPOOL = "/var/spool/cron/crontabs"
SYSTEM = "/etc/crontab"
DROP_INS = "/etc/cron.d"
PERIODIC = tuple(f"/etc/cron.{each}" for each in ("hourly", "daily", "weekly", "monthly"))

# What Debian's and Ubuntu's base packages bring: no reason to run anything
_OF_PACKAGES = {"apt-compat", "dpkg", "e2scrub_all", "man-db"}


def wanted(root: str = "") -> bool:
    """
    Tell whether somebody has written a crontab, or a script into /etc/cron.daily and its like.

    + root: where its files are
    """
    if any(_has_job(path) for path in _files(root + SPOOL)):
        return True
    if _has_job(root + SYSTEM, but_for="/etc/cron."):
        return True
    places = (DROP_INS, *PERIODIC)
    found = (path.rpartition("/")[2] for place in places for path in _files(root + place))
    return any(name not in _OF_PACKAGES for name in found)


def stamps(root: str = "") -> list[tuple[int, ...]]:
    """
    Return what changes whenever `wanted` may: of each place, and of each file that it reads.

    + root: where its files are
    """
    places = (SPOOL, SYSTEM, DROP_INS, *PERIODIC)
    return [*map(_stamp, _files(root + SPOOL)), *(_stamp(root + place) for place in places)]


def _stamp(path: str) -> tuple[int, ...]:
    try:
        found = os.stat(path)  # noqa: PTH116 - pathlib is not imported for this
    except OSError:
        return ()
    return found.st_ctime_ns, found.st_mtime_ns, found.st_dev, found.st_ino


def _files(directory: str) -> list[str]:
    """
    Return the regular files of a directory; hidden ones are none of cron's.
    """
    try:
        with os.scandir(directory) as entries:
            found = [entry.path for entry in entries if entry.is_file()]
    except OSError:
        return []
    return sorted(path for path in found if path[len(directory) + 1] != ".")


def _has_job(path: str, *, but_for: str = "\0") -> bool:
    """
    Tell whether a table has a line that is a job.

    + but_for: a word of jobs that don't count
    """
    try:
        lines = files.read(path).decode(errors="replace").splitlines()
    except OSError:
        return False
    words = (line.strip() for line in lines)
    return any(word[0] in "0123456789*@-" and but_for not in word for word in words if word)


if __name__ == "__main__":
    sys.stdout.write("yes\n" if wanted() else "")
