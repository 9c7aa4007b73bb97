"""
System calls that a seccomp profile, or a filesystem, refuses: what they are for goes without.
"""

from __future__ import annotations

import errno
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from slipway.environment import cpus
from slipway.remotes.mounted import cache_claims
from slipway.system import alarm, atomic, locks


def refusing(number: int, *, kind: type[OSError] = OSError) -> Callable[..., None]:
    """
    Return a system call that is refused so.
    """

    def call(*_: object) -> None:
        raise kind(number, os.strerror(number))

    return call


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOSYS, errno.EINVAL, errno.ENOTSUP])
def test_a_file_that_can_not_be_synced_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(os, "fsync", refusing(number))
    atomic.write(tmp_path / "x", b"new")

    assert (tmp_path / "x").read_bytes() == b"new"


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
def test_a_disk_that_fails_is_no_such_thing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    (tmp_path / "x").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", refusing(number))
    with pytest.raises(OSError, match="x"):
        atomic.write(tmp_path / "x", b"new")

    assert (tmp_path / "x").read_bytes() == b"old"


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOSYS, errno.ENOLCK])
def test_without_locks_a_start_goes_on_and_data_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(locks, "flock", refusing(number))
    with locks.hold(tmp_path / "lock"):
        assert not locks.is_held(tmp_path / "lock")
        assert locks.wait(tmp_path / "lock", seconds=1)
    assert locks.is_held(tmp_path / "lock", where_unknown=True)
    with pytest.raises(OSError, match=re.escape(os.strerror(number))):
        locks.take(tmp_path / "lock")


def test_without_locks_no_cache_is_anybodys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Another container may be at it.
    """
    (tmp_path / "far").mkdir()
    (tmp_path / "far/.lock").touch()
    assert cache_claims.unused(tmp_path) == [tmp_path / "far"]
    monkeypatch.setattr(locks, "flock", refusing(errno.ENOLCK))

    assert cache_claims.unused(tmp_path) == []
    with pytest.raises(OSError, match=re.escape(os.strerror(errno.ENOLCK))):
        cache_claims.take(tmp_path, "far")


def test_a_start_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    All processors count, and nothing rings.
    """
    monkeypatch.setattr(os, "sched_getaffinity", refusing(errno.EPERM))
    monkeypatch.setattr(signal, "setitimer", refusing(errno.EPERM, kind=signal.ItimerError))
    assert cpus.detect().seen == os.cpu_count()
    with alarm.ring_after(1, TimeoutError()):
        pass
