"""
Slipway's own files are known by all of their bytes.
"""

from __future__ import annotations

import pytest

from slipway.operations.remotes import configuration, program
from slipway.services import own_programs


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
