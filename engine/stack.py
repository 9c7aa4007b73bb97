"""
The clone's Compose project: its words, its files, and the container that runs.
"""

from __future__ import annotations

import json
import os
import time
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import naming, ports
from engine.commands import Failure, ask, run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.project import Project
    from engine.steps import Step

SERVICE = "slipway"
LOOPBACK = "127.0.0.1"
PATIENCE = 90.0  # seconds from `compose up` to healthy
PAGES = "build/pages.json"  # a Compose file: JSON is YAML
OVERRIDES = [
    f"{stem}.override.{suffix}"
    for stem in ("compose", "docker-compose")
    for suffix in ("yml", "yaml")
]


class Stack:
    """
    The project, with what was decided for this host.
    """

    def __init__(self, project: Project, words: Sequence[str]) -> None:
        self.project = project
        self.words = list(words)
        self.settings = project.settings
        self.decided: dict[str, str] = {}
        self.notes: list[str] = []
        self.gpus = False
        self.remotes = False
        self.outgrown = False
        self.pages: list[ports.Port] = []

    @cached_property
    def name(self) -> str:
        """
        The name of the project.
        """
        return naming.project_name(self.project)

    @property
    def address(self) -> str:
        """
        The address that ports are published on.
        """
        return self.settings.get("BIND_ADDRESS") or LOOPBACK

    @property
    def workspace(self) -> Path:
        """
        The workspace directory on this host.
        """
        path = Path(self.settings.get("WORKSPACE_DIR") or "workspace")
        return self.project.root / path.expanduser()

    def up(self, step: Step) -> str:
        """
        Bring the container up and wait until it is healthy; returns its id.
        """
        log = self.project.log("compose")
        log.unlink(missing_ok=True)
        before = self.container()
        if self.outgrown:  # neither Compose changes a network in place
            self._run("down", log=log, step=step)
        if self._run("up", "--detach", "--no-build", log=log, step=step) != 0:
            raise Failure("Compose could not bring the container up: mend what its log names", log)
        container = self.container()
        self._wait_healthy(container, step)
        if container == before:
            step.did(f"{self._name(container)} runs and is healthy", timed=False)
        else:
            step.did(f"{self._name(container)} started, healthy")
        return container

    def container(self) -> str:
        """
        Return the running container's id; empty when there is none.
        """
        ids = self._ids("--quiet")
        return ids[0] if ids else ""

    def exists(self) -> bool:
        """
        Tell whether there is a container, running or not.
        """
        return bool(self._ids("--all", "--quiet"))

    def networks(self) -> list[str]:
        """
        Return the names of the project's networks, by the label that Compose gives them.
        """
        return self._labelled("network", "ls")

    def others(self) -> list[str]:
        """
        Return the names of the project's containers, whatever service they are of.
        """
        return self._labelled("ps", "--all", shown="{{.Names}}")

    def published(self, container: str, inside: int) -> int | None:
        """
        Return the host's port for one of a running container's.
        """
        found = self._inspect(container)
        if not found.get("State", {}).get("Running"):
            return None
        bindings = found["HostConfig"]["PortBindings"] or {}
        bound = bindings.get(f"{inside}/tcp") or [{}]
        port = bound[0].get("HostPort") or ""
        return int(port) if port.isdigit() else None

    def environment(self) -> dict[str, str]:
        """
        Return the environment of Compose itself.
        """
        image, _, tag = self.project.image.rpartition(":")
        own = {"COMPOSE_PROJECT_NAME": self.name, "IMAGE": image, "TAG": tag}
        return {**self.project.environment, **own, **self.decided}

    def call(self, *words: str) -> None:
        """
        Become Compose: for commands that are the user's own.
        """
        os.chdir(self.project.root)
        command = self._command(*words)
        os.execvpe(command[0], command, self.environment())  # noqa: S606 - words, no shell

    def _command(self, *words: str) -> list[str]:
        return [*self.words, *self._files(), *words]

    def _files(self) -> list[str]:
        """
        Return the file options: none, so that Compose finds its own, unless there is more to add.
        """
        added = [
            *(["docker-compose.nvidia.yaml"] if self.gpus else []),
            *(["docker-compose.remotes.yaml"] if self.remotes else []),
            *([PAGES] if self.pages else []),
        ]
        if not added or self.settings.get("COMPOSE_FILE"):
            return []
        own = [name for name in OVERRIDES if (self.project.root / name).exists()]
        files = ["docker-compose.yaml", *added, *own]
        return [word for name in files for word in ("--file", name)]

    def _run(self, *words: str, log: Path, step: Step) -> int:
        return run(
            self._command(*words),
            log=log,
            environment=self.environment(),
            cwd=self.project.root,
            on_line=step.doing,
        )

    def _ids(self, *options: str) -> list[str]:
        words = self._command("ps", *options, SERVICE)
        return ask(words, environment=self.environment(), cwd=self.project.root).text.split()

    def _labelled(self, *words: str, shown: str = "{{.Name}}") -> list[str]:
        label = f"label=com.docker.compose.project={self.name}"
        command = ["docker", *words, "--format", shown, "--filter", label]
        return ask(command, environment=self.project.environment).text.split()

    def _inspect(self, container: str) -> dict[str, Any]:
        answer = ask(["docker", "inspect", container], environment=self.project.environment)
        found: list[dict[str, Any]] = json.loads(answer.text or "[]")
        return found[0] if found else {}

    def _name(self, container: str) -> str:
        return str(self._inspect(container).get("Name", "")).lstrip("/")

    def _wait_healthy(self, container: str, step: Step) -> None:
        """
        Wait for the image's own health check; an image without one only has to run.
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            state = self._inspect(container).get("State", {})
            health = (state.get("Health") or {}).get("Status")
            if state.get("Running") and health in {None, "healthy"}:
                return
            has_ended = not state.get("Running") or state.get("Restarting")
            if has_ended or health == "unhealthy" or time.monotonic() > deadline:
                log = self.project.log("container")
                log.unlink(missing_ok=True)
                run(["docker", "logs", "--tail", "100", container], log=log)
                what = _ended(state) if has_ended else health
                raise Failure(f"the container is {what}: `make logs` and its log say why", log)
            step.doing(f"waiting for its health check: {health}")
            time.sleep(0.3)


def _ended(state: Mapping[str, Any]) -> str:
    """
    Say of a container that does not run, or is started again and again, how it ended.
    """
    status = state.get("Status") or "gone"
    return f"{status}, with exit code {state['ExitCode']}" if state.get("ExitCode") else status
