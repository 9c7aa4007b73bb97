"""
Programs that some tests drive, and that all others do without.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, NamedTuple

from engine import client, packages
from engine.commands import Failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.project import Project
    from engine.steps import Step


def _is_in_path(_project: Project, program: str) -> bool:
    return shutil.which(program) is not None


def _is_compose_there(project: Project, _program: str) -> bool:
    try:
        client.compose(project.environment)
    except Failure:
        return False
    return True


class Wanted(NamedTuple):
    """
    A program, and the Debian packages that bring it with what it needs.
    """

    program: str
    packages: tuple[str, ...]
    where_present: tuple[str, ...] = ()  # packages that not every release has
    is_there: Callable[[Project, str], bool] = _is_in_path


BROWSER = Wanted("chromium", ("chromium",))
# Pods want catatonit. A user's containers want numbers for their users, and a network: that of
# podman 4 is slirp4netns, that of podman 5 passt
PODMAN = Wanted("podman", ("podman", "catatonit", "uidmap", "slirp4netns"), ("passt",))
# Ubuntu has both, and its 1.29 can't replace the containers of a newer engine
COMPOSE = Wanted("Compose", ("docker-compose-v2|docker-compose",), is_there=_is_compose_there)


def ensure(project: Project, step: Step, wanted: Wanted) -> None:
    """
    Have it, where we may install it; the tests that want it say that it is missing.
    """
    program = wanted.program
    if wanted.is_there(project, program):
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
