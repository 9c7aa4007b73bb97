"""
What CONTRIBUTING's recipes have somebody write in a second place: a failure names the file to edit.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from slipway.contract.paths import FILES, PROJECT
from slipway.remotes.mounted.rclone import command
from slipway.settings.rclone_variables import is_refused_for_mounts
from tasks.packages import PACKAGES
from tasks.services import RUNNING

SPECS = PROJECT / "tests/image"
MUTATIONS = PROJECT / "tests/live/test_specs.py"
STARTING = [  # programs that start with supervisord
    file.stem
    for file in sorted((FILES / "etc/supervisor/conf.d").glob("*.conf"))
    if "autostart=true" in file.read_text()
]


def constants(file: Path, name: str = "") -> set[str]:
    """
    Return the texts that stand in a Python file, or in what one of its names is.
    """
    top = ast.parse(file.read_text()).body
    nodes = [
        node
        for node in top
        if not name or (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name)
    ]
    assert nodes, f"{file.relative_to(PROJECT)} has no {name}"
    return {
        node.value
        for above in nodes
        for node in ast.walk(above)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_each_package_has_its_spec() -> None:
    """
    A spec says what has to be true by itself, so it has a list of its own.
    """
    specified = constants(SPECS / "test_packages.py", "PACKAGES")

    lacking = set(PACKAGES) - specified
    assert not lacking, f"tests/image/test_packages.py: PACKAGES lacks {sorted(lacking)}"
    lacking = specified - set(PACKAGES)
    assert not lacking, f"tasks/packages.py: PACKAGES lacks {sorted(lacking)}"


def test_each_spec_is_broken_once() -> None:
    """
    A spec that nobody has seen fail may hold for everything.
    """
    broken = constants(MUTATIONS, "MUTATIONS") | constants(MUTATIONS, "IMAGE_MUTATIONS")
    specs = {
        name
        for file in SPECS.glob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE)
    }
    unbroken = {
        spec
        for spec in specs
        if not any(word.startswith("test_") and spec.startswith(word) for word in broken)
    }

    assert not unbroken, f"tests/live/test_specs.py: MUTATIONS breaks nothing for {unbroken}"


@pytest.mark.parametrize("program", STARTING)
def test_each_service_has_its_spec_and_is_kept_running(program: str) -> None:
    """
    The spec names it, a convergence starts it where it does not run, and a mutation stops it.
    """
    specified = constants(SPECS / "test_services.py", "RUNNING")

    assert program in specified, f"tests/image/test_services.py: RUNNING lacks {program}"
    assert program in RUNNING, f"tasks/services.py: RUNNING lacks {program}"
    stopped = f"supervisorctl stop {program}"
    assert stopped in constants(MUTATIONS), f"tests/live/test_specs.py: MUTATIONS lacks {stopped!r}"


def test_each_option_of_a_mount_is_refused_as_a_variable() -> None:
    """
    What our command sets, a variable of the user's must not set otherwise.
    """
    words = command("x", Path("/x"), cache=Path("/cache"), mode="full", socket=Path("/socket"))
    options = [word for word in words[words.index("mount") :] if word.startswith("--")]
    variables = [f"RCLONE_{word[2:].upper().replace('-', '_')}" for word in options]
    lacking = [name for name in variables if not is_refused_for_mounts(name)]

    assert len(options) > 2
    assert not lacking, f"slipway/settings/rclone_variables.py: _MOUNT_OPTIONS lacks {lacking}"
