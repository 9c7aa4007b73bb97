"""
The image's size over its base.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from bench.containers import PEERS, PREFIX, Bench, docker_
from bench.results import Row, compared, unmeasured
from bench.samples import Effort, Sample


def size(bench: Bench, effort: Effort, *, base: str, packages: Sequence[str]) -> list[Row]:
    """
    The image's size over its base, that of the same packages, and what a version changes.
    """
    row = "image size over its base", "the same packages and rclone alone"
    version = "layers of a new version of Slipway", "none"
    if effort.is_quick:
        why = "left out with QUICK=1"
        return [
            unmeasured(*row, unit="MB", goal=55.0, is_difference=True, why=why),
            unmeasured(*version, unit="MB", goal=3.0, is_difference=True, why=why),
        ]
    name = f"{PREFIX.rstrip('-')}-packages"
    arguments = [f"IMAGE_BASE={base}", f"IMAGE={bench.image}", f"PACKAGES={' '.join(packages)}"]
    words = [word for argument in arguments for word in ("--build-arg", argument)]
    try:
        docker_("build", "-q", "-t", name, *words, str(PEERS / "packages"))
        sizes = {
            image: bench.client.images.get(image).attrs["Size"] / 1e6
            for image in (base, name, bench.image)
        }
    finally:
        subprocess.run(["docker", "image", "rm", name], check=False, capture_output=True)
    ours, theirs = (Sample((sizes[image] - sizes[base],)) for image in (bench.image, name))
    history = bench.client.images.get(bench.image).history()
    changed = Sample((of_version(history) / 1e6,))
    return [
        compared(*row, ours, theirs, unit="MB", goal=55.0, is_difference=True),
        compared(*version, changed, Sample((0.0,)), unit="MB", goal=3.0, is_difference=True),
    ]


def of_version(history: Sequence[Mapping[str, Any]]) -> int:
    """
    Return the bytes of the layers of slipway/, which is copied last, and of what it converges.

    + history: the engine's, the newest step first
    """
    copies = [number for number, step in enumerate(history) if "COPY" in step["CreatedBy"]]
    return sum(step["Size"] for step in history[: copies[0] + 1])
