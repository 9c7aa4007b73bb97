"""
What the kernel tells of the directory, and following where it tells nothing.
"""

from __future__ import annotations

import resource
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from slipway.services.logs import inotify
from tests.unit.services.logs.conftest import Follower, append

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("polling", [False, True])
def test_a_directory_that_comes_late_and_comes_again(
    directory: Path, follow: Callable[..., Follower], *, polling: bool
) -> None:
    directory.rmdir()
    follower = follow(polling=polling)
    directory.mkdir()
    append(directory / "a.log", b"1\n")
    follower.shows(("a", b"1"))
    (directory / "a.log").unlink()
    directory.rmdir()
    directory.mkdir()
    append(directory / "a.log", b"2\n")
    follower.shows(("a", b"1"), ("a", b"2"))


def test_without_inotify_it_looks_again_and_again(
    directory: Path, follow: Callable[..., Follower]
) -> None:
    """
    128 inotify instances a user, over all containers, are soon used up.
    """
    follower = follow(polling=True)
    append(directory / "a.log", b"1\n")
    follower.shows(("a", b"1"))
    append(directory / "a.log", b"2\n")
    append(directory / "b.log", b"3\n")
    follower.shows(("a", b"1"), ("a", b"2"), ("b", b"3"))


def test_no_watch_is_minus_one(directory: Path) -> None:
    """
    A missing directory, and a process without a descriptor left.
    """
    assert inotify.watch(str(directory / "missing")) == -1
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        assert inotify.watch(str(directory)) == -1
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
