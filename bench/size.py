"""
The image's size over its base.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from bench.containers import PEERS, PREFIX, Bench, docker_
from bench.results import Row, compared, unmeasured
from bench.samples import Effort, Sample


def size(bench: Bench, effort: Effort, *, base: str, packages: Sequence[str]) -> list[Row]:
    """
    The image's size over its base, and that of the same packages with rclone.
    """
    row = "image size over its base", "the same packages and rclone alone"
    if effort.is_quick:
        why = "left out with QUICK=1"
        return [unmeasured(*row, unit="MB", goal=95.0, is_difference=True, why=why)]
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
    return [compared(*row, ours, theirs, unit="MB", goal=95.0, is_difference=True)]
