"""
`slipway template`: what a cloud's API, or Docker Compose, takes for this image.

The forms are those that were documented on 2026-11-26: vast.ai's `POST /api/v0/template/`
(docs.vast.ai, "Creating and using templates with API") and RunPod's `POST /v1/templates`
(docs.runpod.io, "Create a new template").
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from slipway.commands import readme
from slipway.contract import exits
from slipway.settings import providers
from slipway.settings.providers import Provider
from slipway.settings.variable import Variable
from slipway.settings.variables import VARIABLES

if TYPE_CHECKING:
    from slipway.converge.declared import Image
    from slipway.services.declaration import Program

SSH_PORT = 22
DISK = 20  # GB: for the image, and what is written outside of the workspace
OFFERED = {"WORKSPACE", "GPU_COUNT", "SKIP_ACL"}  # of our own variables, what people set there
_PLAIN = r"[A-Za-z0-9_@+=:,./ ~-]*"  # what is itself within ${NAME:-...} of Compose


def arguments(parser: argparse.ArgumentParser) -> None:
    """
    Declare them.
    """
    parser.add_argument("cloud", choices=sorted(FORMS), metavar="vast|runpod|compose")
    parser.add_argument(
        "--image",
        default=readme.BASE_IMAGE,
        help="where the image can be pulled: registry.example.org/me/image:1.0",
    )


def run(options: argparse.Namespace) -> int:
    """
    Print it.
    """
    image = readme.this_image()
    if options.image == readme.BASE_IMAGE and options.cloud != "compose":
        hint = "push it to a registry and say so: --image registry.example.org/me/image:1.0"
        print(f"slipway: no cloud can pull {options.image}; {hint}", file=sys.stderr)
    print(FORMS[options.cloud](image, options.image), end="")
    return exits.FAILED if image.problems else exits.OK


def vast(image: Image, name: str) -> str:
    """
    Return the document for vast.ai. Its `args` mode keeps the image's own entrypoint.
    """
    path, tag = _split(name)
    flags = [f"-p {port}:{port}" for port in _ports(image)]
    flags += [
        f"-e {each.name}={shlex.quote(each.default)}" for each in _offered(image, providers.VAST)
    ]
    return _document(
        {
            "name": _title(image),
            "image": path,
            "tag": tag,
            "desc": _title(image),
            "readme": readme.text(image, name=name),
            "env": " ".join(flags),
            "runtype": "args",
            "args_str": "",
            "onstart": "",
            "recommended_disk_space": DISK,
            "private": True,
        }
    )


def runpod(image: Image, name: str) -> str:
    """
    Return the document for RunPod, which keeps the entrypoint where none is given.
    """
    web = {each.declared.port for each in image.programs if _is_web(each)}
    workspace = next(each for each in image.extensions.variables if each.name == "WORKSPACE")
    return _document(
        {
            "name": _title(image),
            "imageName": name,
            "category": "NVIDIA",
            "containerDiskInGb": DISK,
            "volumeInGb": DISK,
            "volumeMountPath": workspace.default,
            "ports": [f"{port}/{'http' if port in web else 'tcp'}" for port in _ports(image)],
            "env": {each.name: each.default for each in _offered(image, providers.RUNPOD)},
            "readme": readme.text(image, name=name),
            "isPublic": False,
            "isServerless": False,
        }
    )


def compose(image: Image, name: str) -> str:
    """
    Return a compose file: one service, each variable below what it means.
    """
    workspace = next(each for each in image.extensions.variables if each.name == "WORKSPACE")
    lines = [
        "services:",
        "  slipway:",
        f"    image: {_scalar(name)}",
        "    restart: unless-stopped",
        "    environment:",
        "      # Your public SSH key",
        '      SSH_PUBKEY: "${SSH_PUBKEY:-}"',
    ]
    for each in _variables(image):
        lines.append(f"      # {' '.join(each.meaning.split())}")
        # An empty one is its own
        default = each.default if re.fullmatch(_PLAIN, each.default) else ""
        lines.append(f"      {each.name}: {_scalar(f'${{{each.name}:-{default}}}')}")
    lines += [
        "    ports:",
        *(f'      - "127.0.0.1:{_outside(port)}:{port}"' for port in _ports(image)),
        "    volumes:",
        f"      - {_scalar(f'./workspace:${{WORKSPACE:-{workspace.default}}}')}",
    ]
    return "\n".join(lines) + "\n"


FORMS: dict[str, Callable[[Image, str], str]] = {
    "compose": compose,
    "runpod": runpod,
    "vast": vast,
}


def _variables(image: Image) -> list[Variable[Any]]:
    ours = {each.name for each in VARIABLES} - OFFERED
    return [each for each in image.extensions.variables if each.name not in ours]


def _offered(image: Image, place: Provider) -> list[Variable[Any]]:
    """
    Return the variables that a cloud's form has: none that the cloud sets itself, and no secrets.
    """
    return [each for each in _variables(image) if each.name not in place.given and not each.secret]


def _ports(image: Image) -> list[int]:
    return [SSH_PORT, *sorted({each.declared.port for each in image.programs} - {0, SSH_PORT})]


def _outside(port: int) -> int:
    """
    Return the host's port: the same, but for SSH's, which the host has for itself.
    """
    return 2222 if port == SSH_PORT else port


def _is_web(program: Program) -> bool:
    return isinstance(program.declared.ready, str) and program.declared.ready.startswith("http:")


def _title(image: Image) -> str:
    return image.extensions.found[-1].title if image.extensions.found else "Slipway"


def _split(name: str) -> tuple[str, str]:
    """
    Return an image's name without its tag, and the tag; a registry may have a port.
    """
    path, colon, tag = name.rpartition(":")
    return (path, tag) if colon and "/" not in tag else (name, "latest")


def _document(fields: dict[str, Any]) -> str:
    return json.dumps(fields, indent=1, ensure_ascii=False) + "\n"


def _scalar(text: str) -> str:
    """
    Return a YAML scalar: JSON's strings are YAML's double-quoted ones.
    """
    return json.dumps(text, ensure_ascii=False)
