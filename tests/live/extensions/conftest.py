"""
Extensions under test: written as an image's author does, and mounted where an image has them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest


@pytest.fixture
def write(tmp_path: Path) -> Callable[[Mapping[str, str]], Path]:
    """
    Write files below a directory that is mounted as /etc/slipway; returns it.
    """

    def every(files: Mapping[str, str]) -> Path:
        root = tmp_path / "slipway"
        for name, content in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
            path.chmod(0o755 if content.startswith("#!") else 0o644)
        return root

    return every
