"""
Facts: their commands run by sh on this machine, or what those print elsewhere, odd things included.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest
from pyinfra.api import FactBase, StringCommand

from slipway.connectors.native import Inside
from slipway.contract.paths import PYTHON

ODD = ["a b", "$(x)", "'quoted\"", "-n", "back\\nslash", "pipe|d", "ü", "\x01\r\x0b", "*"]

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounting and chown need root")
needs_acl = pytest.mark.skipif(shutil.which("setfacl") is None, reason="no setfacl here")


def ask(
    fact: FactBase[Any],
    *,
    places: Mapping[str, object] | None = None,
    env: Mapping[str, str] | None = None,
    **arguments: Any,
) -> Any:
    """
    Return a fact of this machine, as pyinfra would; what a process does itself is the same.

    + places: paths of the contract to what stands in for them
    + env: added to the process's environment
    """
    command = fact.command(**arguments)
    script = command.get_raw_value() if isinstance(command, StringCommand) else command
    for place, stand_in in (places or {}).items():
        assert place in script
        script = script.replace(place, str(stand_in))
    script = script.replace(PYTHON[0], sys.executable)  # the container's, which has Slipway, too
    done = subprocess.run(
        ["/bin/sh", "-c", script],
        env={**os.environ, **(env or {})},
        capture_output=True,
        check=True,
    )
    answer = _processed(fact, done.stdout)
    if isinstance(command, Inside) and not places:
        assert answer == _processed(fact, command.act().stdout)
    return answer


def _processed(fact: FactBase[Any], output: bytes) -> Any:
    lines = os.fsdecode(output).removesuffix("\n").split("\n")
    return fact.process(lines) if output else fact.default()
