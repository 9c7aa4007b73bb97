"""
Which GPUs are here, and the variables that make fewer of them visible.

NVIDIA: one device node a GPU. WSL: /dev/dxg, which has no numbers. AMD: the kernel driver's
topology, in which a node with SIMD units is a GPU and one without is a CPU
(https://docs.kernel.org/gpu/amdgpu/ and the KFD's sysfs).
"""

from __future__ import annotations

import glob  # Path.glob() has no absolute patterns
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from slipway.system import atomic, files

TRACES = (
    "/dev/nvidia[0-9]*",
    "/dev/nvidiactl",
    "/dev/dxg",
    "/dev/kfd",
    "/proc/driver/nvidia/gpus/*",
)
RENDERERS = ("/dev/dri/renderD*",)
TOPOLOGY = "/sys/class/kfd/kfd/topology/nodes/*/properties"

CHOICES = ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES")

_NVIDIA = r"/dev/nvidia[0-9]+"


class Gpus(NamedTuple):
    """
    The GPUs of one vendor; `number` is None where the platform does not number them.
    """

    vendor: str  # "nvidia", "amd", "wsl" or "" for none
    number: int | None


NONE = Gpus("", 0)


def parse(traces: Iterable[str]) -> Gpus:
    """
    Count GPUs by what they leave: paths of TRACES, and the topology's simd_count lines.
    """
    names = set(traces)
    numbered = [name for name in names if re.fullmatch(_NVIDIA, name)]
    boards = [name for name in names if name.startswith("/proc/driver/nvidia/gpus/")]
    if numbered or (boards and "/dev/nvidiactl" in names):
        return Gpus("nvidia", len(numbered or boards))
    if "/dev/dxg" in names:
        return Gpus("wsl", None)
    if "/dev/kfd" in names:
        with_simd = [name for name in names if "simd_count " in name and name.split()[-1] != "0"]
        return Gpus("amd", len(with_simd))
    return NONE


def detect() -> Gpus:
    """
    Look for this container's GPUs without any vendor's tool.
    """
    return parse(traces())


def traces() -> list[str]:
    """
    Return what GPUs leave here, as `parse` takes it.
    """
    found = [path for pattern in TRACES for path in glob.glob(pattern)]  # noqa: PTH207 - see the import
    for path in glob.glob(TOPOLOGY):  # noqa: PTH207
        try:
            properties = Path(path).read_text().splitlines()
        except OSError:
            continue  # a node without permission is no GPU for us
        found += [f"{path}:{line}" for line in properties if line.startswith("simd_count")]
    return found


def record(path: Path) -> None:
    """
    Write down the device nodes that can be opened now, for `lost` to compare with. Raises OSError.
    """
    nodes = [node for pattern in TRACES + RENDERERS for node in glob.glob(pattern)]  # noqa: PTH207
    usable = [node for node in sorted(nodes) if node.startswith("/dev/") and _is_usable(node)]
    text = "".join(f"{node}\n" for node in usable)
    atomic.write(path, text.encode(), mode=0o644, durable=False)


def lost(path: Path) -> str:
    """
    Return why the first of the recorded GPUs can't be used any more; "" where all can.

    A container whose devices were taken away ("Failed to initialize NVML: Unknown Error") still has
    all the nodes.
    """
    try:
        nodes = files.text(path).splitlines()
    except (OSError, ValueError):  # nothing is known of the start
        return ""
    for node in nodes:
        if not node.startswith("/"):
            continue
        if not os.path.exists(node):  # noqa: PTH110 - Path.exists raises where it may not look
            return f"{node} is gone"
        if not _is_usable(node):
            return f"{node} can't be opened any more"
    return ""


def _is_usable(node: str) -> bool:
    """
    Ask access(2), and by it the device cgroup; to open the device could power up a GPU.
    """
    return os.access(node, os.R_OK | os.W_OK)


def visible(gpus: Gpus, *, limit: int | None, given: frozenset[str]) -> dict[str, str]:
    """
    Return the variables that limit the GPUs a program sees, none that the user already set.

    + limit: at most so many; None for all
    + given: names of the variables that the user set himself
    """
    if limit is None or not gpus.vendor or (gpus.number is not None and limit >= gpus.number):
        return {}
    names = {
        "nvidia": ("CUDA_VISIBLE_DEVICES",),
        "wsl": ("CUDA_VISIBLE_DEVICES",),
        # HIP reads CUDA_VISIBLE_DEVICES too; ROCR_VISIBLE_DEVICES would renumber below HIP's own
        "amd": ("HIP_VISIBLE_DEVICES",),
    }[gpus.vendor]
    if given & set(CHOICES):
        return {}
    # HIP takes an empty list for none given, and shows all
    none = "-1" if gpus.vendor == "amd" else ""
    return dict.fromkeys(names, ",".join(map(str, range(limit))) or none)


def shortfall(gpus: Gpus, limit: int | None) -> str:
    """
    Say that fewer GPUs are here than GPU_COUNT asks for; "" where it asks for no more.
    """
    if limit is None or gpus.number is None or limit <= gpus.number:
        return ""
    return f"GPU_COUNT asks for {limit}, {gpus.number} here: all of them are visible"
