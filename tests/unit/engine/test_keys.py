"""
Who may log in, and how the container is known again.
"""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import pytest

from engine import keys
from engine.commands import Failure
from engine.project import Project
from engine.steps import Step

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBvkz3B5g0 me@home"
OTHER = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlz me@work"
CERTIFICATE = "ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQ me@home"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """
    A fresh clone: the tracked key file is there, and empty.
    """
    root = tmp_path / "clone"
    (root / "config").mkdir(parents=True)
    (root / "config" / "authorized_keys").touch()
    return root


def _ensure(root: Path, **environment: str) -> tuple[str, list[str]]:
    step = Step("keys")
    home = str(root.parent / "home")
    keys.ensure_authorized(Project.at(root, {"HOME": home, **environment}), step)
    return step.result, (root / "config" / "authorized_keys").read_text().splitlines()


def _own(root: Path, name: str, line: str) -> None:
    folder = root.parent / "home" / ".ssh"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"{line}\n")


def test_the_users_own_keys_are_taken(clone: Path) -> None:
    """
    All of ~/.ssh/*.pub, but no certificate: it is no key.
    """
    _own(clone, "id_ed25519.pub", KEY)
    _own(clone, "id_ecdsa.pub", OTHER)
    _own(clone, "id_ed25519-cert.pub", CERTIFICATE)
    _own(clone, "known_hosts", KEY)

    assert _ensure(clone)[1] == [OTHER, KEY]


def test_keys_that_are_there_stay(clone: Path) -> None:
    """
    The file is the user's: nothing is added, comments and options are kept.
    """
    path = clone / "config" / "authorized_keys"
    path.write_text(f'# work\nfrom="10.0.0.0/8" {OTHER}\n')
    _own(clone, "id_ed25519.pub", KEY)

    assert _ensure(clone)[1] == ["# work", f'from="10.0.0.0/8" {OTHER}']


def test_a_given_key_needs_no_other(clone: Path) -> None:
    """
    With SSH_PUBKEY, in the environment or in .env, the file stays empty.
    """
    _own(clone, "id_ed25519.pub", KEY)
    (clone / ".env").write_text(f"SSH_PUBKEY={OTHER}\n")

    assert _ensure(clone) == ("given by SSH_PUBKEY", [])
    assert not (clone / "config" / "id_ed25519").exists()


def test_without_any_a_pair_is_made_once(clone: Path) -> None:
    """
    It is said, the private half is its owner's alone, and the ssh line gets it.
    """
    said, lines = _ensure(clone)
    private = clone / "config" / "id_ed25519"

    assert "made for you" in said
    assert lines == [private.with_suffix(".pub").read_text().strip()]
    assert private.stat().st_mode & 0o777 == 0o600
    assert keys.identity(Project.at(clone, {})) == private
    assert _ensure(clone) == ("in config/authorized_keys", lines)


def test_a_pair_that_no_longer_opens_is_not_offered(clone: Path) -> None:
    """
    The ssh line then leaves the choice to the user's own ssh.
    """
    _ensure(clone)
    (clone / "config" / "authorized_keys").write_text(f"{KEY}\n")

    assert keys.identity(Project.at(clone, {})) is None


def test_a_public_half_that_is_gone_is_made_again(clone: Path) -> None:
    """
    Before a new clone's file is filled with it, and for the ssh line.
    """
    _, lines = _ensure(clone)
    public = clone / "config" / "id_ed25519.pub"
    line = public.read_text()
    for authorized in ("", "".join(f"{line}\n" for line in lines)):
        public.unlink()
        (clone / "config" / "authorized_keys").write_text(authorized)
        _ensure(clone)

        assert keys.identity(Project.at(clone, {})) == clone / "config" / "id_ed25519"
        assert public.read_text().split()[:2] == line.split()[:2]


def test_a_private_key_that_cannot_be_used_is_named(clone: Path) -> None:
    """
    With what to do about it, and not offered on the ssh line.
    """
    (clone / "config" / "id_ed25519").write_text("no key\n")
    (clone / "config" / "id_ed25519").chmod(0o600)

    with pytest.raises(Failure, match=r"id_ed25519 .*: move it away"):
        _ensure(clone)
    assert keys.identity(Project.at(clone, {})) is None


def test_a_directory_in_its_place(clone: Path) -> None:
    """
    An empty one, as the engine makes it, is replaced; one with files is refused in a sentence.
    """
    path = clone / "config" / "authorized_keys"
    path.unlink()
    path.mkdir()
    _own(clone, "id_ed25519.pub", KEY)
    assert _ensure(clone)[1] == [KEY]

    path.unlink()
    path.mkdir()
    (path / "id.pub").write_text(KEY)
    with pytest.raises(Failure, match="config/authorized_keys is a directory"):
        _ensure(clone)


def test_the_repository_does_not_see_the_users_keys(clone: Path) -> None:
    """
    The tracked, empty file is filled, and git reports no change.
    """
    git = ["git", "-C", str(clone), "-c", "user.name=x", "-c", "user.email=x@x.example"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"]):
        subprocess.run([*git, *words], check=True)
    _own(clone, "id_ed25519.pub", KEY)

    assert _ensure(clone)[1] == [KEY]
    assert subprocess.check_output([*git, "status", "--porcelain"]) == b""


def test_known_hosts_names_the_port_where_ssh_does() -> None:
    """
    Bare for 22, in brackets otherwise; a key's comment is left out.
    """
    lines = io.StringIO(f"{KEY}\n\n{OTHER}\n")

    assert keys.known_hosts("[127.0.0.1]:2222", lines) == (
        f"[127.0.0.1]:2222 {KEY.rpartition(' ')[0]}\n[127.0.0.1]:2222 {OTHER.rpartition(' ')[0]}\n"
    )
