"""
The RSA host key: made beside its place, moved there whole.
"""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from slipway.contract import paths
from slipway.ssh import host_key
from slipway.system import supervisor_rpc


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
    made = host_key.make(key)
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
        host_key.make(tmp_path / "gone" / "key")


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
