"""
Which version of a file goes where.
"""

from __future__ import annotations

import pytest

from slipway.remotes import moments
from slipway.remotes.copied import versions
from slipway.remotes.copied.versions import (
    FETCH,
    KEEP_THEIRS,
    NEVER,
    PUSH,
    SAME,
    Alike,
    Version,
    decide,
)

OLD, MINE, THEIRS = Version(1, 10**9), Version(2, 50 * 10**9), Version(3, 40 * 10**9)
SERVERS = Version(1, 7 * 10**9)  # the same file, with the time that the server gave it
LAST = Alike(OLD, SERVERS)
BEGUN, BEGUN_NEW, UNSEEN = Alike(NEVER, SERVERS), Alike(NEVER, NEVER), Alike(MINE, NEVER)

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
    "cut off before anything arrived": (MINE, SERVERS, BEGUN, PUSH),
    "a new one, cut off before anything arrived": (MINE, None, BEGUN_NEW, PUSH),
    "cut off, and a part of ours or another edit is there": (MINE, THEIRS, BEGUN, KEEP_THEIRS),
    "cut off, and what is there looks newer": (THEIRS, MINE, BEGUN, KEEP_THEIRS),
    "a new one, and a part or another is there": (MINE, Version(1, 2**62), BEGUN_NEW, KEEP_THEIRS),
    "cut off right at the end": (MINE, MINE, BEGUN, PUSH),
    "pushed at a stop": (MINE, MINE, UNSEEN, SAME),
    "pushed at a stop, and changed there": (MINE, THEIRS, UNSEEN, FETCH),
    "pushed at a stop, and changed on both sides": (OLD, THEIRS, UNSEEN, FETCH),
}


@pytest.mark.parametrize("name", CASES)
def test_where_a_file_goes(name: str) -> None:
    """
    Nothing is deleted, and where both sides changed both versions are kept.
    """
    here, there, last, expected = CASES[name]

    assert decide(here, there, last) == expected


def test_a_fetch_comes_bit_by_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A thousand small files at a time, big ones one by one, in their order.
    """
    sizes = {"a": 1, "b": 1, "big": 1 << 40, "c": 1, "d": -1, "e": 1, "f": 1}
    there = {name: Version(size, 0) for name, size in sizes.items()}
    monkeypatch.setattr(versions, "_BATCH_FILES", 3)

    assert list(versions.batches(sizes, there)) == [["a", "b", "big"], ["c", "d", "e"], ["f"]]


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
    assert moments.moment(text) == MOMENTS[text]


def test_what_was_alike_outlives_the_program() -> None:
    """
    Odd names included; a file that is none of ours costs a comparison and nothing else.
    """
    last = {"a\nb": LAST, "ü": Alike(MINE, THEIRS)}

    assert versions.load(versions.dump(last)) == last
    for broken in (b"", b"[]", b"{", b'{"a": 1}', b'{"a": ["x"]}', b"\xff"):
        assert versions.load(broken) == {}
