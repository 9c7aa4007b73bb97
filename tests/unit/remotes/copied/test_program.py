"""
A copied remote: what the program sees, and how it deals with what it can't reach.
"""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import pytest

from slipway.contract import paths
from slipway.remotes import states
from slipway.remotes.copied import rclone

from .conftest import Pair

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


def test_a_configuration_that_is_no_file_is_named(
    pair: Pair, capfd: pytest.CaptureFixture[str]
) -> None:
    """
    A FIFO would be waited for, and a stop for rclone.
    """
    os.mkfifo(pair.variables["RCLONE_CONFIG"])
    is_usable = pair.begin()

    assert not is_usable
    assert "none.conf is no file that rclone can read" in capfd.readouterr().err


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
