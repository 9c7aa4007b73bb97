"""
When jobs are due.
"""

from __future__ import annotations

import time

import pytest

from slipway.services.cron import schedule


def due(fields: str, moment: str) -> bool:
    """
    Tell whether a job is due at a minute, written like 2026-11-26 19:05.
    """
    return schedule.parse(fields.split()).is_due(time.strptime(moment, "%Y-%m-%d %H:%M"))


@pytest.mark.parametrize(
    ("fields", "moment", "expected"),
    [
        ("* * * * *", "2026-11-26 19:05", True),
        ("5 * * * *", "2026-11-26 19:05", True),
        ("5 * * * *", "2026-11-26 19:06", False),
        ("*/5 * * * *", "2026-11-26 19:55", True),
        ("*/5 * * * *", "2026-11-26 19:56", False),
        ("1-10/3 * * * *", "2026-11-26 19:07", True),
        ("1-10/3 * * * *", "2026-11-26 19:08", False),
        ("0,15,30-32 * * * *", "2026-11-26 19:31", True),
        ("0 3 * * *", "2026-11-26 03:00", True),
        ("0 0 1 1 *", "2026-01-01 00:00", True),
        ("0 0 * feb *", "2026-02-03 00:00", True),
        ("0 0 * FEB-apr *", "2026-04-03 00:00", True),
        ("0 0 * * mon", "2026-11-23 00:00", True),
        ("0 0 * * 0", "2026-11-29 00:00", True),
        ("0 0 * * 7", "2026-11-29 00:00", True),
        ("0 0 * * 5-7", "2026-11-29 00:00", True),
        ("0 0 * * 1-5", "2026-11-29 00:00", False),
        # Both kinds of days: one is enough, unless one of them begins with a star
        ("0 0 13 * 5", "2026-11-13 00:00", True),
        ("0 0 14 * 5", "2026-11-13 00:00", True),
        ("0 0 14 * 6", "2026-11-13 00:00", False),
        ("0 0 */2 * 5", "2026-11-13 00:00", True),
        ("0 0 */2 * 5", "2026-11-15 00:00", False),
        ("0 0 29 2 *", "2028-02-29 00:00", True),
        ("@hourly", "2026-11-26 19:00", True),
        ("@daily", "2026-11-26 00:00", True),
        ("@weekly", "2026-11-29 00:00", True),
        ("@monthly", "2026-11-02 00:00", False),
        ("@yearly", "2026-01-01 00:00", True),
    ],
)
def test_a_job_is_due_when_its_fields_say_so(fields: str, moment: str, *, expected: bool) -> None:
    """
    As crontab(5) has it.
    """
    assert due(fields, moment) is expected


@pytest.mark.parametrize(
    "fields",
    [
        "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 13 *", "* * * 0 *",
        "* * * * 8", "5-1 * * * *", "*/0 * * * *", "5/10 * * * *", "a * * * *", "* * * foo *",
        "-1 * * * *", "1- * * * *", ", * * * *", "* * * *", "@never", "* * * * mon-",
        "\u0661 * * * *",
    ],
)  # fmt: skip
def test_what_is_no_schedule_is_refused(fields: str) -> None:
    """
    Never run at some other time.
    """
    with pytest.raises(ValueError, match="no schedule"):
        schedule.parse(fields.split())
