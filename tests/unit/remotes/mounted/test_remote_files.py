"""
rclone asked about a remote: a program that stands in for it answers, or does not.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway.contract import paths
from slipway.remotes.mounted import remote_files
from slipway.remotes.mounted.remote_files import Backend, Folder

FSINFO = '{"Name": "far{abc}", "Root": "/a/b/"}'


@pytest.fixture
def rclone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """
    An rclone that keeps its words and answers what a file beside it says.
    """
    program = tmp_path / "rclone"
    program.write_text(
        f'#!/bin/sh\necho "$*" >> {tmp_path}/asked\n'
        f"case $1 in rc) printf '%s' '{FSINFO}' ;; *) . {tmp_path}/answer ;; esac\n"
    )
    program.chmod(0o755)
    (tmp_path / "answer").write_text("exit 0")
    monkeypatch.setattr(paths, "RCLONE", str(program))
    return tmp_path


def asked(rclone: Path) -> list[str]:
    """
    Return the questions, but for the one about the folder.
    """
    lines = (rclone / "asked").read_text().splitlines()
    return [line.split(" ", 1)[1] for line in lines if line.startswith("lsjson")]


ANSWERS = {
    'echo \'{"Name": "f"}\'': True,
    "echo null": False,
    "exit 3": False,
    "exit 4": False,
    "exit 1": None,
    "kill -9 $$": None,
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_whether_a_remote_has_a_file(rclone: Path, answer: str) -> None:
    """
    Below the directory that the remote shows; no answer is none, whatever the reason.
    """
    (rclone / "answer").write_text(answer)

    assert Backend("far", {}).has("a/b/c d/$(f)") is ANSWERS[answer]
    assert asked(rclone)[0].endswith("far:c d/$(f)")


def test_a_remote_that_is_silent_is_asked_once(rclone: Path) -> None:
    """
    A thousand doubtful files would take hours.
    """
    (rclone / "answer").write_text("exit 1")
    remote = Backend("far", {})

    assert [remote.has(f"a/b/{number}") for number in range(5)] == [None] * 5
    assert len(asked(rclone)) == 1


def test_nobody_can_say_what_another_directory_has(rclone: Path) -> None:
    """
    An alias that showed another one before.
    """
    remote = Backend("far", {})

    assert remote.folder() == Folder("far{abc}", "a/b")
    assert [remote.has(path) for path in ("x/f", "a/bc", "a/b", "x/a/b/f")] == [None] * 4


def test_an_answer_that_comes_too_late_is_none(
    rclone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    And no traceback.
    """
    (rclone / "answer").write_text("exec sleep 60")
    monkeypatch.setattr(remote_files, "ASKING", 0.5)

    assert Backend("far", {}).has("a/b/f") is None
