"""
GPUs by what they leave.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from slipway.environment.gpus import NONE, Gpus
from slipway.facts.gpus import GpuDevices


def test_gpus_of_a_machine_without_any() -> None:
    """
    No output is no GPU.
    """
    assert GpuDevices().default() == NONE


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (["dev/nvidia0", "dev/nvidia1", "dev/nvidiactl", "dev/nvidia-uvm"], Gpus("nvidia", 2)),
        (["dev/nvidiactl", "proc/driver/nvidia/gpus/0000:01:00.0"], Gpus("nvidia", 1)),
        (["dev/dxg"], Gpus("wsl", None)),
        (["dev/kfd", "nodes/0/properties=0", "nodes/1/properties=304"], Gpus("amd", 1)),
        (["nodes/0/properties=0"], NONE),
        ([], NONE),
    ],
)
def test_gpus_are_counted_by_what_they_leave(
    tmp_path: Path, made: list[str], expected: Gpus
) -> None:
    """
    Real listings of stand-ins for /dev, /proc and /sys.
    """
    for word in made:
        name, _, simd_count = word.partition("=")
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"cpu_cores_count 8\nsimd_count {simd_count}\nmax_waves_per_simd 10\n")
    places = {"/dev/": f"{tmp_path}/dev/", "/proc/": f"{tmp_path}/proc/"}
    command = (
        GpuDevices()
        .command()
        .get_raw_value()
        .replace("/sys/class/kfd/kfd/topology/", f"{tmp_path}/")
    )
    for place, stand_in in places.items():
        command = command.replace(f" {place}", f" {stand_in}")
    command = command.replace(" 2>" + places["/dev/"], " 2>/dev/")
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    lines = done.stdout.replace(str(tmp_path), "").splitlines()

    assert GpuDevices().process(lines) == expected
