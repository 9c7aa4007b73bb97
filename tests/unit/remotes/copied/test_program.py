"""
A copied remote: the real rclone between two directories of this machine.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import pytest

from slipway.contract import paths
from slipway.remotes import states
from slipway.remotes.copied import rclone, versions
from slipway.remotes.copied.program import Sync
from slipway.remotes.copied.rclone import Late
from slipway.settings.variables import Settings

Copy = Callable[[list[str], bool], bool]


class Killed(BaseException):
    """
    SIGKILL: nothing is done after it.
    """


class Pair:
    """
    Both sides.
    """

    def __init__(self, root: Path) -> None:
        self.here, self.there = root / "w/remote/far", root / "remote"
        self.rescued = root / "w/remote/.rescued/far"
        self.variables = {
            "RCLONE_CONFIG": str(root / "none.conf"),
            "RCLONE_CONFIG_FAR_TYPE": "alias",
            "RCLONE_CONFIG_FAR_REMOTE": str(self.there),
        }
        for side in (self.here, self.there):
            side.mkdir(parents=True)
        self.begin()

    def begin(self, sync: str = "far") -> bool:
        """
        Be another program, as after a restart; tells whether it may use the directory.
        """
        workspace = str(self.here.parent.parent)
        settings = Settings(
            workspace=workspace, environment=self.variables, remote_sync=("other:x", sync)
        )
        self.sync = Sync("far", settings, os.environ)
        claim = self.sync._claimed()  # noqa: SLF001 - what `run` does first
        if claim:
            claim.close()
        return claim is not None

    def intercept(self, step: Callable[[Copy, list[str], bool], bool]) -> None:
        """
        Have something happen around each copy.

        + step: is given the copy itself, and what it is of: names, and whether they are pushed
        """
        real = self.sync.copier.copy

        def copy(source: str, target: str, names: Collection[str], *options: str) -> bool:
            def really(chosen: list[str], _is_push: bool) -> bool:  # noqa: FBT001
                return real(source, target, chosen, *options)

            return step(really, list(names), source == str(self.here))

        self.sync.copier.copy = copy  # type: ignore[method-assign]

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

    def is_killed(self, during: Callable[[Copy, list[str], bool], bool]) -> None:
        """
        Begin to push, be killed by a step as of `intercept`, and start again.
        """
        self.intercept(during)
        with pytest.raises(Killed):
            self.changes()
        self.begin()
        self.everything()

    def aside(self) -> dict[str, bytes]:
        """
        Return what was set aside.
        """
        found = sorted(path for path in self.rescued.rglob("*") if path.is_file())
        return {str(path.relative_to(self.rescued)): path.read_bytes() for path in found}


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    """
    Two empty sides.
    """
    monkeypatch.setattr(paths, "RCLONE", str(Path(sys.executable).with_name("rclone")))
    monkeypatch.setattr(states, "DIRECTORY", tmp_path / "run")
    before = [(number, signal.getsignal(number)) for number in (signal.SIGTERM, signal.SIGINT)]
    yield Pair(tmp_path)
    for number, handler in before:
        signal.signal(number, handler)


ODD = ["a b", "d/ü", "-x", "line\nbreak", "end\r", "\t\x01\x7f"]
ODD += ["%s", ".hidden", "#comment", " blank "]


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
    assert pair.aside() == {}


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
    assert pair.aside() == {}


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
    (pair.here / ".incoming.slipwaypart").mkdir()
    (pair.here / ".incoming.slipwaypart/half").write_bytes(b"ha")
    pair.begin()
    assert not (pair.here / ".incoming.slipwaypart").exists()
    pair.everything()
    pair.changes()

    assert [path.name for path in pair.there.iterdir()] == ["g.1234.slipwaypart"]
    assert not (pair.here / "g.1234.slipwaypart").exists()
    assert not (pair.here / ".incoming.slipwaypart").exists()


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
    What waits goes on waiting, and `status` says that it does.
    """
    (pair.here / "f").write_bytes(b"x")
    assert pair.sync.pending is None
    pair.sync.copier.variables["RCLONE_CONFIG_FAR_TYPE"] = "nonsense"

    assert not pair.sync.reconcile(everything=False)
    assert (pair.here / "f").exists()
    assert states.read("far").pending == 1
    pair.sync.copier.variables["RCLONE_CONFIG_FAR_TYPE"] = "alias"
    pair.changes()
    assert (pair.there / "f").exists()


