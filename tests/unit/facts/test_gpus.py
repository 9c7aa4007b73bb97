"""
GPUs by what they leave.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from slipway.environment import cuda
from slipway.environment.gpus import NONE, Gpus
from slipway.facts.gpus import CudaState, GpuDevices
from tests.unit.facts.conftest import ask


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


def test_what_the_driver_says_is_read_alike_from_inside_and_outside(tmp_path: Path) -> None:
    """
    The command's output is what a process that is inside sees.
    """
    card = "proc/driver/nvidia/gpus/0000:01:00.0/information"
    for name, text in {
        "proc/driver/nvidia/version": "NVRM version: NVIDIA  535.183.01  Sun\nGCC version: 12\n",
        card: "Model: \t Tesla T4\nIRQ: 30\n",
        "usr/local/cuda/version.json": '{"cuda" : {\n"version" : "12.4.1"\n}}\n',
        "usr/local/cuda/compat/libcuda.so.550.54.14": "",
        "dev/nvidia-uvm": "",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    command = CudaState().command().get_raw_value()
    for pattern in (*cuda.TEXTS, *cuda.NODES):
        command = command.replace(f" {pattern}", f" {tmp_path}{pattern}")
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    seen = CudaState().process(done.stdout.replace(str(tmp_path), "").splitlines())

    assert seen == cuda.detect(str(tmp_path))
    assert seen.models == ("Tesla T4",)
    assert ask(CudaState()) == cuda.detect()
