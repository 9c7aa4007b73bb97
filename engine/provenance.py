"""
What an image is made of, and when: build arguments, and labels as the OCI names them.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

from engine import lock
from engine.commands import ask

if TYPE_CHECKING:
    from engine.project import Project

OCI = "org.opencontainers.image"


def options(project: Project) -> list[str]:
    """
    Return the options of `docker build` that say it.

    What can be a label is none of the build's arguments: a step's cache depends on these.
    """
    known = lock.read(project)
    created = epoch(project, known)
    moment = dt.datetime.fromtimestamp(created, dt.timezone.utc)
    arguments = {
        "IMAGE_BASE": known.pinned(project.base),
        "PACKAGES_OF": known.packages,
        "SOURCE_DATE_EPOCH": str(created),
    }
    labels = {
        f"{OCI}.created": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        f"{OCI}.revision": revision_of(project),
        f"{OCI}.source": source_of(project),
        f"{OCI}.base.name": project.base.partition("@")[0],
        f"{OCI}.base.digest": known.pinned(project.base).partition("@")[2],
        "slipway.packages": known.packages,
    }
    return [
        *(word for name in arguments for word in ("--build-arg", f"{name}={arguments[name]}")),
        *(
            word
            for name in labels
            if labels[name]
            for word in ("--label", f"{name}={labels[name]}")
        ),
    ]


def epoch(project: Project, known: lock.Lock) -> int:
    """
    Return what the image is dated as: the newer of its sources and its packages, in seconds.

    So the same sources make the same image again: https://reproducible-builds.org/specs/source-date-epoch
    """
    given = project.environment.get("SOURCE_DATE_EPOCH", "")
    if given.isdigit():
        return int(given)
    committed = _git(project, "log", "-1", "--format=%ct", *_context(project))
    return max(int(committed or 0), int(known.moment.timestamp()))


def revision_of(project: Project) -> str:
    """
    Return the last commit that touched what the image is built from: others don't make a new image.
    """
    paths = _context(project)
    commit = _git(project, "log", "-1", "--format=%H", *paths)
    changed = _git(project, "status", "--porcelain", *paths)
    return f"{commit}-dirty" if commit and changed else commit


def source_of(project: Project) -> str:
    """
    Return where the clone is from, without what may be somebody's password.
    """
    url = _git(project, "remote", "get-url", "origin")
    ssh = re.fullmatch(r"(?:[^@/]+@)?([^:/]+):(?!//)(.+)", url)  # as scp has it
    if ssh:
        url = f"https://{ssh[1]}/{ssh[2]}"
    web = re.fullmatch(r"(?:https?|ssh|git)://(?:[^@/]*@)?([^/:]+)(?::\d+)?/(.+?)(?:\.git)?/?", url)
    return f"https://{web[1]}/{web[2]}" if web else ""


def _context(project: Project) -> list[str]:
    """
    Return the paths that the image is built from, as git takes them.
    """
    context = [
        line[1:]
        for line in (project.root / ".dockerignore").read_text().splitlines()
        if line.startswith("!") and not line.startswith("!build/")
    ]
    return ["--", "Dockerfile", *context]


def _git(project: Project, *words: str) -> str:
    return ask(["git", "-C", str(project.root), *words]).text.strip()
