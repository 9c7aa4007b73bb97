"""
Files that are pushed, fetched and set aside, whatever happens meanwhile: no edit is lost.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

import pytest

from slipway.remotes.copied import versions
from slipway.remotes.copied.rclone import Late

from .conftest import Copy, Killed, Pair


@pytest.mark.parametrize("newer", ["here", "there"])
def test_of_two_edits_neither_is_lost(pair: Pair, newer: str) -> None:
    """
    The newer one stays in its place, the other is set aside.
    """
    (pair.there / "f").write_bytes(b"old")
    pair.everything()
    for side, when in (("here", 100), ("there", 200)):
        file = getattr(pair, side) / "f"
        file.write_bytes(side.encode())
        os.utime(file, (when, 300 if side == newer else when))
    pair.begin()
    pair.everything()

    assert (pair.here / "f").read_bytes() == newer.encode()
    assert (pair.there / "f").read_bytes() == newer.encode()
    assert pair.aside() == {"f": b"there" if newer == "here" else b"here"}


def test_an_upload_that_was_cut_off_does_not_come_back_as_newer(pair: Pair) -> None:
    """
    A backend without atomic uploads has a part of ours, with a later time: ours goes on.
    """

    def cut_off(*_: object) -> bool:
        (pair.there / "f").write_bytes(b"a wh")
        os.utime(pair.there / "f", (2**32, 2**32))
        raise Killed

    (pair.here / "f").write_bytes(b"a whole file")
    pair.is_killed(cut_off)

    assert (pair.there / "f").read_bytes() == b"a whole file"
    assert (pair.here / "f").read_bytes() == b"a whole file"


@pytest.mark.parametrize("end", ["a stop", "a stop without time", "a kill"])
@pytest.mark.parametrize("when", [1, 2**32])
def test_an_edit_there_after_an_upload_is_kept(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, end: str, when: int
) -> None:
    """
    However the program ended that uploaded, and whatever the clock there says.
    """
    (pair.there / "f").write_bytes(b"old")
    pair.everything()
    (pair.here / "f").write_bytes(b"mine")
    pair.sync.copier.deadline = time.monotonic() + 30
    real = pair.sync.copier.list

    def no_time(*_: object) -> None:
        raise Late

    def upload(copy: Copy, names: list[str], is_push: bool) -> bool:  # noqa: FBT001
        done = copy(names, is_push)
        if end == "a kill":
            raise Killed
        if end == "a stop without time":
            monkeypatch.setattr(pair.sync.copier, "list", no_time)
        return done

    pair.intercept(upload)
    with pytest.raises(Killed) if end == "a kill" else contextlib.nullcontext():
        pair.changes()
    monkeypatch.setattr(pair.sync.copier, "list", real)
    assert (pair.there / "f").read_bytes() == b"mine"
    (pair.there / "f").write_bytes(b"theirs")
    os.utime(pair.there / "f", (when, when))
    pair.begin()
    pair.everything()

    both = {(pair.there / "f").read_bytes(), *pair.aside().values()}
    assert both == {b"mine", b"theirs"}
    assert (pair.here / "f").read_bytes() == (pair.there / "f").read_bytes()


def test_what_a_stop_uploaded_is_not_set_aside(pair: Pair) -> None:
    """
    Nor what a kill did, if it is there as a whole under a time of the server's own.
    """

    def upload(copy: Copy, names: list[str], is_push: bool) -> bool:  # noqa: FBT001
        copy(names, is_push)
        os.utime(pair.there / "f", (5, 5))
        raise Killed

    (pair.here / "f").write_bytes(b"mine")
    pair.is_killed(upload)

    assert (pair.there / "f").read_bytes() == (pair.here / "f").read_bytes() == b"mine"
    assert pair.aside() == {}


def test_a_file_that_is_refused_takes_no_other_along(pair: Pair) -> None:
    """
    The others have arrived: they are not uploaded again over what others write there.
    """
    (pair.there / "bad/x").mkdir(parents=True)
    for name in ("bad", "good"):
        (pair.here / name).write_bytes(b"mine")
    assert not pair.sync.reconcile(everything=False)
    assert pair.sync.pending == 1
    assert (pair.there / "good").read_bytes() == b"mine"
    (pair.there / "good").write_bytes(b"theirs")
    assert not pair.sync.reconcile(everything=False)

    assert (pair.there / "good").read_bytes() == b"theirs"


def test_a_part_of_ours_is_not_set_aside_again_and_again(pair: Pair) -> None:
    """
    A remote that takes half a file each time, as a full one does.
    """

    def half(*_: object) -> bool:
        (pair.there / "f").write_bytes(b"ha")
        return False

    (pair.here / "f").write_bytes(b"half of it")
    pair.intercept(half)
    for _ in range(3):
        assert not pair.sync.reconcile(everything=False)

    assert pair.aside() == {}


def test_what_changed_on_both_sides_is_set_aside_once(pair: Pair) -> None:
    """
    However often the upload fails, and though another one can't be read there.
    """
    for name in ("f", "gone"):
        (pair.there / name).write_bytes(b"theirs")
        os.utime(pair.there / name, (1, 1))
        (pair.here / name).write_bytes(b"mine")

    def fail(copy: Copy, names: list[str], is_push: bool) -> bool:  # noqa: FBT001
        if not is_push:
            copy([name for name in names if name != "gone"], is_push)
        return False

    pair.intercept(fail)
    for _ in range(3):
        assert not pair.sync.reconcile(everything=True)

    assert pair.aside() == {"f": b"theirs"}
    assert (pair.there / "gone").read_bytes() == b"theirs"
    assert pair.sync.pending == 2


def test_what_changed_on_both_sides_is_set_aside_once_in_spite_of_a_kill(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Between two of them.
    """
    monkeypatch.setattr(versions, "_BATCH_FILES", 1)
    for name in ("f", "g"):
        (pair.there / name).write_bytes(b"theirs")
        os.utime(pair.there / name, (1, 1))
        (pair.here / name).write_bytes(b"mine")

    def die(copy: Copy, names: list[str], is_push: bool) -> bool:  # noqa: FBT001
        if names == ["g"]:
            raise Killed
        return copy(names, is_push)

    pair.intercept(die)
    with pytest.raises(Killed):
        pair.everything()
    pair.begin()
    pair.everything()

    assert pair.aside() == {"f": b"theirs", "g": b"theirs"}
    assert (pair.there / "f").read_bytes() == (pair.there / "g").read_bytes() == b"mine"


