"""
The machine that is measured: figures without it say nothing.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
from datetime import datetime, timezone
from pathlib import Path
from typing import Any


def describe(image: str) -> dict[str, Any]:
    """
    Return what the figures depend on: processor, memory, kernel, engine, storage driver, load.

    + image: the image under test
    """
    words = ["docker", "info", "--format", "{{json .}}"]
    engine = json.loads(subprocess.run(words, check=True, capture_output=True).stdout)
    return {
        "cpu": _first("/proc/cpuinfo", "model name"),
        "cpus": os.cpu_count(),
        "memory_gib": round(engine["MemTotal"] / 2**30, 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "engine": engine["ServerVersion"],
        "storage_driver": engine["Driver"],
        "image": image,
        "load_before": round(os.getloadavg()[0], 2),
        "measured_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }


def header(machine: dict[str, Any]) -> str:
    """
    Return it as one line.
    """
    return (
        f"{machine['cpus']} x {machine['cpu']}, {machine['memory_gib']} GiB, "
        f"Linux {machine['kernel']}, Docker {machine['engine']}, {machine['storage_driver']}, "
        f"load {machine['load_before']} at the start"
    )


def _first(path: str, key: str) -> str:
    for line in Path(path).read_text().splitlines():
        name, separator, value = line.partition(":")
        if separator and name.strip() == key:
            return value.strip()
    return platform.machine()
