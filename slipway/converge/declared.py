"""
What an image declares: its extensions, with the programs that their tasks describe.

Tasks are checked against a host with nothing on it, so nothing is changed, and it is all the same
whether this is the image, a container of it, or the author's machine.
"""

from __future__ import annotations

from typing import NamedTuple

from pyinfra.context import ctx_host

from slipway.converge import extensions
from slipway.converge.run import Run
from slipway.environment.extensions import Extensions, Problem
from slipway.operations.service import DECLARED
from slipway.services.declaration import Program
from slipway.settings.load import load


class Image(NamedTuple):
    """
    What there is to tell of an image.
    """

    extensions: Extensions
    programs: tuple[Program, ...]
    problems: tuple[Problem, ...]


def image(added: Extensions) -> Image:
    """
    Return what an image with these extensions declares, with the defaults of its variables.

    What is wrong with them is among the problems.
    """
    loaded = load({}, declared=added.variables)
    data = {
        "phase": "build",
        "live": False,
        "settings": loaded.settings,
        "variables": dict(loaded.variables),
        "loaded": loaded,
        "extensions": added,
    }
    run = Run([("@blank", data)], is_check=True)
    (host,) = run.hosts
    run.connect(host)
    with ctx_host.use(host):
        extensions.converge(added)
        declared: dict[str, Program] = host.connector_data.get(DECLARED, {})
        problems: list[Problem] = host.connector_data.get(extensions.PROBLEMS, [])
    return Image(added, tuple(declared.values()), tuple(problems))
