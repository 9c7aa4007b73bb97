"""
Secrets of a container's own: made once, and another one in each container.
"""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from pyinfra.api.exceptions import OperationValueError
from pyinfra.context import ctx_host

from slipway.facts.mounts import Mounts
from slipway.facts.secret import Kept, KeptSecret
from slipway.operations import secret
from slipway.system.mountinfo import Mount
from tests.unit.conftest import FactHost

HERE = [Mount("/", "overlay", "overlay", frozenset(), shared=False, settings=("upperdir=/l/1",))]
PATH = "/var/lib/slipway/secrets/demo"


def commands(kept: Kept, *, mounts: list[Mount] = HERE, live: bool = True) -> list[Any]:
    """
    Return what is done where this is kept.
    """
    host = FactHost({KeptSecret: kept, Mounts: mounts})
    host.data["live"] = live
    with ctx_host.use(host):
        return list(secret.kept._inner(owner="demo"))  # noqa: SLF001


def written(kept: Kept, **around: Any) -> list[str]:
    """
    Return the contents of the files that are written.
    """
    return [
        each.src.getvalue().decode() for each in commands(kept, **around) if hasattr(each, "src")
    ]


def test_one_is_made_where_there_is_none() -> None:
    """
    Long, another one each time, and with a note of whose it is.
    """
    first, note = written(Kept("", ""))
    second, _ = written(Kept("", ""))

    assert len(first.strip()) == 43
    assert first != second
    assert len(note.strip()) == 64


def test_it_is_kept_over_restarts() -> None:
    _, note = written(Kept("", ""))

    assert commands(Kept("x", note.strip())) == []


def test_that_of_another_container_is_replaced() -> None:
    """
    `docker commit` has copied it; also where the note is gone.
    """
    theirs = hashlib.sha256(b"theirs").hexdigest()

    assert written(Kept("x", theirs))[0] != "x\n"
    assert written(Kept("x", ""))[0] != "x\n"


def test_one_on_a_volume_is_whose_volume_it_is() -> None:
    """
    And where nothing tells containers apart it is nobody else's.
    """
    volume = Mount("/var/lib/slipway", "ext4", "/dev/x", frozenset(), shared=False)

    assert commands(Kept("x", "another"), mounts=[*HERE, volume]) == []
    assert commands(Kept("x", "another"), mounts=[]) == []


def test_an_image_has_none() -> None:
    assert commands(Kept("", ""), live=False) == []


@pytest.mark.parametrize(
    "name", ["", "../x", "a b", "a/b", ".x", "x" * 65, "a\n", "demo.container"]
)
def test_its_name_is_no_path(name: str) -> None:
    with pytest.raises(OperationValueError, match="owner must be letters"):
        list(secret.kept._inner(owner=name))  # noqa: SLF001


def test_both_lines_are_read() -> None:
    assert KeptSecret().process(["x", "y"]) == Kept("x", "y")
    assert KeptSecret().process([]) == Kept("", "")