def test_what_was_set_aside_before_stays(pair: Pair) -> None:
    """
    Two edits of one file in one second.
    """
    for edit in (b"one", b"two"):
        (pair.there / "f").write_bytes(edit)
        os.utime(pair.there / "f", (1, len(pair.aside())))
        (pair.here / "f").write_bytes(b"mine" + edit)
        pair.everything()

    assert pair.aside() == {"f": b"one", "f~2": b"two"}


@pytest.mark.parametrize("moment", ["before it comes", "when it has come"])
@pytest.mark.parametrize("was", [None, b"old"])
def test_an_edit_made_during_the_fetch_is_kept(pair: Pair, moment: str, was: bytes | None) -> None:
    """
    Of a file that was here, or was not.
    """
    if was:
        (pair.there / "d").mkdir()
        (pair.there / "d/f").write_bytes(was)
        pair.everything()
    (pair.there / "d").mkdir(exist_ok=True)
    (pair.there / "d/f").write_bytes(b"theirs")
    os.utime(pair.there / "d/f", (2**32, 2**32))
    (pair.there / "other").write_bytes(b"x")

    def edit(copy: Copy, names: list[str], is_push: bool) -> bool:  # noqa: FBT001
        done = moment == "before it comes" or copy(names, is_push)
        (pair.here / "d").mkdir(exist_ok=True)
        (pair.here / "d/f").write_bytes(b"mine, in the meantime")
        return done and (moment != "before it comes" or copy(names, is_push))

    pair.begin()
    pair.intercept(edit)
    assert not pair.sync.reconcile(everything=True)
    assert (pair.here / "d/f").read_bytes() == b"mine, in the meantime"
    assert (pair.here / "other").read_bytes() == b"x"
    pair.begin()
    pair.everything()

    assert (pair.here / "d/f").read_bytes() == b"theirs"  # the newer one
    assert pair.aside() == {"d/f": b"mine, in the meantime"}


def test_what_a_fetch_replaces_is_kept(pair: Pair) -> None:
    """
    And the file has the remote's time.
    """
    (pair.there / "f").write_bytes(b"old")
    pair.everything()
    (pair.there / "f").write_bytes(b"new")
    os.utime(pair.there / "f", (7, 7))
    pair.begin()
    pair.everything()

    assert (pair.here / "f").read_bytes() == b"new"
    assert (pair.here / "f").stat().st_mtime == 7
    assert pair.aside() == {"f": b"old"}


def test_what_leads_outside_is_not_fetched_into(
    pair: Pair, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """
    A link in place of a file or of a directory: what it leads to stays as it is; said once.
    """
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "f").write_bytes(b"mine")
    (pair.here / "d").symlink_to(outside)
    (pair.here / "f").symlink_to(outside / "f")
    (pair.there / "d").mkdir()
    for path in ("f", "d/f", "d/new", "good"):
        (pair.there / path).write_bytes(b"theirs")
    pair.everything()
    pair.everything()

    assert {path.name: path.read_bytes() for path in outside.iterdir()} == {"f": b"mine"}
    assert (pair.here / "good").read_bytes() == b"theirs"
    assert pair.aside() == {}
    assert capfd.readouterr().err.count("d/new is not fetched") == 1
