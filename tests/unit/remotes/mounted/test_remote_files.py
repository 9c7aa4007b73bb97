"""
rclone asked about a remote: a program that stands in for it answers, or does not.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from slipway.contract import paths
from slipway.environment.cpus import Cpus
from slipway.environment.derived import Surroundings
from slipway.environment.gpus import NONE
from slipway.remotes.mounted import remote_files
from slipway.remotes.mounted.remote_files import Backend, Folder
from slipway.settings.variables import Settings

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

    assert Backend("far", {}).has("far{abc}", "a/b/c d/$(f)") is ANSWERS[answer]
    assert asked(rclone)[0].endswith("far:c d/$(f)")


def test_a_remote_that_is_silent_is_asked_once(rclone: Path) -> None:
    """
    A thousand doubtful files would take hours.
    """
    (rclone / "answer").write_text("exit 1")
    remote = Backend("far", {})

    assert [remote.has("far", f"a/b/{number}") for number in range(5)] == [None] * 5
    assert len(asked(rclone)) == 1


def test_nobody_can_say_what_another_directory_has(rclone: Path) -> None:
    """
    An alias that showed another one before.
    """
    remote = Backend("far", {})

    assert remote.folder() == Folder("far{abc}", "a/b")
    assert [remote.has("far", path) for path in ("x/f", "a/bc", "a/b", "x/a/b/f")] == [None] * 4


def test_an_answer_that_comes_too_late_is_none(
    rclone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    And no traceback.
    """
    (rclone / "answer").write_text("exec sleep 60")
    monkeypatch.setattr(remote_files, "ASKING", 0.5)

    assert Backend("far", {}).has("far", "a/b/f") is None


AROUND = Surroundings(mounted=True, uid=7, gid=8, gpus=NONE, cpus=Cpus(1, None))


def test_our_options_are_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A variable of the user's overrides them, an empty one does not, and none reaches rclone on which
    the mount's safety rests, not even from the process's own environment.
    """
    for name in ("RCLONE_DAEMON", "RCLONE_CACHE_DIR"):
        monkeypatch.setenv(name, "true")
    given = {"RCLONE_UID": "77", "RCLONE_GID": "", "RCLONE_CONFIG": "", "RCLONE_RC_ADDR": ":1"}
    found = remote_files.variables(Settings(environment=given), AROUND)

    assert {name: found[name] for name in found if name.startswith("RCLONE_")} == {
        "RCLONE_CONFIG": "/etc/rclone/rclone.conf",
        "RCLONE_ALLOW_OTHER": "true",
        "RCLONE_UID": "77",
        "RCLONE_GID": "8",
    }


# Of rclone's groups of options that choose, those that say how, or that commands of ours set
HARMLESS = {"links", "max-backlog", "metadata", "multi-thread-.*", "streaming-upload-cutoff"}
HARMLESS |= {"fast-list", "help", "server-side-across-configs", "verbose"}


def test_no_option_that_chooses_reaches_a_copied_remote() -> None:
    """
    All of those that this rclone has, in its groups of such options and of our commands.
    """
    rclone = str(Path(sys.executable).with_name("rclone"))
    questions = [["lsjson", "--help"], ["copy", "--help"]]
    questions += [
        ["help", "flags", "--group", group]
        for group in ("Copy", "Sync", "Important", "Filter", "Listing", "Metadata")
    ]
    found: set[str] = set()
    for words in questions:
        done = subprocess.run([rclone, *words], capture_output=True, text=True, check=True)
        own = re.split(r"^(?:Flags for|Options shared)", done.stdout, flags=re.MULTILINE)
        text = own[0] if words[1] == "--help" else done.stdout
        found |= set(re.findall(r"^ +(?:-\w, )?--([a-z0-9-]+)", text, re.MULTILINE))
    choosing = {
        f"RCLONE_{flag.upper().replace('-', '_')}"
        for flag in found
        if not any(re.fullmatch(harmless, flag) for harmless in HARMLESS)
    }
    assert len(choosing) > 90

    given = dict.fromkeys(choosing, "1")
    assert choosing & set(remote_files.for_copies(Settings(environment=given))) == set()


def test_how_a_copied_remote_is_reached_stays_the_users() -> None:
    """
    Its own options, the network's, and those of a type whose names begin like a filter's.
    """
    given = {
        "RCLONE_CONFIG_FAR_EXCLUDE": "x",
        "RCLONE_BWLIMIT": "1M",
        "RCLONE_S3_NO_HEAD": "true",
        "RCLONE_HASHER_MAX_AGE": "1h",
        "RCLONE_LOCAL_NO_CHECK_UPDATED": "true",
        "FORMAT": "x",
    }

    assert given.items() <= remote_files.for_copies(Settings(environment=given)).items()


def test_which_place_a_remote_is() -> None:
    """
    Another bucket or host is another place; a new password, or how it is reached, is not.
    """
    options = {"type": "sftp", "host": "h", "user": "u", "pass": "p", "chunk_size": "1"}
    url = {"type": "webdav", "url": "https://u:p@h/x"}

    assert remote_files.place(options) == remote_files.place(
        {**options, "pass": "q", "chunk_size": "2"}
    )
    assert remote_files.place(url) == remote_files.place({**url, "url": "https://u:q@h/x"})
    for name, value in {"type": "ftp", "host": "i", "user": "v", "root_folder_id": "r"}.items():
        assert remote_files.place(options) != remote_files.place({**options, name: value})
    assert remote_files.place(url) != remote_files.place({**url, "url": "https://u:p@h/y"})
