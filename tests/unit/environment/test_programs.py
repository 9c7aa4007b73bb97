"""
The names of supervised programs, as they stand in their files.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from slipway.contract import paths
from slipway.environment import programs


def test_names_are_those_of_sections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Of each kind that is run, and of groups; what is no file is passed over.
    """
    monkeypatch.setattr(paths, "SUPERVISORD_CONF", tmp_path / "main.conf")
    monkeypatch.setattr(paths, "SUPERVISOR_PROGRAMS", tmp_path / "conf.d")
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "main.conf").write_text("[supervisord]\n[program:main]\n")
    files = {
        "a.conf": b"; [program:comment]\n[program:web]\ncommand=[program:no]\n[group: pair ]\n",
        "b.conf": b"\xff\xfe[program:x]\r\n[fcgi-program:fast]\n[eventlistener:ear]",
        "c.txt": b"[program:text]\n",
    }
    for name, content in files.items():
        (tmp_path / "conf.d" / name).write_bytes(content)
    os.mkfifo(tmp_path / "conf.d/fifo.conf")
    (tmp_path / "conf.d/directory.conf").mkdir()
    (tmp_path / "conf.d/dangling.conf").symlink_to("/nowhere")

    assert programs.names() == {"main", "web", "pair", "fast", "ear"}
