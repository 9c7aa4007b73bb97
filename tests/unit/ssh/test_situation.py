"""
What stands against a session, as the files of a machine have it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from slipway.contract import paths
from slipway.ssh import wrappers

WAITS = "root can't log in: TCP wrappers wait for {}, which is no file"
CLOSE = "root can't log in: TCP wrappers close the connection ({} line 1)"


@pytest.mark.parametrize(
    ("allow", "deny", "expected"),
    [
        ("", "", ""),
        ("FIFO", "", WAITS.format("allow")),
        ("", "FIFO", WAITS.format("deny")),
        ("FIFO", "ALL: ALL", WAITS.format("allow")),
        ("sshd: ALL", "FIFO", ""),
        ("sshd: 10.", "FIFO", WAITS.format("deny")),
        ("/dev/zero", "", WAITS.format("allow")),
        ("/dev/null", "/dev/null", ""),
        ("", "ALL: ALL", CLOSE.format("deny")),
    ],
)
def test_tcp_wrappers_are_asked_as_sshd_asks_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, allow: str, deny: str, expected: str
) -> None:
    """
    The second file only where the first one does not decide; neither where sshd has no wrappers.
    """
    for name, text in (("allow", allow), ("deny", deny)):
        monkeypatch.setattr(wrappers, name.upper(), str(tmp_path / name))
        if text == "FIFO":
            os.mkfifo(tmp_path / name)
        elif text.startswith("/"):
            (tmp_path / name).symlink_to(text)
        else:
            (tmp_path / name).write_text(f"{text}\n")
    monkeypatch.setattr(paths, "SSHD", str(tmp_path / "sshd"))
    without = wrappers.obstacles("203.0.113.7")
    (tmp_path / "sshd").write_bytes(wrappers.LIBRARY)
    found = wrappers.obstacles("203.0.113.7")

    assert without == []
    assert "".join(map(str, found)).replace(f"{tmp_path}/", "") == expected
