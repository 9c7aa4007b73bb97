"""
The environment of a start, kept for later.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.environment import saved
from tests.unit.environment.conftest import names, values


@given(st.dictionaries(names, values, max_size=8))
def test_the_saved_environment_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, wanted: dict[str, str]
) -> None:
    """
    Byte for byte, newlines and odd names included.
    """
    path = tmp_path_factory.mktemp("run") / "below" / "environment"
    saved.save(path, wanted)

    assert saved.read(path) == wanted


def test_the_saved_environment_is_roots_alone(tmp_path: Path) -> None:
    """
    It holds secrets: 0600, whatever the umask is.
    """
    before = os.umask(0)
    try:
        saved.save(tmp_path / "environment", {"TOKEN": "secret"})
    finally:
        os.umask(before)

    assert stat.S_IMODE((tmp_path / "environment").stat().st_mode) == 0o600


def test_words_that_are_no_variables_are_left_out() -> None:
    """
    The first `=` ends the name.
    """
    words = [b"A=1=2", b"=x", b"word", b"", b"B="]

    assert saved.parse(words) == {"A": "1=2", "B": ""}
