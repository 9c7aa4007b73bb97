"""
An image for others: pushed with its versions, annotated, signed; and the bill of what is in it.
"""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

from engine.commands import Failure, ask, run
from engine.registry import Registry

if TYPE_CHECKING:
    from engine.project import Project
    from engine.steps import Step, Steps

ANNOTATED = "org.opencontainers.image."


def bill(project: Project, steps: Steps) -> None:
    """
    Write the image's bill of materials to build/sbom.spdx.json.
    """
    with steps.step("software") as step:
        # fmt: off
        words = [
            "docker", "run", "--rm", "--network", "none", "--entrypoint", "slipway", project.image,
            "sbom",
        ]
        # fmt: on
        answer = ask(words, environment=project.environment, seconds=120)
        if answer.code != 0:
            raise Failure(f"{project.image} does not say what is in it: {answer.error.strip()}")
        path = project.root / "build" / "sbom.spdx.json"
        path.write_text(answer.text)
        count = len(json.loads(answer.text)["packages"]) - 1
        step.did(f"{project.shown(path)} written, packages in it: {count}", timed=False)


def push(project: Project, steps: Steps) -> None:
    """
    Push the image by its tags, and have its manifest say what its labels do.
    """
    with steps.step("registry") as step:
        labels = _labels(project)
        host, repository = _place(project)
        annotations = {name: value for name, value in labels.items() if name.startswith(ANNOTATED)}
        digests = set()
        names = tags(labels, project.image.rpartition(":")[2])
        for tag in names:
            name = f"{host}/{repository}:{tag}"
            _engine(project, step, "tag", project.image, name)
            _engine(project, step, "push", name)
            digests.add(Registry(host, repository, project.environment).annotate(tag, annotations))
        digest = ", ".join(sorted(digests))
        (project.root / "build" / "pushed").write_text(f"{host}/{repository}@{digest}\n")
        step.did(f"{host}/{repository}:{', '.join(names)} pushed, {digest}")


def sign(project: Project, steps: Steps) -> None:
    """
    Sign what `make push` has pushed last, by its digest.
    """
    with steps.step("signature") as step:
        if not shutil.which("cosign"):
            raise Failure("cosign is not installed: install it to sign images")
        try:
            pushed = (project.root / "build" / "pushed").read_text().strip()
        except FileNotFoundError:
            raise Failure(
                "nothing was pushed from here yet: `make push REGISTRY=...` first"
            ) from None
        key = project.settings.get("COSIGN_KEY")
        words = ["cosign", "sign", "--yes", *(["--key", key] if key else []), pushed]
        log = project.log("sign")
        log.unlink(missing_ok=True)
        if run(words, log=log, environment=project.environment, on_line=step.doing) != 0:
            raise Failure(f"cosign did not sign {pushed}", log)
        step.did(f"{pushed} signed")


def tags(labels: dict[str, str], given: str) -> list[str]:
    """
    Return an image's tags: its version, and what that begins with.

    A version must be a commit's. Sources that are in none have the tag that was given.
    """
    version = re.fullmatch(r"(\d+)\.(\d+)\.(\d+)", labels.get(f"{ANNOTATED}version", ""))
    revision = labels.get(f"{ANNOTATED}revision", "")
    if version is None or not re.fullmatch(r"[0-9a-f]{40}", revision):
        return [given]
    major, minor, _ = version.groups()
    # before 1.0 a minor version may break what the one before promised
    return [version[0], f"{major}.{minor}", *([major] if major != "0" else []), "latest"]


def _place(project: Project) -> tuple[str, str]:
    """
    Return the registry's host, and the repository there.
    """
    given = project.settings.get("REGISTRY", "").strip().rstrip("/")
    host, _, path = given.partition("/")
    if not re.fullmatch(r"[\w.-]+(:\d+)?|\[[0-9a-f:]+\](:\d+)?", host):
        raise Failure("REGISTRY says where to push to: make push REGISTRY=registry.example/you")
    name = project.image.rpartition(":")[0].replace("/", "-")
    return host, f"{path}/{name}" if path else name


def _labels(project: Project) -> dict[str, str]:
    words = ["docker", "image", "inspect", "--format", "{{json .Config.Labels}}", project.image]
    answer = ask(words, environment=project.environment)
    if answer.code != 0:
        raise Failure(f"there is no {project.image}: `make build` first")
    labels: dict[str, str] = json.loads(answer.text) or {}
    return labels


def _engine(project: Project, step: Step, *words: str) -> None:
    log = project.log("push")
    if words[0] == "tag":
        log.unlink(missing_ok=True)
    command = ["docker", *words]
    if run(command, log=log, environment=project.environment, on_line=step.doing) != 0:
        raise Failure(f"`docker {' '.join(words)}` failed: `docker login` may be missing", log)
