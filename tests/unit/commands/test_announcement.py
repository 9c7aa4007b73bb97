"""
The first lines of a start.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway.commands import announcement
from slipway.contract import paths
from slipway.contract.refusal import Refusal
from slipway.contract.report import Degraded, Operation
from slipway.environment.gpus import Gpus
from slipway.remotes import states
from slipway.settings.load import load
from slipway.ssh.situation import Situation
from tests.unit.conftest import reported

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ/b0TaKoxS3R6xwdFI3pN2+CSiGDBGM6HTtW3IcCzZw you@laptop"
LOGIN = Situation([], [22], [("127.0.0.1", 22)], has_key=True)


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """
    A container with one key and two remotes.
    """
    files = (tmp_path / "none", tmp_path / "directory", tmp_path / "keys")
    files[1].mkdir()
    monkeypatch.setattr(paths, "KEY_FILES", files)
    monkeypatch.setattr(announcement, "since_start", lambda: 0.0)
    monkeypatch.setattr(states, "configured", lambda _workspace: iter("ab"))
    (tmp_path / "keys").write_text(f"{KEY}\n")
    return tmp_path


@pytest.mark.usefixtures("there")
@pytest.mark.parametrize(
    ("environment", "ports", "second"),
    [
        ({"SLIPWAY_SSH_ADDRESS": "127.0.0.1:2222"}, [22], "ssh -p 2222 root@127.0.0.1"),
        (
            {
                "RUNPOD_POD_ID": "x",
                "RUNPOD_PUBLIC_IP": "192.0.2.1",
                "RUNPOD_TCP_PORT_22": "10022",
            },
            [22],
            "ssh -p 10022 root@192.0.2.1",
        ),
        ({}, [22], "ssh: port 22 of the container; "),
        ({}, [2222, 2200], "ssh: port 2222, 2200 of the container; "),
    ],
)
def test_what_is_there_then_how_to_get_in(
    environment: dict[str, str], ports: list[int], second: str
) -> None:
    """
    Two lines where all is well.
    """
    settings = load({**environment, "WORKSPACE": "/nowhere"}).settings
    first, other = announcement.lines(reported(), settings, LOGIN._replace(ports=ports))

    assert first.startswith("slipway | ready in 0.2 s: 1 key, /nowhere not mounted, 2 remotes, ")
    assert other.startswith(f"slipway | {second}")


@pytest.mark.usefixtures("there")
def test_what_is_wrong_follows_one_line_each() -> None:
    """
    A start that has failed is not called ready; without services there is no ssh line.
    """
    report = reported(
        operations=[Operation("SSH", "Have the keys", "failed", 0.1, "no")],
        refusals=[Refusal("GPU_COUNT", "must be a number", "it is ignored")],
        degraded=[Degraded("ACLs", "the file system has none")],
    )

    assert announcement.lines(report, load({}).settings, None) == [
        "slipway | NOT ready after 0.2 s: 1 operation failed",
        "slipway | failed: SSH: Have the keys: no",
        "slipway | refused: GPU_COUNT: must be a number (it is ignored)",
        "slipway | degraded: ACLs: the file system has none",
    ]


def test_without_a_key_no_ssh_line_is_shown(there: Path) -> None:
    (there / "keys").unlink()
    (line,) = announcement.lines(reported(), load({}).settings, LOGIN)

    assert "ready in 0.2 s: 0 keys, " in line


@pytest.mark.parametrize(
    ("found", "limit", "said"),
    [
        (Gpus("", 0), None, "no GPU"),
        (Gpus("", 0), 2, "no GPU"),
        (Gpus("nvidia", 1), None, "1 GPU"),
        (Gpus("nvidia", 8), None, "8 GPUs"),
        (Gpus("nvidia", 8), 2, "2 of 8 GPUs"),
        (Gpus("amd", 1), 0, "0 of 1 GPU"),
        (Gpus("amd", 2), 9, "2 GPUs"),
        (Gpus("wsl", None), None, "GPUs of wsl"),
    ],
)
def test_gpus_are_counted(found: Gpus, limit: int | None, said: str) -> None:
    assert announcement.gpus(found, limit) == said
