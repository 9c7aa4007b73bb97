"""
git's configuration of the system: one line is ours.
"""

from __future__ import annotations

import pytest

from slipway.facts.files import FileText
from slipway.facts.mounts import Mounts
from slipway.operations import git
from slipway.system.mountinfo import Mount
from tests.unit.conftest import Run

PATH, OURS = "/etc/gitconfig", "/run/slipway/gitconfig"
LINE = f"[include] path = {OURS}"
ROOT = Mount("/", "overlay", "overlay", frozenset({"rw"}), shared=False)


@pytest.mark.parametrize("text", ["", "[user]\n\tname = me\n", f"# {LINE}\n"])
def test_the_line_comes_first(run: Run, text: str) -> None:
    """
    So that what somebody has set himself is read after it, and wins.
    """
    commands = run(git.included, path=PATH, file=OURS, facts={FileText: text, Mounts: [ROOT]})

    assert f"/etc/.gitconfig.slipway <- {LINE}\n{text}" in commands


@pytest.mark.parametrize(
    ("text", "mounts"),
    [
        (f"[user]\n{LINE}\n", [ROOT]),
        ("", [ROOT, Mount(PATH, "ext4", "/dev/x", frozenset({"rw"}), shared=False)]),
        ("", [Mount("/", "overlay", "overlay", frozenset({"ro"}), shared=False)]),
    ],
    ids=["there", "mounted", "read-only"],
)
def test_what_has_it_or_is_not_ours_stays(run: Run, text: str, mounts: list[Mount]) -> None:
    """
    A mounted file is its owner's.
    """
    facts = {FileText: text, Mounts: mounts}

    assert run(git.included, path=PATH, file=OURS, facts=facts) == []
