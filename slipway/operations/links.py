"""
Symbolic links of ours.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping

from pyinfra import host
from pyinfra.api import QuoteString, StringCommand

from slipway.facts.files import FileStates, LinkTargets
from slipway.facts.mounts import Mounts
from slipway.operations import foresight, room
from slipway.operations.degraded import degrade
from slipway.operations.directories import aside
from slipway.operations.independent import operation
from slipway.operations.mounted import why_fixed
from slipway.system.atomic import temporary
from slipway.system.counting import counted


@operation()
def present(*, links: Mapping[str, str]) -> Generator[StringCommand]:
    """
    Have these symbolic links; what else is in a link's place is replaced.

    + links: path to target
    """
    targets = host.get_fact(LinkTargets, paths=list(links))
    wrong = {path: target for path, target in links.items() if targets.get(path) != target}
    mounts = host.get_fact(Mounts) if wrong else []
    different = {path: target for path, target in wrong.items() if not why_fixed(mounts, path)}
    for path in wrong.keys() - different.keys():
        degrade(path, f"{why_fixed(mounts, path)}: it stays as it is")
    if not different:
        host.noop(f"{counted(len(links), 'link is', 'links are')} there")
        return
    states = host.get_fact(FileStates, paths=list(different))
    for path, target in different.items():
        found = f"leads to {targets[path]}, should lead" if path in targets else "should lead"
        foresight.change(path, f"{found} to {target}")
        if path in states and states[path].type == "directory":
            yield aside(path)
        draft = temporary(path)
        # fmt: off
        yield StringCommand(
            *room.cleared(draft), "&&", "ln", "-sn", "--", QuoteString(target), QuoteString(draft),
            "&&", "mv", "-T", "--", QuoteString(draft), QuoteString(path),
        )
        # fmt: on
