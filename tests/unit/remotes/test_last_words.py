"""
What is kept of rclone's words: why it ended, as it says it.
"""

from __future__ import annotations

import os

import pytest

from slipway.remotes import last_words
from slipway.remotes.last_words import LastWords

DATE = "2026/11/26 20:05:46 "


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("", ""),
        (f"{DATE}NOTICE: Config file not found - using defaults\n", ""),
        (f'{DATE}NOTICE: bad: failed\n{DATE}CRITICAL: Failed for "bad"\n', 'Failed for "bad"'),
        (f"{DATE}ERROR : x: couldn't connect: refused", "x: couldn't connect: refused"),
        ("Fatal error: unknown flag: --x\n", "Fatal error: unknown flag: --x"),
        (
            f"{DATE}CRITICAL: Failed: http://me:hush@host/x: no such host\n",
            "Failed: http://***@host/x: no such host",
        ),
        ("fusermount3: mount failed: Permission denied\n", None),
    ],
)
def test_the_reason_is_rclones_own(
    said: str, why: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Without its date, its level and passwords; all of it is passed on.
    """
    (out, into), (log, log_in) = os.pipe(), os.pipe()
    monkeypatch.setattr(last_words, "_OURS", log_in)
    words = LastWords(os.fdopen(out, "rb"))
    os.write(into, said.encode())
    os.close(into)

    assert words.why() == (said.strip() if why is None else why)
    os.close(log_in)
    assert os.fdopen(log, "rb").read().decode() == said
