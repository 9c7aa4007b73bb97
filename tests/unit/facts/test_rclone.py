"""
rclone's remotes, as the real rclone lists them, and their configuration.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from slipway.facts import rclone
from slipway.facts.rclone import (
    BesideConfiguration,
    RcloneConfiguration,
    RcloneRemotes,
    RemotePrograms,
)
from slipway.remotes import configuration_file
from slipway.remotes.states import PROGRAM_MARK
from tests.unit.facts.conftest import ask, needs_root

RCLONE = Path(sys.executable).with_name("rclone")


def ask_rclone(tmp_path: Path, *, variables: str = "") -> list[str] | None:
    """
    Return the remotes that the real rclone lists.
    """
    (tmp_path / "environment.sh").write_text(variables)
    places = {
        "/run/slipway/environment.sh": tmp_path / "environment.sh",
        "/etc/rclone/rclone.conf": tmp_path / "rclone.conf",
    }
    env = {"PATH": f"{RCLONE.parent}:{os.environ['PATH']}"}
    remotes: list[str] | None = ask(RcloneRemotes(), places=places, env=env)
    return remotes


def test_remotes_of_a_file_and_of_variables(tmp_path: Path) -> None:
    """
    With spaces and letters of any script in their names.
    """
    (tmp_path / "rclone.conf").write_text("[a b]\ntype = memory\n[ü]\ntype = memory\n")
    remotes = ask_rclone(tmp_path, variables="export RCLONE_CONFIG_ENV_TYPE=memory")

    assert remotes is not None
    assert sorted(remotes) == ["a b", "env", "ü"]


def test_a_configuration_elsewhere_is_read(tmp_path: Path) -> None:
    """
    RCLONE_CONFIG names it, with any characters in its path.
    """
    (tmp_path / "my $(x) file").write_text("[there]\ntype = memory\n")
    variables = f"export RCLONE_CONFIG='{tmp_path}/my $(x) file'"

    assert ask_rclone(tmp_path, variables=variables) == ["there"]


def test_a_users_options_keep_no_remote_from_being_seen(tmp_path: Path) -> None:
    """
    Not a level of its log, which rclone takes once only, nor a remote control at a bad address.
    """
    (tmp_path / "rclone.conf").write_text("[there]\ntype = memory\n")
    options = ["VERBOSE=2", "LOG_LEVEL=ERROR", "RC=true", "RC_ADDR=192.0.2.1:1"]
    found = [
        ask_rclone(tmp_path, variables=f"export RCLONE_{option} RCLONE_RC=true")
        for option in options
    ]

    assert found == [["there"]] * len(options)


def test_no_remotes_are_not_a_broken_configuration(tmp_path: Path) -> None:
    """
    Nothing to read: an empty list. A file that can't be parsed: none can be told.
    """
    nothing = ask_rclone(tmp_path)
    (tmp_path / "rclone.conf").touch()
    empty = ask_rclone(tmp_path)
    (tmp_path / "rclone.conf").write_text("[broken\n= =")

    assert (nothing, empty, ask_rclone(tmp_path)) == ([], [], None)


ODD = {
    "a FIFO": "mkfifo {}",
    "a link to a FIFO": "mkfifo {}.x; ln -s {}.x {}",
    "a directory": "mkdir {}",
    "a device": "ln -s /dev/zero {}",
    "a terminal": "ln -s /dev/ptmx {}",
    "gigabytes": "truncate -s 16G {}",
}


@pytest.mark.parametrize("what", ODD)
def test_what_is_no_file_is_waited_for_by_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """
    It is a configuration that rclone can't read, also where variables have a remote.
    """
    file = tmp_path / "rclone.conf"
    subprocess.run(["sh", "-c", ODD[what].replace("{}", str(file))], check=True)
    seen = ask(RcloneConfiguration(), path=str(file))
    remotes = ask_rclone(tmp_path, variables="export RCLONE_CONFIG_ENV_TYPE=memory")
    monkeypatch.setattr(rclone, "RCLONE_CONF", file)
    monkeypatch.setattr(rclone, "SHELL_ENVIRONMENT", tmp_path / "env.sh")

    assert seen.digests == {}
    assert remotes is None
    assert rclone.may_have_remotes()
    assert str(file) in configuration_file.complaint(str(file))


def test_no_file_at_all_is_a_choice(tmp_path: Path) -> None:
    """
    As rclone's documents have it: /dev/null, for remotes of variables only.
    """
    variables = "export RCLONE_CONFIG=/dev/null RCLONE_CONFIG_ENV_TYPE=memory"
    said = map(configuration_file.complaint, ("/dev/null", str(tmp_path / "gone"), ""))

    assert ask_rclone(tmp_path, variables=variables) == ["env"]
    assert list(said) == ["", "", ""]


def test_a_fifo_among_the_programs_is_passed_by(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "remote-a.conf")
    (tmp_path / "remote-b.conf").write_text(f"{PROGRAM_MARK}b\n")

    assert ask(RemotePrograms(), places={"/etc/supervisor/conf.d": tmp_path}) == {"remote-b": "b"}


def test_mount_programs_are_ours_by_their_mark(tmp_path: Path) -> None:
    """
    A file without it is somebody else's, whatever it is called.
    """
    (tmp_path / "remote-a_b-0123.conf").write_text(f"{PROGRAM_MARK}a b\n[program:x]\n")
    (tmp_path / "remote-mine.conf").write_text("[program:mine]\n")
    found = ask(RemotePrograms(), places={"/etc/supervisor/conf.d": tmp_path})
    none = ask(RemotePrograms(), places={"/etc/supervisor/conf.d": tmp_path / "gone"})

    assert (found, none) == ({"remote-a_b-0123": "a b"}, {})


@pytest.mark.parametrize(
    ("text", "variables", "is_asked"),
    [
        (None, None, False),
        (None, "", False),
        ("", "", False),
        (None, "export A='b'\nexport WORKSPACE='/w'\n", False),
        ("[x]\ntype = memory\n", "", True),
        ("broken", "", True),
        (None, "export RCLONE_CONFIG_X_TYPE='memory'\n", True),
        (None, "export RCLONE_CONFIG='/elsewhere'\n", True),
        (None, "export A='b'\n. /etc/mine\n", True),
        (None, "RCLONE_CONFIG_X_TYPE=memory; export A\n", True),
        (None, "export A='a\nb'\n", True),  # a value of two lines: a shell knows
    ],
)
def test_rclone_is_asked_where_there_may_be_a_remote(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    text: str | None,
    variables: str | None,
    is_asked: bool,  # noqa: FBT001
) -> None:
    """
    Where it is not, a shell finds none either.
    """
    places = {"RCLONE_CONF": tmp_path / "rclone.conf", "SHELL_ENVIRONMENT": tmp_path / "env.sh"}
    for (name, place), content in zip(places.items(), (text, variables), strict=True):
        monkeypatch.setattr(rclone, name, place)
        if content is not None:
            place.write_text(content)
    script = RcloneRemotes().command().get_raw_value()
    script = script.replace("/run/slipway/environment.sh", str(places["SHELL_ENVIRONMENT"]))
    done = subprocess.run(["sh", "-c", script], capture_output=True, check=False)

    assert rclone.may_have_remotes() is is_asked
    assert is_asked or done.stdout == b""


@pytest.mark.parametrize("what", ["a directory", "a dangling link", "a link to a file"])
def test_a_configuration_of_another_kind_is_rclones_to_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """
    Whatever is there but an empty file: a dangling link has nothing, and a shell says the same.
    """
    conf, target = tmp_path / "rclone.conf", tmp_path / "target"
    monkeypatch.setattr(rclone, "RCLONE_CONF", conf)
    monkeypatch.setattr(rclone, "SHELL_ENVIRONMENT", tmp_path / "env.sh")
    if what == "a directory":
        conf.mkdir()
    else:
        conf.symlink_to(target)
    if what == "a link to a file":
        target.write_text("[x]\ntype = memory\n")

    assert rclone.may_have_remotes()


def configuration(tmp_path: Path, text: str) -> Any:
    """
    Return what is seen of a configuration file.
    """
    (tmp_path / "my $(x) file").write_text(text)
    return ask(RcloneConfiguration(), path=str(tmp_path / "my $(x) file"))


def test_the_configurations_mode_is_seen(tmp_path: Path) -> None:
    """
    Of a regular file only: a link's target is another's.
    """
    file = tmp_path / "my $(x) file"
    configuration(tmp_path, "[a]\ntype = memory\n")
    file.chmod(0o640)
    (tmp_path / "link").symlink_to(file)
    seen = ask(RcloneConfiguration(), path=str(file))

    assert (seen.mode, seen.is_changeable) == ("640", True)
    assert ask(RcloneConfiguration(), path=str(tmp_path / "link")).mode == ""
    assert ask(RcloneConfiguration(), path=str(tmp_path)).mode == ""
    assert ask(RcloneConfiguration(), path=str(tmp_path / "gone")) is None


@needs_root
def test_a_configuration_on_a_read_only_mount_is_not_ours_to_change(tmp_path: Path) -> None:
    """
    Also for root.
    """
    configuration(tmp_path, "")
    subprocess.run(["mount", "--bind", tmp_path, tmp_path], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", tmp_path], check=True)
        seen = ask(RcloneConfiguration(), path=str(tmp_path / "my $(x) file"))
    finally:
        subprocess.run(["umount", tmp_path], check=True)

    assert not seen.is_changeable


@pytest.mark.parametrize(
    "other",
    [
        "[a]\ntype = sftp\nhost = elsewhere\n",
        "[a]\ntype = sftp\nhost = x\npass = secret\n",
        "[a]\ntype = sftp\n",
    ],
)
def test_a_remotes_options_are_told_apart(tmp_path: Path, other: str) -> None:
    """
    By a digest: changed, added, gone. What they are is not in it.
    """
    before = configuration(tmp_path, "[a]\ntype = sftp\nhost = x\n[b c]\ntype = memory\n")
    after = configuration(tmp_path, other + "# a comment\n\n[b c]\n type=memory\n")

    assert before.digests["a"] != after.digests["a"]
    assert before.digests["b c"] == after.digests["b c"]
    assert "secret" not in repr(after)


@pytest.mark.parametrize("value", ["far:", "far:p", "x: far:p:ro", "dir=far:p", '"far:a b"'])
def test_what_stands_on_a_changed_remote_is_changed(tmp_path: Path, value: str) -> None:
    """
    A crypt, a union or an alias, over others or not; what stands on another one is not.
    """
    form = (
        "[far]\ntype = sftp\npass = %s\n[not.far]\ntype = sftp\n"
        f"[safe]\ntype = crypt\nremote = {value}\n[part]\ntype = alias\nremote = safe:d\n"
        "[other]\ntype = alias\nremote = not.far:d\n"
    )
    before = configuration(tmp_path, form % "one").digests
    after = configuration(tmp_path, form % "two").digests

    assert {name for name in before if before[name] != after[name]} == {"far", "safe", "part"}


def test_remotes_that_stand_on_each_other_are_no_endless_question(tmp_path: Path) -> None:
    """
    A mistake, which rclone reports when it mounts them.
    """
    text = "[a]\ntype = alias\nremote = b:\n[b]\ntype = alias\nremote = a:\n"

    assert configuration(tmp_path, text).digests.keys() == {"a", "b"}


def test_what_rclone_writes_back_is_no_change(tmp_path: Path) -> None:
    """
    A refreshed token must not mount a remote anew at the next convergence.
    """
    form = "[a]\ntype = drive\ntoken = %s\nclient_id = x\n"
    first = configuration(tmp_path, form % '{"access_token":"1","expiry":"2026"}')
    second = configuration(tmp_path, form % '{"access_token":"2","expiry":"2027"}')

    assert first.digests == second.digests
    assert "a" in first.digests


def test_an_encrypted_configuration_tells_nothing(tmp_path: Path) -> None:
    """
    And breaks nothing.
    """
    text = "# Encrypted rclone configuration File\n\nRCLONE_ENCRYPT_V0:\nabc=\n"

    there = configuration(tmp_path, text)
    assert there.digests == {}
    assert there.is_encrypted
    assert not configuration(tmp_path, "[far]\ntype = alias\n").is_encrypted


def test_what_rclone_left_beside_its_file_is_found(tmp_path: Path) -> None:
    """
    Empty files with names of rclone's giving, where a link leads; a user's own file is none.
    """
    real = tmp_path / "real"
    real.mkdir()
    link = tmp_path / "rclone.conf"
    assert ask(BesideConfiguration(), path=str(link)) is None

    link.symlink_to(real / "rclone.conf")
    (real / "rclone.conf").write_text("[a]\n")
    names = ["rclone.conf.old123456", "rclone.conf.old", "notes"]
    for name in names:
        (real / name).touch()
    found = ask(BesideConfiguration(), path=str(link))

    assert found.path == str(real / "rclone.conf")
    assert found.leftovers == [f"{real}/{names[0]}"]
