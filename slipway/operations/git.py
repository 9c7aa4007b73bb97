"""
git's configuration of the system: one line of ours, by which files of ours count.
"""

from __future__ import annotations

from collections.abc import Generator

from pyinfra import host

from slipway.facts.files import FileText
from slipway.facts.mounts import Mounts
from slipway.operations import foresight
from slipway.operations.degraded import degrade
from slipway.operations.files import Command, File, replaced
from slipway.operations.independent import operation
from slipway.system import mountinfo


@operation()
def included(*, path: str, file: str) -> Generator[Command]:
    """
    Have git read a file before the rest of its configuration. What the rest says wins.

    + path: the configuration, made where there is none
    + file: without characters that mean something in it
    """
    line = f"[include] path = {file}"
    text = host.get_fact(FileText, path=path)
    if line in text.splitlines():
        host.noop(f"{path} includes {file}")
        return
    around = mountinfo.holding(host.get_fact(Mounts), path)
    if around and (around.point == path or "ro" in around.options):
        degrade("git", f"{path} is mounted, without the line `{line}`")
        host.noop(f"{path} is not ours to change")
        return
    foresight.change(path, f"without its line `{line}`")
    yield from replaced([File(path, f"{line}\n{text}".encode(errors="surrogateescape"))])
