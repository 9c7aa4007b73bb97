"""
What a shell begins with, by any shell: a limit, a terminal; nothing is left behind.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from pathlib import Path

import pytest

from slipway.contract.paths import FILES, PROFILE
from tests.unit.conftest import isolated

START = FILES / str(PROFILE).lstrip("/")
SHELLS = [name for name in ("sh", "bash", "dash") if shutil.which(name)]
KNOWN = ["odd", "odd-256color", "older", "screen-256color", "tmux-256color", "linux"]


@pytest.fixture
def begin(tmp_path: Path) -> Path:
    """
    Make the file with the kernel's limits in a file, and an `infocmp` that knows KNOWN alone.
    """
    text = START.read_text().replace("/proc/1/limits", str(tmp_path / "limits"))
    text = text.replace("/lib/$", "/no/$").replace("/usr/share/$", "/no/$")
    (tmp_path / "start.sh").write_text(text)
    known = " | ".join(KNOWN)
    fake = f'#!/bin/sh\ncase "$1" in {known}) exit 0 ;; esac\nexit 1\n'
    (tmp_path / "infocmp").write_text(fake)
    (tmp_path / "infocmp").chmod(0o755)
    (tmp_path / "limits").write_text(
        "Limit                     Soft Limit           Hard Limit           Units     \n"
        "Max processes             100                  100                  processes \n"
        "Max open files            200                  400                  files     \n"
    )
    return tmp_path


def said(begin: Path, shell: str, script: str, **variables: str) -> str:
    """
    Return what a shell says after it has read the file, under its strictest options.
    """
    words = [shell, "-euc", f". {begin}/start.sh; {script}"]
    path = f"{begin}:{os.environ['PATH']}"
    done = subprocess.run(
        words, env={"PATH": path, **variables}, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return done.stdout.strip()


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("odd", "odd"),
        ("odd-kitty", "odd-256color"),
        ("older-direct", "older"),
        ("older-a-b", "older"),
        ("screen.xterm-kitty", "screen-256color"),
        ("tmux-direct", "tmux-256color"),
        ("linux+x", "linux"),
        ("never-heard-of", "xterm-256color"),
        ("nothing", "xterm-256color"),
        ("a b;c", "xterm-256color"),
        ("$(touch pwned)", "xterm-256color"),
        ("*", "xterm-256color"),
        ("-n", "xterm-256color"),
        ("../../etc/passwd", "xterm-256color"),
        (".", "xterm-256color"),
        ("", ""),
    ],
)
def test_a_terminal_without_a_description_gets_that_of_a_relative(
    begin: Path, shell: str, given: str, expected: str
) -> None:
    """
    Whatever a client calls it: nano, tmux and less refuse a terminal that they know nothing of.
    """
    assert said(begin, shell, 'printf %s "$TERM"', TERM=given) == expected


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("soft", "hard", "expected"),
    [(200, 400, "400"), (300, 400, "300"), (400, 400, "400"), (100, 200, "100")],
    ids=["the engine's", "somebody's choice", "all", "a choice below"],
)
def test_the_limit_of_files_is_raised_where_nobody_has_chosen(
    begin: Path, shell: str, soft: int, hard: int, expected: str
) -> None:
    """
    PID 1 has what the engine gives; another number is what somebody has set.
    """
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    words = f"ulimit -S -n {soft}; ulimit -H -n {hard}; . {begin}/start.sh; ulimit -S -n"
    done = subprocess.run([shell, "-euc", words], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == expected
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == before


@pytest.mark.parametrize("shell", SHELLS)
def test_no_variable_is_left(begin: Path, shell: str) -> None:
    """
    Of those that the file itself works with.
    """
    assert "slipway_" not in said(begin, shell, "set", TERM="never-heard-of")


def test_services_may_open_as_many_files_as_the_container() -> None:
    """
    Supervisord inherits the limit, and its programs theirs.
    """
    code = (
        "import resource; from slipway.environment import at_start; "
        "resource.setrlimit(resource.RLIMIT_NOFILE, (100, 300)); at_start.raise_limits(); "
        "print(resource.getrlimit(resource.RLIMIT_NOFILE))"
    )

    assert isolated(code).strip() == "(300, 300)"
