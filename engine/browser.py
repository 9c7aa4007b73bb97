"""
The browser that drives our images' pages in a test.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from engine import packages
from engine.commands import Failure

if TYPE_CHECKING:
    from engine.project import Project
    from engine.steps import Step

PROGRAM = "chromium"  # and Debian's package


def ensure(project: Project, step: Step) -> None:
    """
    Have it, where we may install it; the tests that want it say that it is missing.
    """
    if shutil.which(PROGRAM):
        step.did(f"{PROGRAM} is there", timed=False)
        return
    try:
        packages.install(project, step, why=f"There is no {PROGRAM}", required=[PROGRAM])
    except Failure as failure:
        step.note(failure.sentence)
        step.did("none: its tests are skipped", timed=False)
    else:
        step.did(f"{PROGRAM} installed")
