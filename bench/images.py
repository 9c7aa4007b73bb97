"""
Images of peers: each built once, when it is first asked for, and removed at the end.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from bench.containers import PEERS, PREFIX, Failure, docker_
from tasks.packages import PACKAGES

EXTENSION = PEERS.parent / "extension"
FIRST_OF_VAST = "ROOT/opt/instance-tools/bin/entrypoint.sh"  # what its image starts with

Build = Callable[[str], None]  # of an image of that name; raises Failure


class Images:
    """
    What can be built, and what has been.
    """

    def __init__(self, builds: Mapping[str, Build]) -> None:
        self._builds = builds
        self._made: dict[str, str | Failure] = {}

    def get(self, name: str) -> str:
        """
        Return the name of an image for docker. Raises Failure, the same one each time.
        """
        if name not in self._made:
            tag = f"{PREFIX}{name}-{uuid.uuid4().hex[:8]}"
            try:
                self._builds[name](tag)
            except Failure as failure:
                self._made[name] = failure
            else:
                self._made[name] = tag
        made = self._made[name]
        if isinstance(made, Failure):
            raise made
        return made

    def prepare(self) -> None:
        """
        Build all that can be built, so that nothing is built while something is measured.
        """
        for name in self._builds:
            try:
                self.get(name)
            except Failure:  # noqa: PERF203 - four of them
                continue  # said by who needs it

    def remove(self) -> None:
        """
        Remove what was built.
        """
        tags = [made for made in self._made.values() if isinstance(made, str)]
        if tags:
            subprocess.run(["docker", "image", "rm", *tags], check=False, capture_output=True)
        self._made.clear()


def of_peers(image: str, *, base: str, key: str, vast: Path | None) -> Images:
    """
    Return the images that rows need besides the one under test.

    + base: what that one was built from
    + key: a public key, for who is not given it by a variable
    + vast: a checkout of vast-ai/base-image
    """
    packages = {"IMAGE_BASE": base, "IMAGE": image, "PACKAGES": " ".join(PACKAGES)}
    return Images(
        {
            "extended": partial(_built, EXTENSION, {"BASE": image}),
            "packages": partial(_built, PEERS / "packages", packages),
            "s6": partial(_built, PEERS / "s6", {"BASE": image}),
            "vast": partial(_vast, vast, {"BASE": image, "KEY": key}),
        }
    )


def _built(context: Path, arguments: Mapping[str, str], tag: str) -> None:
    words = [f"--build-arg={name}={value}" for name, value in arguments.items()]
    docker_("build", "-q", "--force-rm", "-t", tag, *words, str(context))


def _vast(checkout: Path | None, arguments: Mapping[str, str], tag: str) -> None:
    """
    Lay vast.ai's own tree over our image; its other parts are downloads.
    """
    if checkout is None:
        raise Failure("no checkout of vast-ai/base-image was given: VAST=PATH make bench")
    if not (checkout / FIRST_OF_VAST).is_file():
        raise Failure(f"{checkout} is no checkout of vast-ai/base-image: it has no {FIRST_OF_VAST}")
    with tempfile.TemporaryDirectory() as place:
        shutil.copytree(PEERS / "vast", place, dirs_exist_ok=True)
        shutil.copytree(checkout / "ROOT", Path(place) / "ROOT", symlinks=True)
        _built(Path(place), arguments, tag)
