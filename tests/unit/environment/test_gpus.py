"""
GPUs by the traces they leave, and the variables that limit them.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway.environment import gpus
from slipway.environment.gpus import NONE, Gpus, parse, shortfall, visible

NODE = "/sys/class/kfd/kfd/topology/nodes"


@pytest.mark.parametrize(
    ("traces", "expected"),
    [
        ([], NONE),
        (["/dev/nvidiactl"], NONE),
        (["/dev/nvidia0", "/dev/nvidia1", "/dev/nvidiactl"], Gpus("nvidia", 2)),
        (["/dev/nvidia3"], Gpus("nvidia", 1)),
        (["/dev/nvidia-uvm", "/dev/nvidia0"], Gpus("nvidia", 1)),
        (["/dev/nvidiactl", "/proc/driver/nvidia/gpus/0000:01:00.0"], Gpus("nvidia", 1)),
        (["/proc/driver/nvidia/gpus/0000:01:00.0"], NONE),
        (["/dev/dxg"], Gpus("wsl", None)),
        (
            [
                "/dev/kfd",
                f"{NODE}/0/properties:simd_count 0",
                f"{NODE}/1/properties:simd_count 256",
                f"{NODE}/2/properties:simd_count 256",
            ],
            Gpus("amd", 2),
        ),
        ([f"{NODE}/1/properties:simd_count 256"], NONE),
    ],
)
def test_what_is_here(traces: list[str], expected: Gpus) -> None:
    """
    Only devices that the container has count: the host's driver shows itself in every container.
    """
    assert parse(traces) == expected


@pytest.mark.parametrize(
    ("gpus", "limit", "expected"),
    [
        (Gpus("nvidia", 4), 2, {"CUDA_VISIBLE_DEVICES": "0,1"}),
        (Gpus("nvidia", 4), 0, {"CUDA_VISIBLE_DEVICES": ""}),
        (Gpus("nvidia", 4), 4, {}),
        (Gpus("nvidia", 4), 9, {}),
        (Gpus("nvidia", 4), None, {}),
        (Gpus("amd", 3), 1, {"HIP_VISIBLE_DEVICES": "0"}),
        (Gpus("amd", 3), 0, {"HIP_VISIBLE_DEVICES": "-1"}),
        (Gpus("wsl", None), 1, {"CUDA_VISIBLE_DEVICES": "0"}),
        (NONE, 1, {}),
    ],
)
def test_a_limit_shows_the_first_so_many(
    gpus: Gpus, limit: int | None, expected: dict[str, str]
) -> None:
    """
    In order; nothing is set where nothing is limited.
    """
    assert visible(gpus, limit=limit, given=frozenset()) == expected


@pytest.mark.parametrize(
    "name", ["CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"]
)
def test_the_users_choice_is_not_overridden(name: str) -> None:
    """
    Whichever of the variables he made it with: two of them would multiply.
    """
    assert visible(Gpus("amd", 4), limit=1, given=frozenset({name})) == {}


@pytest.mark.parametrize(
    ("gpus", "limit", "says"),
    [
        (Gpus("nvidia", 2), 8, "asks for 8, 2 here"),
        (NONE, 1, "asks for 1, 0 here"),
        (Gpus("nvidia", 2), 2, ""),
        (NONE, 0, ""),
        (Gpus("nvidia", 2), None, ""),
        (Gpus("wsl", None), 4, ""),
    ],
)
def test_more_asked_for_than_here_is_said(gpus: Gpus, limit: int | None, says: str) -> None:
    """
    Where GPUs are not numbered nobody can tell.
    """
    assert shortfall(gpus, limit).startswith(f"GPU_COUNT {says}" if says else "")
    assert bool(shortfall(gpus, limit)) is bool(says)


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """
    A record of two GPUs that are files here; returns the record.
    """
    record = tmp_path / "gpus"
    nodes = [tmp_path / f"nvidia{number}" for number in (0, 1)]
    for node in nodes:
        node.touch()
    record.write_text("".join(f"{node}\n" for node in nodes))
    return record


def test_gpus_that_are_there_are_not_lost(recorded: Path, tmp_path: Path) -> None:
    """
    Nor are those of a start that recorded none.
    """
    assert gpus.lost(recorded) == ""
    assert gpus.lost(tmp_path / "no record") == ""


def test_a_gpu_that_is_gone_is_named(recorded: Path, tmp_path: Path) -> None:
    """
    By its node.
    """
    (tmp_path / "nvidia1").unlink()

    assert gpus.lost(recorded) == f"{tmp_path}/nvidia1 is gone"


def test_a_gpu_that_may_not_be_opened_is_named(
    recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    What access(2) refuses, be it for the mode or for the device cgroup.
    """
    monkeypatch.setattr("os.access", lambda path, _mode: not path.endswith("nvidia0"))

    assert gpus.lost(recorded) == f"{tmp_path}/nvidia0 can't be opened any more"


def test_only_gpus_that_can_be_used_are_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    A node that was closed to us from the beginning is no loss; nor is what is no device.
    """
    found = {"/dev/nvidia[0-9]*": ["/dev/nvidia1", "/dev/nvidia0"], "/dev/dxg": ["/dev/dxg"]}
    monkeypatch.setattr("glob.glob", lambda pattern: found.get(pattern, [f"/proc{pattern}"]))
    monkeypatch.setattr("os.access", lambda path, _mode: path != "/dev/nvidia1")
    gpus.record(tmp_path / "gpus")

    assert (tmp_path / "gpus").read_text() == "/dev/dxg\n/dev/nvidia0\n"