def test_a_directory_that_vanishes_there_is_no_empty_remote(pair: Pair, tmp_path: Path) -> None:
    """
    Rclone ends with 3 then as well, with the rest listed: nothing is decided on that.
    """
    real = paths.RCLONE
    script = tmp_path / "rclone"
    script.write_text(f'#!/bin/sh\n{real} "$@"\ncase "$*" in *"lsjson "*" -R"*) exit 3; esac\n')
    script.chmod(0o755)
    for side, content in ((pair.here, b"mine"), (pair.there, b"theirs")):
        (side / "f").write_bytes(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paths, "RCLONE", str(script))
        assert not pair.sync.reconcile(everything=True)
    assert (pair.there / "f").read_bytes() == b"theirs"
    (pair.there / "f").unlink()
    pair.there.rmdir()
    pair.everything()

    assert (pair.there / "f").read_bytes() == b"mine"


def test_another_place_is_refused_until_the_directory_is_moved_away(
    pair: Pair, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """
    Another path of the remote, or another place behind its name; the note says what to do.
    """
    (pair.there / "a").mkdir()
    (pair.there / "a/f").write_bytes(b"a's")
    (pair.there / "a/g").write_bytes(b"only a's")
    (pair.there / "b").mkdir()
    (pair.there / "b/f").write_bytes(b"b's")
    pair.here.rmdir()
    (pair.sync.memory.place / "source").unlink()
    assert pair.begin("far:a")
    pair.everything()
    assert not pair.begin("far:b")
    assert "move that directory away" in capfd.readouterr().err
    pair.variables["RCLONE_CONFIG_FAR_REMOTE"] = str(tmp_path / "elsewhere")
    assert not pair.begin("far:a")
    pair.here.rename(tmp_path / "away")
    pair.variables["RCLONE_CONFIG_FAR_REMOTE"] = str(pair.there)
    assert pair.begin("far:b")
    pair.everything()

    assert (pair.here / "f").read_bytes() == b"b's"
    assert (pair.there / "a/f").read_bytes() == (tmp_path / "away/f").read_bytes() == b"a's"
    (tmp_path / "away/g").rename(pair.here / "g")
    pair.changes()
    assert (pair.there / "b/g").read_bytes() == b"only a's"  # nothing of a is known any more


OPTIONS = {
    "IGNORE_EXISTING": "true",
    "IMMUTABLE": "true",
    "DRY_RUN": "true",
    "EXCLUDE": "*",
    "FILTER_FROM": "/dev/null",
    "MAX_SIZE": "1",
    "SUFFIX": ".bak",
    "NAME_TRANSFORM": "all,uppercase",
    "NO_MODTIME": "true",
    "STAT": "true",
    "PROGRESS": "true",
    "LOCAL_ENCODING": "Slash,LtGt",
}


@pytest.mark.parametrize("option", OPTIONS)
def test_no_option_of_the_users_changes_what_is_copied(pair: Pair, option: str) -> None:
    """
    They are for commands that choose; here each file is decided on.
    """
    pair.variables[f"RCLONE_{option}"] = OPTIONS[option]
    pair.begin()
    (pair.there / "<f>").write_bytes(b"there")
    pair.everything()
    assert (pair.here / "<f>").read_bytes() == b"there"
    (pair.here / "<f>").write_bytes(b"and back")
    pair.changes()

    assert {path.name: path.read_bytes() for path in pair.there.iterdir()} == {"<f>": b"and back"}
    assert pair.sync.pending == 0


def test_a_remote_that_is_mute_does_not_keep_a_listing_for_minutes(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    It takes the connection and says nothing.
    """
    assert rclone.BOUNDED[rclone.BOUNDED.index("--timeout") + 1] == "20s"
    monkeypatch.setattr(rclone, "BOUNDED", [word.replace("20s", "1s") for word in rclone.BOUNDED])
    (pair.here / "f").write_bytes(b"x")
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        options = {"TYPE": "webdav", "URL": f"http://127.0.0.1:{port}", "REMOTE": ""}
        for name, value in options.items():
            pair.sync.copier.variables[f"RCLONE_CONFIG_FAR_{name}"] = value
        began = time.monotonic()
        assert not pair.sync.reconcile(everything=False)

    assert time.monotonic() - began < 15
    assert states.read("far").pending == 1


def test_two_containers_do_not_copy_at_once(pair: Pair) -> None:
    """
    The second waits until the first is gone.
    """
    settings = Settings(workspace=str(pair.here.parent.parent), environment=pair.variables)
    first = Sync("far", settings, os.environ)._claimed()  # noqa: SLF001
    assert first is not None
    assert Sync("far", settings, os.environ)._claimed() is None  # noqa: SLF001
    first.close()
    assert Sync("far", settings, os.environ)._claimed() is not None  # noqa: SLF001
