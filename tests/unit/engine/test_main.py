"""
The commands as make calls them: whatever fails is a sentence.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from engine import host, packages
from engine.__main__ import COMMANDS, IN_WORKSPACE, main
from engine.commands import Failure
from engine.dockerd import Dockerd
from engine.project import Project
from engine.steps import Steps

ROOT = Path(__file__).parents[3]
YOURS = 'make it yours (sudo chown -R "$(id -u)" {})'
TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)


def _engine(command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "engine", command],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_an_engine_that_does_not_answer_is_one_sentence(tmp_path: Path) -> None:
    """
    A client on PATH is no engine; the user's own address is named, and nothing is started.
    """
    done = _engine("engine", DOCKER_HOST=f"unix://{tmp_path}/none.sock")
    first, sentence = done.stdout.splitlines()

    assert done.returncode == 1
    assert first == "[1/1] engine … failed"
    assert sentence.startswith("slipway: No Docker engine answers at DOCKER_HOST=unix://")
    assert sentence.endswith("/none.sock: start it, or unset that")
    assert done.stderr == ""


@pytest.mark.parametrize("command", ["up", "build", "base"])
def test_everything_begins_with_the_engine(tmp_path: Path, command: str) -> None:
    """
    And ends there without one.
    """
    done = _engine(command, DOCKER_HOST=f"unix://{tmp_path}/none.sock")

    assert done.returncode == 1
    assert "engine … failed" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            PermissionError(13, "Permission denied", "config/known_hosts"),
            f"Permission denied: {YOURS.format('config')}, then run this again",
        ),
        (
            PermissionError(13, "Permission denied", "build"),
            f"Permission denied: {YOURS.format('.')}, then run this again",
        ),
        (
            PermissionError(13, "Permission denied", "/run/x"),
            "Permission denied: run this as root",
        ),
        (
            OSError(28, "No space left on device", "build/logs/build.log"),
            "No space left on device: put that right, then run this again",
        ),
    ],
)
def test_what_the_system_refuses_is_one_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: OSError,
    said: str,
) -> None:
    """
    With the path, and what helps: files of the clone that root has made are given back.
    """
    error.filename = str(tmp_path / error.filename)

    def command(_project: Project, _steps: Steps) -> None:
        raise error

    (tmp_path / "config").mkdir()
    monkeypatch.setattr("engine.__main__.ROOT", tmp_path)
    monkeypatch.setattr("engine.__main__.COMMANDS", {"up": command})

    assert main(["up"]) == 1
    assert capsys.readouterr().out == f"slipway: {error.filename}: {said}\n"


def test_engine_down_wants_root_for_an_engine_of_roots(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    And nobody where there is none.
    """
    record = tmp_path / "record.json"
    monkeypatch.setattr(host, "Dockerd", lambda: Dockerd(record=record))
    monkeypatch.setattr(packages, "is_root", lambda: False)
    assert not host.stop_engine()
    assert not list(tmp_path.iterdir())

    record.touch()
    with pytest.raises(Failure, match="run `make engine-down` as root"):
        host.stop_engine()


def test_every_target_is_documented() -> None:
    """
    `make help` names each of them in 80 columns, and `make` alone is `make help`.
    """
    targets = set(TARGET.findall((ROOT / "Makefile").read_text()))
    said = subprocess.check_output(["make", "--no-print-directory"], cwd=ROOT, text=True)

    lines = said.splitlines()
    assert targets == {line.split()[1] for line in lines if line.startswith("make ")}
    assert max(map(len, lines)) <= 80


def test_every_command_has_its_target() -> None:
    """
    .venv is a file that make makes; the others are called what they are.
    """
    targets = TARGET.findall((ROOT / "Makefile").read_text())

    assert set(COMMANDS) - {"venv"} <= set(targets)


@pytest.mark.parametrize(
    ("workspace", "expected"),
    [("{here}/work space", "{here}/work space"), ("{here}/gone", "{here}"), (None, "{here}")],
    ids=["there", "gone", "unknown"],
)
def test_a_shell_opens_in_the_workspace(
    tmp_path: Path, workspace: str | None, expected: str
) -> None:
    """
    Which the container knows; where there is none, at home.
    """
    (tmp_path / "work space").mkdir()
    line = f"WORKSPACE='{workspace.format(here=tmp_path)}'\n" if workspace else ""
    (tmp_path / "start.sh").write_text(line)
    script = IN_WORKSPACE.replace("/etc/profile.d/slipway.sh", str(tmp_path / "start.sh"))
    words = ["sh", "-c", script.replace("exec bash -l", "pwd")]
    variables = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    done = subprocess.run(words, env=variables, cwd="/", capture_output=True, text=True, check=True)

    assert done.stdout == f"{expected.format(here=tmp_path)}\n"
