"""
Debian packages that the host lacks: installed by root, asked for by anyone else.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from engine.commands import Failure, ask, run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.project import Project
    from engine.steps import Step


def is_root() -> bool:
    """
    Tell whether we may install and start things.
    """
    return os.geteuid() == 0


def available(names: Sequence[str]) -> list[str]:
    """
    Return those that the host's archive has: docker-cli is a package of its own in Debian 13 only.
    """
    return [name for name in names if ask(["apt-cache", "show", "--", name]).code == 0]


def install(
    project: Project,
    step: Step,
    *,
    why: str,
    required: Sequence[str],
    where_present: Sequence[str] = (),
) -> None:
    """
    Install packages, without what they merely recommend.

    + why: the beginning of a sentence that says what is missing
    + required: names; of `better|other` the first that the release has
    + where_present: names that not every release has
    """
    names = " ".join(required).replace("|", " or ")
    if not (is_root() and shutil.which("apt-get")):
        raise Failure(f"{why}: install it (on Debian and Ubuntu: apt-get install {names}), as root")
    log = project.log("packages")
    environment = {**project.environment, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    step.doing("apt-get update")
    run(["apt-get", "-q", "update"], log=log, environment=environment)
    wanted = [*map(_choice, required), *available(where_present)]
    step.doing(f"apt-get install {' '.join(wanted)}")
    words = ["apt-get", "-q", "-y", "--no-install-recommends", "install", "--", *wanted]
    if run(words, log=log, environment=environment) != 0:
        raise Failure(
            f"{why}, and apt could not install {' '.join(wanted)}: put that right first", log
        )


def _choice(names: str) -> str:
    *better, last = names.split("|")
    return next(iter(available(better)), last)
