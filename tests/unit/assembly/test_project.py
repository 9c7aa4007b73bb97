"""
What the image has as source alone.
"""

from __future__ import annotations

import subprocess
import sys

from assembly import project

IMPORT_ALL = """
import importlib, pkgutil, sys
import slipway
for module in pkgutil.walk_packages(slipway.__path__, "slipway."):
    if not module.name.startswith(("slipway.connectors.", "slipway.fleet")):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
importlib.import_module("slipway.connectors.live")
print(*(name for name in sys.modules if name.startswith("slipway.connectors.")))
"""


def test_nothing_inside_a_container_imports_what_is_not_compiled() -> None:
    """
    Each start would compile it.
    """
    words = [sys.executable, "-c", IMPORT_ALL]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    imported = {name.rpartition(".")[2] for name in done.stdout.split()}

    assert {"live", "native"} <= imported
    assert not imported & {*project.OUTSIDE}
    assert all(
        (project.HERE / "slipway/connectors" / f"{name}.py").exists() for name in project.OUTSIDE
    )
