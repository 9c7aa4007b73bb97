"""
Host keys: made beside their place, moved there whole.
"""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from slipway.contract import paths
from slipway.ssh import host_key
from slipway.system import early, supervisor_rpc


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Fewer bits take less time.
    """
    monkeypatch.setattr(host_key, "BITS", 1024)


def test_a_pair_is_made_beside_its_place(tmp_path: Path) -> None:
    """
    What a killed maker left there is replaced; nothing is in the place until the pair is whole.
    """
    key = tmp_path / "key"
    draft = tmp_path / ".key.slipway"
    draft.write_text("half a key")
    made = host_key.make(key, "rsa")
    public = subprocess.run(["ssh-keygen", "-y", "-f", made], capture_output=True, check=True)

    assert made == draft
    assert sorted(path.name for path in tmp_path.iterdir()) == [".key.slipway", ".key.slipway.pub"]
    assert public.stdout.split()[:2] == host_key.pair(draft)[1].read_bytes().split()[:2]
    assert stat.S_IMODE(draft.stat().st_mode) == 0o600


def test_a_pair_is_moved_public_part_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A maker killed between the two leaves no private key without its public one.
    """
    key, draft = tmp_path / "key", tmp_path / "draft"
    for path in host_key.pair(draft):
        path.touch()
    moved = []
    rename = Path.rename

    def note(source: Path, target: Path) -> Path:
        moved.append(target.name)
        return rename(source, target)

    monkeypatch.setattr(Path, "rename", note)
    host_key.place(draft, key)

    assert moved == ["key.pub", "key"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["key", "key.pub"]


def test_a_key_that_can_not_be_made_is_an_error(tmp_path: Path) -> None:
    """
    Not a file that is half there.
    """
    with pytest.raises(subprocess.CalledProcessError):
        host_key.make(tmp_path / "gone" / "key", "rsa")


@pytest.mark.parametrize(("check", "told"), [("true", True), ("false", False)])
def test_sshd_is_told_only_of_files_that_it_can_use(
    monkeypatch: pytest.MonkeyPatch, check: str, *, told: bool
) -> None:
    """
    It would end otherwise, because of somebody's typo.
    """
    calls: list[Any] = []

    def call(_socket: Path, made: list[Any], *, timeout: float) -> list[supervisor_rpc.Fault]:
        calls.extend(made)
        return [supervisor_rpc.Fault(70, "NOT_RUNNING")]

    monkeypatch.setattr(paths, "SSHD", check)
    monkeypatch.setattr(supervisor_rpc, "call", call)
    host_key.reload()

    assert calls == ([("supervisor.signalProcess", ("sshd", "HUP"))] if told else [])


@pytest.mark.parametrize("part", ["key", "key.pub"])
def test_a_directory_in_a_keys_place_is_kept_beside_it(tmp_path: Path, part: str) -> None:
    """
    A file can't be moved over one; the second time as the first.
    """
    draft, key = host_key.make(tmp_path / "draft", "ed25519"), tmp_path / "key"
    for name in (part, f"{part}.unusable"):
        (tmp_path / name / "inside").mkdir(parents=True)
    host_key.place(draft, key)

    assert all(each.is_file() for each in host_key.pair(key))
    assert (tmp_path / f"{part}.unusable1/inside").is_dir()


@pytest.mark.parametrize("state", ["", "draft", "directory", "vanished", "unwritable"])
def test_a_key_that_was_begun_is_not_made_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    """
    A draft of somebody killed is in nobody's way. Where it could not be begun it is made later.
    """
    monkeypatch.setattr(paths, "SSH", tmp_path / "ssh")
    key, begun = host_key.path("ed25519"), tmp_path / "ssh/.ssh_host_ed25519_key.slipway"
    if state != "unwritable":
        key.parent.mkdir()
    if state == "draft":
        begun.write_text("half a key")
    if state == "directory":
        begun.mkdir()
    host_key.begin("ed25519")
    key.parent.mkdir(exist_ok=True)
    if state == "vanished":
        early.run(host_key._maker(key, "ed25519"))  # noqa: SLF001 - it has ended
        begun.unlink()
    public = begun.with_name(f"{begun.name}.pub")
    host_key.have("ed25519")
    shown = subprocess.run(["ssh-keygen", "-y", "-f", key], capture_output=True, check=True)

    assert shown.stdout.split()[:2] == host_key.pair(key)[1].read_bytes().split()[:2]
    assert not begun.exists()
    assert not public.exists()


Have = Callable[..., str]

# What `python -m slipway.ssh.host_key` does, with another place for the keys
PROGRAM = """
import pathlib, runpy, sys
from slipway.contract import paths
paths.SSH = pathlib.Path(sys.argv.pop(1))
runpy.run_module("slipway.ssh.host_key", run_name="__main__")
"""


@pytest.fixture(params=["inside", "outside"])
def have(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Have:
    """
    Have keys in tmp_path, by this process and by the program; returns what kept it from that.
    """

    def inside(*kinds: str) -> str:
        monkeypatch.setattr(paths, "SSH", tmp_path)
        return host_key.complaint(kinds)

    def outside(*kinds: str) -> str:
        words = [sys.executable, "-I", "-c", PROGRAM, str(tmp_path), *kinds]
        done = subprocess.run(words, check=False, capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (1 if done.stderr else 0, "")
        return done.stderr.removesuffix("\n")

    return inside if request.param == "inside" else outside


def keygen(*words: str | Path) -> str:
    """
    Return what ssh-keygen prints.
    """
    done = subprocess.run(["ssh-keygen", *words], capture_output=True, text=True, check=True)
    return done.stdout


def is_pair(key: Path) -> bool:
    """
    Tell whether a private key is there, root's alone, with its own public part.
    """
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    public = host_key.pair(key)[1].read_text()
    return keygen("-y", "-P", "", "-f", key).split()[:2] == public.split()[:2]


def names(directory: Path) -> list[str]:
    """
    Return the names of all files, drafts included.
    """
    return sorted(path.name for path in directory.iterdir())


def test_keys_are_made_whole(have: Have, tmp_path: Path) -> None:
    """
    Several at once, of the types that are asked for, without a comment, and no draft is left.
    """
    assert have("ed25519", "ecdsa") == ""
    assert is_pair(tmp_path / "ssh_host_ed25519_key")
    assert is_pair(tmp_path / "ssh_host_ecdsa_key")
    assert (tmp_path / "ssh_host_ed25519_key.pub").read_text().startswith("ssh-ed25519 ")
    assert len((tmp_path / "ssh_host_ed25519_key.pub").read_text().split()) == 2
    assert len(names(tmp_path)) == 4


def test_what_somebody_killed_has_left_is_replaced(have: Have, tmp_path: Path) -> None:
    """
    ssh-keygen would ask whether to overwrite it, and wait for an answer.
    """
    draft = tmp_path / ".ssh_host_ed25519_key.slipway"
    for part in host_key.pair(draft):
        part.write_text("half a key")

    assert have("ed25519") == ""
    assert is_pair(tmp_path / "ssh_host_ed25519_key")
    assert names(tmp_path) == ["ssh_host_ed25519_key", "ssh_host_ed25519_key.pub"]


@pytest.mark.parametrize("has_empty_public_part", [False, True])
def test_a_key_without_its_public_part_is_given_it(
    have: Have, tmp_path: Path, *, has_empty_public_part: bool
) -> None:
    """
    The key itself stays, byte for byte; others can't read it any more.
    """
    key = tmp_path / "ssh_host_ed25519_key"
    keygen("-q", "-t", "ed25519", "-N", "", "-f", key)
    content = key.read_bytes()
    key.chmod(0o644)
    host_key.pair(key)[1].unlink()
    if has_empty_public_part:
        host_key.pair(key)[1].touch()
    host_key.pair(tmp_path / ".ssh_host_ed25519_key.slipway")[1].write_text("half a part")

    assert have("ed25519") == ""
    assert is_pair(key)
    assert key.read_bytes() == content
    assert names(tmp_path) == ["ssh_host_ed25519_key", "ssh_host_ed25519_key.pub"]


@pytest.mark.parametrize("passphrase", [None, "secret"])
def test_a_key_that_can_not_be_read_is_kept_aside(
    have: Have, tmp_path: Path, passphrase: str | None
) -> None:
    """
    No key at all, and one with a passphrase: sshd could use neither.
    """
    key = tmp_path / "ssh_host_ed25519_key"
    if passphrase is None:
        key.write_text("no key")
    else:
        keygen("-q", "-t", "ed25519", "-N", passphrase, "-f", key)
        host_key.pair(key)[1].unlink()
    content = key.read_bytes()

    assert have("ed25519") == ""
    assert is_pair(key)
    assert key.with_name(f"{key.name}.unusable").read_bytes() == content
    assert len(names(tmp_path)) == 3


@pytest.mark.parametrize("kept", ["a file", "a directory", "a dangling link", "a link", "several"])
def test_what_was_kept_before_stays(have: Have, tmp_path: Path, kept: str) -> None:
    """
    Nothing is moved over it, and it is in nobody's way.
    """
    key = tmp_path / "ssh_host_ed25519_key"
    before = key.with_name(f"{key.name}.unusable")
    if kept == "a directory":
        (before / "inside").mkdir(parents=True)
    elif kept in ("a dangling link", "a link"):
        before.symlink_to("/nowhere" if kept == "a dangling link" else tmp_path)
    else:
        before.write_text("before")
    if kept == "several":
        key.with_name(f"{key.name}.unusable1").write_text("after that")
    was = names(tmp_path)
    key.write_text("no key")

    assert have("ed25519") == ""
    assert is_pair(key)
    new = set(names(tmp_path)) - {*was, key.name, f"{key.name}.pub"}
    assert [(tmp_path / name).read_text() for name in new] == ["no key"]
    assert set(was) <= set(names(tmp_path))
    if kept == "a file":
        assert before.read_text() == "before"


def test_an_empty_key_is_none(have: Have, tmp_path: Path) -> None:
    """
    There is nothing in it to keep.
    """
    (tmp_path / "ssh_host_ed25519_key").touch()

    assert have("ed25519") == ""
    assert is_pair(tmp_path / "ssh_host_ed25519_key")
    assert names(tmp_path) == ["ssh_host_ed25519_key", "ssh_host_ed25519_key.pub"]


def test_a_key_that_can_not_be_had_is_one_line(have: Have, tmp_path: Path) -> None:
    """
    In ssh-keygen's own words; the earlier ones stay, and the later ones are not begun.
    """
    complaint = have("ecdsa", "no-such-type", "ed25519")

    assert complaint == "slipway: host key: unknown key type no-such-type"
    assert is_pair(tmp_path / "ssh_host_ecdsa_key")
    assert names(tmp_path) == ["ssh_host_ecdsa_key", "ssh_host_ecdsa_key.pub"]


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """
    What is synced and moved, in order, with tmp_path as the place for keys.
    """
    done: list[str] = []
    sync, rename = os.fsync, Path.rename

    def note_sync(descriptor: int) -> None:
        done.append(f"sync {Path(f'/proc/self/fd/{descriptor}').readlink().name}")
        sync(descriptor)

    def note_rename(source: Path, target: Path) -> Path:
        done.append(f"move {source.name}")
        return rename(source, target)

    monkeypatch.setattr(paths, "SSH", tmp_path)
    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(Path, "rename", note_rename)
    return done


def test_a_new_key_is_synced_before_it_is_moved(steps: list[str]) -> None:
    """
    Both parts: a crash of the machine leaves no empty file under a key's name.
    """
    host_key.have("ed25519")

    assert steps == [
        "sync .ssh_host_ed25519_key.slipway",
        "sync .ssh_host_ed25519_key.slipway.pub",
        "move .ssh_host_ed25519_key.slipway.pub",
        "move .ssh_host_ed25519_key.slipway",
    ]


def test_a_public_part_is_synced_before_it_is_moved(steps: list[str], tmp_path: Path) -> None:
    """
    Likewise.
    """
    key = tmp_path / "ssh_host_ed25519_key"
    keygen("-q", "-t", "ed25519", "-N", "", "-f", key)
    host_key.pair(key)[1].unlink()
    host_key.have("ed25519")

    assert steps == [
        "sync .ssh_host_ed25519_key.slipway.pub",
        "move .ssh_host_ed25519_key.slipway.pub",
    ]
