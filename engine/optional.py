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
    where_present: tuple[str, ...] = ()  # packages that not every release has


BROWSER = Wanted("chromium", ("chromium",))
# Pods want catatonit. A user's containers want numbers for their users, and a network: that of
# podman 4 is slirp4netns, that of podman 5 passt
PODMAN = Wanted("podman", ("podman", "catatonit", "uidmap", "slirp4netns"), ("passt",))


def ensure(project: Project, step: Step, wanted: Wanted) -> None:
    """
    Have it, where we may install it; the tests that want it say that it is missing.
    """
    program = wanted.program
    if shutil.which(program):
        step.did(f"{program} is there", timed=False)
        return
    try:
        packages.install(
            project,
            step,
            why=f"There is no {program}",
            required=wanted.packages,
            where_present=wanted.where_present,
        )
    except Failure as failure:
        step.note(failure.sentence)
        step.did("none: its tests are skipped", timed=False)
    else:
        step.did(f"{program} installed")
