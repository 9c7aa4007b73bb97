"""
Programs begun for what they print.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from slipway.system.spawned import Spawned


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("printf 'a\\0b\\377'; exit 3", b"a\0b\xff"),
        ("echo a; echo b >&2", b"a\n"),
        ("cat; echo over", b"over\n"),
        ("head -c 3000000 /dev/zero", b"\0" * 3_000_000),
        ("kill -KILL $$", b""),
        ("kill -PIPE $$; echo alive", b""),
        ("echo $WORD", b"$(word)\n"),
    ],
)
def test_what_it_prints_is_read_to_the_end(
    script: str, expected: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Without input, with our variables, and with the signals that a program expects.
    """
    monkeypatch.setenv("WORD", "$(word)")

    assert Spawned(["sh", "-c", script]).output() == expected


def test_complaints_are_output_where_they_are_asked_for() -> None:
    script = "echo a; echo b >&2"

    assert Spawned(["sh", "-c", script], with_errors=True).output() == b"a\nb\n"


def test_nothing_is_left_open_and_nobody_unburied() -> None:
    """
    Two run at once; one that is not there is an error.
    """
    before = os.listdir("/proc/self/fd")  # noqa: PTH208 - names alone
    first, second = (Spawned(["sh", "-c", f"sleep 0.05; echo {each}"]) for each in "ab")
    with pytest.raises(FileNotFoundError):
        Spawned(["/no/such/program"])

    assert (second.output(), first.output()) == (b"b\n", b"a\n")
    assert os.listdir("/proc/self/fd") == before  # noqa: PTH208 - likewise
    assert not Path(f"/proc/{first._child}").exists()  # noqa: SLF001 - nobody else knows it
