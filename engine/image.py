"""
The image: built by whichever builder the engine's client has.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine import authorities, client, lock, provenance
from engine.commands import Failure, ask, run
from engine.network import uplink_mtu

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.project import Project
    from engine.steps import Step

PROXIES = ("http_proxy", "https_proxy", "no_proxy")
# "Step 3/20 : RUN x", and BuildKit's "#7 [venv 3/8] RUN x"
STEP = re.compile(r"(?:Step |#\d+ \[[\w-]* ?)(\d+/\d+)(?: : |\] )(.*)")


def build(project: Project, step: Step) -> None:
    """
    Build the base image. The builder's own cache decides what there is to do.
    """
    lock.write(project, lock.read(project))
    folder = project.root / "build" / "ca-certificates"
    for unreadable in authorities.gather(folder):
        step.note(unreadable)
    (folder / ".keep").touch()  # COPY wants something to copy
    _built(project, step, project.base_image, [*provenance.options(project), "."])


def extend(project: Project, step: Step, name: str) -> None:
    """
    Build an image of images/ on the base image.
    """
    words = ["--build-arg", f"BASE={project.base_image}", f"images/{name}"]
    _built(project, step, project.extended(name), words)


def _built(project: Project, step: Step, name: str, words: Sequence[str]) -> None:
    log = project.log("build")
    log.unlink(missing_ok=True)
    before = _id(project, name)

    def show(line: str) -> None:
        match = STEP.match(line)
        if match:
            step.doing(f"{match[1]} {match[2]}")

    command = ["docker", "build", *options(project), "--tag", name, *words]
    environment = {**project.environment, "BUILDKIT_PROGRESS": "plain"}
    if run(command, log=log, environment=environment, cwd=project.root, on_line=show) != 0:
        raise Failure(f"{name} could not be built: mend what the log names", log)
    if _id(project, name) == before:
        step.did(f"{name} is up to date", timed=False)
    else:
        step.did(f"{name} built")


def options(project: Project) -> list[str]:
    """
    Return the options that every `docker build` gets.
    """
    # --force-rm: the classic builder would leave the container of a step that failed.
    words = ["--force-rm"]
    for name in PROXIES:
        for spelling in (name, name.upper()):
            if project.environment.get(spelling):
                words += ["--build-arg", spelling]  # its value comes from the environment
    bridge = client.bridge_mtu(project)
    if bridge is not None and bridge > uplink_mtu():
        words += ["--network", "host"]  # full-sized packets from the bridge would be dropped
    return words


def _id(project: Project, name: str) -> str:
    words = ["docker", "image", "inspect", "--format", "{{.Id}}", name]
    return ask(words, environment=project.environment).text.strip()
