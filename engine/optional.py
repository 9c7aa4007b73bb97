"""
Programs that some tests drive, and that all others do without.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, NamedTuple

from engine import packages
from engine.commands import Failure

if TYPE_CHECKING:
    from engine.project import Project
    from engine.steps import Step


class Wanted(NamedTuple):
    """
    A program, and the Debian packages that bring it with what it needs.
    """

    program: str
    packages: tuple[str, ...]


BROWSER = Wanted("chromium", ("chromium",))
# A user's containers want numbers for their users, a network, and layers that no root mounts
PODMAN = Wanted("podman", ("podman", "uidmap", "slirp4netns", "fuse-overlayfs"))


def ensure(project: Project, step: Step, wanted: Wanted) -> None:
    """
    Have it, where we may install it; the tests that want it say that it is missing.
    """
    program = wanted.program
    if shutil.which(program):
        step.did(f"{program} is there", timed=False)
        return
    try:
        packages.install(project, step, why=f"There is no {program}", required=wanted.packages)
    except Failure as failure:
        step.note(failure.sentence)
        step.did("none: its tests are skipped", timed=False)
    else:
        step.did(f"{program} installed")
