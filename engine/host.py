"""
An engine and Compose on this host, whatever it has now.
"""

from __future__ import annotations

import getpass
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from engine import client, optional, packages
from engine.client import Silence
from engine.commands import Failure, ask
from engine.dockerd import Dockerd

if TYPE_CHECKING:
    from engine.project import Project
    from engine.steps import Step

SYSTEMD = Path("/run/systemd/system")


def ensure_engine(project: Project, step: Step) -> None:
    """
    Make sure that an engine answers: the one that is there, or one that we install and start.
    """
    try:
        server = client.info(project.environment)
        step.did(f"Docker {server['ServerVersion']} answers", timed=False)
    except Silence as silence:
        _refuse_what_root_cannot_mend(project, str(silence))
    else:
        return
    missing = not (shutil.which("dockerd") and shutil.which("docker"))
    if missing:
        packages.install(
            project,
            step,
            why="There is no Docker engine",
            required=["docker.io", "iptables"],
            where_present=["docker-cli", "docker-buildx"],
        )
    step.doing("dockerd starts")
    _start(project)
    version = client.info(project.environment)["ServerVersion"]
    step.did(f"Docker {version} {'installed and ' if missing else ''}started")


def ensure_compose(project: Project, step: Step) -> list[str]:
    """
    Make sure that there is a Compose; returns the words that call it.
    """
    try:
        return client.compose(project.environment)
    except Failure:
        required = optional.COMPOSE.packages
        packages.install(project, step, why=client.NO_COMPOSE, required=required)
        return client.compose(project.environment)


def stop_engine() -> bool:
    """
    Stop the engine if it is one that we started.
    """
    ours = Dockerd()
    if packages.is_root():
        return ours.stop()
    if ours.record.exists():
        raise Failure("The engine was started by root: run `make engine-down` as root")
    return False


def _refuse_what_root_cannot_mend(project: Project, said: str) -> None:
    host = project.environment.get("DOCKER_HOST")
    if host:
        raise Failure(f"No Docker engine answers at DOCKER_HOST={host}: start it, or unset that")
    if sys.platform != "linux":
        raise Failure(
            "No Docker engine answers: start yours (Docker Desktop, OrbStack, colima), "
            "then run this again"
        )
    if client.DENIED in said.lower():
        raise Failure(
            f"The Docker engine does not let {getpass.getuser()} in: "
            f"usermod -aG docker {getpass.getuser()} as root, then log in again"
        )
    if not packages.is_root():
        raise Failure(
            "No Docker engine answers: install and start one "
            "(on Debian and Ubuntu: apt-get install docker.io), or run this as root"
        )


def _start(project: Project) -> None:
    if not SYSTEMD.exists():
        Dockerd().start(project.environment)
        return
    if ask(["systemctl", "start", "docker"], seconds=90).code != 0:  # returns once it answers
        raise Failure("docker.service does not start: see journalctl -u docker")
