"""
The image's size over its base.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench.containers import Bench
from bench.results import Row, compared, unmeasured
from bench.samples import Effort, Sample


def size(bench: Bench, effort: Effort, *, base: str) -> list[Row]:
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
    names = (base, bench.images.get("packages"), bench.image)
    least, packages, whole = (bench.client.images.get(name).attrs["Size"] / 1e6 for name in names)
    ours, theirs = Sample((whole - least,)), Sample((packages - least,))
    changed = Sample((of_version(bench.client.images.get(bench.image).history()) / 1e6,))
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
