"""
What `make` calls: `python3 -m engine COMMAND`.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from engine import (
    base,
    host,
    image,
    keys,
    lock,
    login,
    optional,
    owner,
    release,
    ssh_config,
    venv,
)
from engine.client import compose
from engine.commands import Failure, run
from engine.compose import Compose
from engine.login import Login
from engine.project import Project
from engine.stack import LOOPBACK
from engine.steps import Steps

ROOT = Path(__file__).resolve().parent.parent
# What ssh would give a session; the container knows its workspace, the compose file may not
IN_WORKSPACE = '. /etc/profile.d/slipway.sh; cd -- "${WORKSPACE:-$HOME}" || cd; exec bash -l'
EVERYWHERE = {"0.0.0.0", "::", ""}  # noqa: S104 - compared with, not bound to


def up(project: Project, steps: Steps) -> None:
    """
    Everything from an engine to a healthy container, and the line that logs in.
    """
    steps.total = 6 if project.extension else 5
    _build(project, steps)
    with steps.step("keys") as step:
        keys.ensure_authorized(project, step)
    with steps.step("container") as step:
        stack = Compose(project, host.ensure_compose(project, step))
        step.doing("looking at this host")
        stack.decide()
        container = stack.up(step)
        way = login.of(project, container, step)
        port = way.published(
            lambda inside: stack.published(container, inside), int(stack.decided["SSH_PORT"])
        )
        address = LOOPBACK if stack.address in EVERYWHERE else stack.address
        known = keys.remember_host(project, container, address, port or login.DEFAULT_PORT)
    for note in dict.fromkeys((*stack.notes, *way.obstacles, *way.concerns)):
        steps.note(note)
    if (age := lock.read(project).age) > lock.OLD:
        steps.note(f"the image's packages are {age} days old: `make update` fetches new ones")
    if port is None:
        steps.note(way.unpublished())
    _say_pages(stack, container, way, steps)
    if way.possible and port is not None:  # else no ssh line would work
        _say_ssh(project, steps, f"{way.user}@{address}", port, known)


def _say_ssh(project: Project, steps: Steps, who: str, port: int, known: Path) -> None:
    """
    Print the line that logs in.

    + who: user@address
    """
    private = keys.identity(project)
    written = ssh_config.write(project, address=who, port=port, known=known, private=private)
    host_name = who.rpartition("@")[2]
    steps.note(f"ssh listens on {host_name}, port {port}; {project.shown(written)} knows the way:")
    steps.say(f"ssh -F {project.shown(written)} {ssh_config.NAME}")


def _say_pages(stack: Compose, container: str, way: Login, steps: Steps) -> None:
    """
    Print the addresses that open the services' pages.
    """
    for page in way.pages:
        port = stack.published(container, page.port)
        if port is None:
            steps.note(page.unpublished())
        else:
            steps.say(page.address(port))


def build(project: Project, steps: Steps) -> None:
    """
    The image, and what it needs.
    """
    steps.total = 4 if project.extension else 3
    _build(project, steps)


def images(project: Project, steps: Steps) -> None:
    """
    The base image, and all of images/ on it: slipway/NAME:TAG each.
    """
    names = project.extensions()
    steps.total = 3 + len(names)
    _build_base(project, steps)
    for name in names:
        _extend(project, steps, name)


def update(project: Project, steps: Steps) -> None:
    """
    The image anew, from today's base and today's packages.
    """
    steps.total = 4 if project.extension else 3
    _engine(project, steps)
    with steps.step("base image") as step:
        base.renew(project, step)
    lock.write(project, lock.read(project).renewed())
    with steps.step("image") as step:
        image.build(project, step)
    if project.extension:
        _extend(project, steps, project.extension)


def base_image(project: Project, steps: Steps) -> None:
    """
    The base image: SUITE=bookworm or trixie, or any IMAGE_BASE that can be pulled.
    """
    steps.total = 2
    _engine(project, steps)
    with steps.step("base image") as step:
        base.ensure(project, step)


def engine_up(project: Project, steps: Steps) -> None:
    """
    An engine that answers.
    """
    _engine(project, steps)


def engine_down(_project: Project, steps: Steps) -> None:
    """
    Stop the engine, containers included, if we started it.
    """
    with steps.step("engine") as step:
        if host.stop_engine():
            step.did("stopped")
        else:
            step.did("none that we started", timed=False)


def environment(project: Project, steps: Steps) -> None:
    """
    The developer's .venv.
    """
    with steps.step("python") as step:
        venv.ensure(project, step)


def have_browser(project: Project, steps: Steps) -> None:
    """
    A browser for the tests, where we may install one.
    """
    with steps.step("browser") as step:
        optional.ensure(project, step, optional.BROWSER)


def have_podman(project: Project, steps: Steps) -> None:
    """
    What runs containers without an engine, for the tests, where we may install it.
    """
    with steps.step("podman") as step:
        optional.ensure(project, step, optional.PODMAN)


def have_compose(project: Project, steps: Steps) -> None:
    """
    Compose for the tests, where we may install it: they may be run before `make up`.
    """
    with steps.step("compose") as step:
        optional.ensure(project, step, optional.COMPOSE)


def down(project: Project, steps: Steps) -> None:
    """
    Remove the container, and what Compose made with it. The workspace and all of config/ stay.
    """
    with steps.step("container") as step:
        stack = Compose(project, compose(project.environment))
        was_there, others, networks = stack.exists(), stack.others(), stack.networks()
        if not (was_there or others or networks):
            step.did("there was none", timed=False)
            return
        log = project.log("compose")
        words = [*stack.words, "down"]
        if run(words, log=log, environment=stack.environment(), cwd=project.root) != 0:
            raise Failure("Compose could not take the container down: its log says why", log)
        left = " and ".join([*others, *(f"network {name}" for name in networks)])
        step.did("removed" if was_there else f"there was none; removed {left}")


def shell(project: Project, _steps: Steps) -> None:
    """
    A login shell in the container's workspace.
    """
    terminal = [] if sys.stdin.isatty() else ["-T"]
    words = ["exec", *terminal, "slipway", "sh", "-c", IN_WORKSPACE]
    Compose(project, compose(project.environment)).call(*words)


def logs(project: Project, _steps: Steps) -> None:
    """
    What the container says, until Ctrl-C.
    """
    Compose(project, compose(project.environment)).call("logs", "--follow", "--tail", "100")


COMMANDS = {
    "up": up,
    "build": build,
    "images": images,
    "update": update,
    "sbom": release.bill,
    "push": release.push,
    "sign": release.sign,
    "base": base_image,
    "engine": engine_up,
    "engine-down": engine_down,
    "venv": environment,
    "browser": have_browser,
    "podman": have_podman,
    "compose": have_compose,
    "down": down,
    "shell": shell,
    "logs": logs,
}


def _engine(project: Project, steps: Steps) -> None:
    with steps.step("engine") as step:
        host.ensure_engine(project, step)


def _build(project: Project, steps: Steps) -> None:
    _build_base(project, steps)
    if project.extension:
        _extend(project, steps, project.extension)


def _extend(project: Project, steps: Steps, name: str) -> None:
    with steps.step(name) as step:
        image.extend(project, step, name)


def _build_base(project: Project, steps: Steps) -> None:
    _engine(project, steps)
    with steps.step("base image") as step:
        base.ensure(project, step)
    with steps.step("image") as step:
        image.build(project, step)


def _attempt(project: Project, steps: Steps, command: str) -> int:
    try:
        COMMANDS[command](project, steps)
    except Failure as failure:
        where = f" (log: {project.shown(failure.log)})" if failure.log else ""
        steps.fail(failure, where)
        return 1
    return 0


def main(arguments: list[str]) -> int:
    """
    Run one command; a failure is a sentence, never a traceback.
    """
    parser = argparse.ArgumentParser(prog="python3 -m engine", description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    command = parser.parse_args(arguments).command
    steps = Steps(total=1)
    try:
        return _attempt(Project.at(ROOT, os.environ), steps, command)
    except OSError as error:
        steps.fail(Failure(owner.sentence(ROOT, error)), "")
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        owner.give_back(ROOT, os.environ)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
