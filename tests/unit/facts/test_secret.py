"""
Secrets that were made in the container.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway.contract import paths
from slipway.facts.secret import Kept, KeptSecret
from tests.unit.facts.conftest import ask


@pytest.mark.parametrize("owner", ["demo", "a b", "$(x)"])
def test_a_secret_is_read_with_its_container(tmp_path: Path, owner: str) -> None:
    """
    The first line of each file; nothing of one that is not there.
    """
    places = {str(paths.SECRETS): tmp_path}
    assert ask(KeptSecret(), owner=owner, places=places) == Kept("", "")

    (tmp_path / owner).write_text("hush\nmore\n")
    assert ask(KeptSecret(), owner=owner, places=places) == Kept("hush", "")
    (tmp_path / f"{owner}.container").write_text("here")
    assert ask(KeptSecret(), owner=owner, places=places) == Kept("hush", "here")
