"""
A copied remote: the real rclone between two directories of this machine.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway import paths, remote_states
from slipway.settings import Settings
from slipway.sync import Sync


class Pair:
    """
    Both sides.
    """

    def __init__(self, root: Path) -> None:
        self.settings = Settings(
            workspace=str(root / "w"),
            environment={
                "RCLONE_CONFIG": str(root / "none.conf"),
                "RCLONE_CONFIG_FAR_TYPE": "alias",
                "RCLONE_CONFIG_FAR_REMOTE": str(root / "remote"),
            },
        )
        self.here, self.there = root / "w/remote/far", root / "remote"
        self.rescued = root / "w/remote/.rescued"
        for side in (self.here, self.there):
            side.mkdir(parents=True)
        self.begin()

    def begin(self) -> None:
        """
        Be another program, as after a restart.
        """
        self.sync = Sync("far", self.settings)
        claim = self.sync._claimed()  # noqa: SLF001 - what `run` does first
        assert claim is not None
        claim.lock.close()

    def everything(self) -> None:
        """
        Do what is done at the start.
        """
        assert self.sync.reconcile(everything=True)

    def changes(self) -> None:
        """
        Do what is done every few seconds.
        """
        assert self.sync.reconcile(everything=False)

    def aside(self) -> list[bytes]:
        """
        Return what was set aside.
        """
        return [path.read_bytes() for path in sorted(self.rescued.rglob("*")) if path.is_file()]


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    """
    Two empty sides.
    """
    monkeypatch.setattr(paths, "RCLONE", str(Path(sys.executable).with_name("rclone")))
    monkeypatch.setattr(remote_states, "DIRECTORY", tmp_path / "run")
    before = [(number, signal.getsignal(number)) for number in (signal.SIGTERM, signal.SIGINT)]
    yield Pair(tmp_path)
    for number, handler in before:
        signal.signal(number, handler)


ODD = [
    "a b",
    "d/ü",
    "-x",
    "line\nbreak",
    "end\r",
    "tab\t",
    "\x01\x7f",
    "%s",
    ".hidden",
    "#comment",
    " blank ",
]


@pytest.mark.parametrize("name", ODD)
def test_a_file_of_any_name_goes_both_ways(pair: Pair, name: str) -> None:
    """
    Fetched at the start, and pushed when it changes.
    """
    there, here = pair.there / name, pair.here / name
    there.parent.mkdir(exist_ok=True)
    there.write_bytes(b"from there")
    pair.everything()
    assert here.read_bytes() == b"from there"
    here.write_bytes(b"and back")
    pair.changes()

    assert there.read_bytes() == b"and back"
    assert pair.aside() == []


def test_an_edit_is_pushed_whatever_its_time_says(pair: Pair) -> None:
    """
    A clock that went wrong, here or there, keeps no edit from its remote.
    """
    (pair.there / "f").write_bytes(b"old")
    pair.everything()
    (pair.here / "f").write_bytes(b"new")
    os.utime(pair.here / "f", (1, 1))
    pair.changes()

    assert (pair.there / "f").read_bytes() == b"new"
    assert pair.aside() == []


def test_an_edit_made_before_the_next_start_is_pushed(pair: Pair) -> None:
    """
    While others are fetched.
    """
    (pair.there / "f").write_bytes(b"old")
    pair.everything()
    (pair.here / "f").write_bytes(b"mine")
    (pair.there / "g").write_bytes(b"another")
    pair.begin()
    pair.everything()

    assert (pair.there / "f").read_bytes() == b"mine"
    assert (pair.here / "g").read_bytes() == b"another"


@pytest.mark.parametrize("newer", ["here", "there"])
def test_of_two_edits_neither_is_lost(pair: Pair, newer: str) -> None:
    """
    The newer one stays in its place, the other is set aside.
    """
    (pair.there / "f").write_bytes(b"old")
    pair.everything()
    for side, time in (("here", 100), ("there", 200)):
        file = getattr(pair, side) / "f"
        file.write_bytes(side.encode())
        os.utime(file, (time, 300 if side == newer else time))
    pair.begin()
    pair.everything()

    assert (pair.here / "f").read_bytes() == newer.encode()
    assert (pair.there / "f").read_bytes() == newer.encode()
    assert pair.aside() == [b"there" if newer == "here" else b"here"]


def test_an_upload_that_was_cut_off_does_not_come_back_as_newer(pair: Pair) -> None:
    """
    A backend without atomic uploads has a part of ours, with a later time: it is begun again.
    """
    (pair.here / "f").write_bytes(b"a whole file")
    pair.sync.place.joinpath("begun").write_bytes(b"f")
    (pair.there / "f").write_bytes(b"a wh")
    os.utime(pair.there / "f", (2**32, 2**32))
    pair.begin()
    pair.everything()

    assert (pair.there / "f").read_bytes() == b"a whole file"
    assert (pair.here / "f").read_bytes() == b"a whole file"
    assert not pair.sync.place.joinpath("begun").exists()


def test_nothing_is_deleted(pair: Pair) -> None:
    """
    What one side deletes stays on the other.
    """
    for name in ("a", "b"):
        (pair.there / name).write_bytes(b"x")
    pair.everything()
    (pair.here / "a").unlink()
    (pair.there / "b").unlink()
    pair.changes()

    assert (pair.there / "a").exists()
    assert (pair.here / "b").exists()
    pair.begin()
    pair.everything()
    assert (pair.here / "a").exists()
    assert not (pair.there / "b").exists()


def test_what_rclone_was_at_is_no_file_of_the_users(pair: Pair) -> None:
    """
    A fetch that was killed leaves a part, which must not be pushed; nor a link, nor a pipe.
    """
    (pair.here / "f.1234.slipwaypart").write_bytes(b"pa")
    (pair.there / "g.1234.slipwaypart").write_bytes(b"rt")
    (pair.here / "link").symlink_to("/etc/passwd")
    os.mkfifo(pair.here / "pipe")
    pair.everything()
    pair.changes()

    assert [path.name for path in pair.there.iterdir()] == ["g.1234.slipwaypart"]
    assert not (pair.here / "g.1234.slipwaypart").exists()


def test_a_name_that_is_no_text_is_named(pair: Pair, capfd: pytest.CaptureFixture[str]) -> None:
    """
    Said once; the others are copied.
    """
    (pair.here / os.fsdecode(b"\xff")).write_bytes(b"x")
    (pair.here / "good").write_bytes(b"x")
    pair.everything()
    pair.changes()

    assert (pair.there / "good").exists()
    assert capfd.readouterr().err.count("not UTF-8") == 1


def test_a_remote_that_is_away_changes_nothing(pair: Pair) -> None:
    """
    What waits goes on waiting.
    """
    (pair.here / "f").write_bytes(b"x")
    pair.sync.copier.variables["RCLONE_CONFIG_FAR_TYPE"] = "nonsense"

    assert not pair.sync.reconcile(everything=False)
    assert (pair.here / "f").exists()
    pair.sync.copier.variables["RCLONE_CONFIG_FAR_TYPE"] = "alias"
    pair.changes()
    assert (pair.there / "f").exists()


def test_two_containers_do_not_copy_at_once(pair: Pair) -> None:
    """
    The second waits until the first is gone.
    """
    first = Sync("far", pair.settings)._claimed()  # noqa: SLF001
    assert first is not None
    assert Sync("far", pair.settings)._claimed() is None  # noqa: SLF001
    first.lock.close()
    assert Sync("far", pair.settings)._claimed() is not None  # noqa: SLF001
