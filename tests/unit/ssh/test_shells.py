"""
Whether the kernel can run a login's shell.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from slipway.ssh import shells

OWN = Path(sys.executable).resolve().read_bytes()[:64]


@pytest.mark.parametrize(
    ("head", "trouble"),
    [
        (OWN, ""),
        (OWN[:18] + b"\xf7\0" + OWN[20:], "another processor"),
        (b"\x7fELF", "another processor"),
        (b"#!/bin/sh\n", ""),
        (b"#! /bin/sh -e\n", ""),
        (b"#!/usr/bin/env bash\n", ""),
        (b"#!/no/such\n", "a script for /no/such"),
        (b"#!/bin/sh\r\n", r"a script for /bin/sh\r"),
        (b"#!\t/bin/sh\t-e\n", ""),
        (b"#!\n", "a script for no program"),
        (b"echo hello\n", "no program"),
        (b"", "no program"),
        (b"MZ\x90\0", "no program"),
    ],
)
def test_what_can_not_be_run_is_said(tmp_path: Path, head: bytes, trouble: str) -> None:
    path = tmp_path / "shell"
    path.write_bytes(head)
    path.chmod(0o755)
    found = shells.look(str(path))

    assert (found.is_there, found.is_executable) == (True, True)
    assert trouble in found.trouble
    assert bool(trouble) is bool(found.trouble)


@pytest.mark.parametrize("name", ["sh", "bash", "env"])
def test_what_runs_here_is_a_program(name: str) -> None:
    path = shutil.which(name)
    assert path
    subprocess.run([path, "-c" if name != "env" else "true", "true"], check=False)

    assert shells.look(path).trouble == ""


def test_what_is_no_file_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")

    assert not shells.look(str(tmp_path)).is_there
    assert not shells.look(str(tmp_path / "absent")).is_there
    assert not shells.look(str(tmp_path / "loop")).is_there


def test_a_shell_is_known_by_its_name() -> None:
    assert shells.is_common("/usr/bin/fish")
    assert not shells.is_common("/usr/local/bin/menu")
