"""
Slipway's own files are known by all of their bytes.
"""

from __future__ import annotations

import pytest

from slipway.contract import paths
from slipway.operations.remotes import configuration, program
from slipway.services import own_programs
from slipway.system import mountinfo
from slipway.system.mountinfo import Mount


@pytest.mark.parametrize("remote", ["far", "a b", "über", "x" * 200])
def test_a_remotes_file_is_ours(remote: str) -> None:
    """
    Under its own name, mounted or copied.
    """
    for words in (["mount", "--", remote], ["sync", "--", remote]):
        text = configuration(remote, words, 5, "0a1b2c")
        assert own_programs.is_remote(f"/etc/supervisor/conf.d/{program(remote)}.conf", text)
        assert not own_programs.is_remote("/etc/supervisor/conf.d/other.conf", text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[program:remote-far]", "[program:sshd]"),
        ("priority=50", "priority=51"),
        ("autostart=true\n", "autostart=true\nuser=nobody\n"),
        ("; Slipway's", "; slipway's"),
        ('environment=REMOTE_CONFIGURATION="', 'environment=X="\n[program:y]\ncommand=z\ny="'),
        ("", "\n[program:more]\ncommand=x\n"),
    ],
)
def test_a_file_that_only_begins_as_ours_is_a_users(old: str, new: str) -> None:
    """
    Whoever copies our comment has written a file of his own.
    """
    text = configuration("far", ["mount", "--", "far"], 5, "")
    changed = text.replace(old, new, 1) if old else text + new

    assert changed != text
    assert not own_programs.is_remote("/etc/supervisor/conf.d/remote-far.conf", changed)


@pytest.mark.parametrize(
    ("name", "sections", "is_mount", "is_over"),
    [
        ("sshd", ["program:sshd"], True, True),
        ("sshd", ["program:sshd"], False, False),  # a convergence lays ours again
        ("sshd", ["program:sshd", "program:mine"], True, False),
        ("sshd", [], True, False),
        ("mine", ["program:sshd"], True, False),
        ("mine", ["program:mine"], True, False),
    ],
)
def test_a_file_that_is_mounted_over_ours_is_known(
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    sections: list[str],
    *,
    is_mount: bool,
    is_over: bool,
) -> None:
    """
    With nothing but the program that ours has.
    """
    path = f"{paths.SUPERVISOR_PROGRAMS}/{name}.conf"
    mounts = [Mount(path, "ext4", "x", frozenset({"ro"}), shared=False)] if is_mount else []
    monkeypatch.setattr(mountinfo, "here", lambda: mounts)
    own = {str(paths.OWN_PROGRAMS / "sshd.conf"): ""}

    assert own_programs.is_mounted_over(path, sections, own) is is_over
