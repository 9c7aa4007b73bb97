"""
Which version of a file goes where.
"""

from __future__ import annotations

import pytest

from slipway import versions
from slipway.versions import FETCH, KEEP_THEIRS, PUSH, SAME, Alike, Version, decide

OLD, MINE, THEIRS = Version(1, 10**9), Version(2, 50 * 10**9), Version(3, 40 * 10**9)
SERVERS = Version(1, 7 * 10**9)  # the same file, with the time that the server gave it
LAST = Alike(OLD, SERVERS)

CASES = {
    "new here": (MINE, None, None, PUSH),
    "new there": (None, THEIRS, None, FETCH),
    "as it was": (OLD, SERVERS, LAST, SAME),
    "changed here": (MINE, SERVERS, LAST, PUSH),
    "changed here, with an older time": (Version(2, 5), SERVERS, LAST, PUSH),
    "changed there": (OLD, THEIRS, LAST, FETCH),
    "changed there, with an older time": (OLD, Version(3, 5), LAST, FETCH),
    "changed on both sides, newer here": (MINE, THEIRS, LAST, KEEP_THEIRS),
    "changed on both sides, newer there": (THEIRS, MINE, LAST, FETCH),
    "changed on both sides, the same": (MINE, MINE._replace(time=MINE.time + 9), LAST, SAME),
    "never seen, newer here": (MINE, THEIRS, None, KEEP_THEIRS),
    "never seen, newer there": (THEIRS, MINE, None, FETCH),
    "never seen, the same": (MINE, MINE, None, SAME),
    "deleted here": (None, SERVERS, LAST, FETCH),
    "deleted there": (OLD, None, LAST, SAME),
    "deleted there, changed here": (MINE, None, LAST, PUSH),
}


@pytest.mark.parametrize("name", CASES)
def test_where_a_file_goes(name: str) -> None:
    """
    Nothing is deleted, and where both sides changed both versions are kept.
    """
    here, there, last, expected = CASES[name]

    assert decide(here, there, last, is_begun=False) == expected


def test_an_upload_that_was_cut_off_is_begun_again() -> None:
    """
    What the remote has may be a part of ours, and looks newer.
    """
    assert decide(MINE, Version(1, 99 * 10**9), LAST, is_begun=True) == PUSH


MOMENTS = {
    "1970-01-01T00:00:01Z": 10**9,
    "1970-01-01T01:00:01.5+01:00": 1_500_000_000,
    "1969-12-31T19:00:01.000000001-05:00": 1_000_000_001,
    "2001-01-01T00:00:00.000000000Z": 978_307_200 * 10**9,
    "0001-01-01T00:00:00Z": -62_135_596_800 * 10**9,
}


@pytest.mark.parametrize("text", MOMENTS)
def test_a_time_is_read_to_the_nanosecond(text: str) -> None:
    """
    Whatever zone the container is in.
    """
    assert versions.moment(text) == MOMENTS[text]


def test_what_was_alike_outlives_the_program() -> None:
    """
    Odd names included; a file that is none of ours costs a comparison and nothing else.
    """
    last = {"a\nb": LAST, "ü": Alike(MINE, THEIRS)}

    assert versions.load(versions.dump(last)) == last
    for broken in (b"", b"[]", b"{", b'{"a": 1}', b'{"a": ["x"]}', b"\xff"):
        assert versions.load(broken) == {}
