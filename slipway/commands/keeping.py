"""
Which of health's verdicts supervisord may keep, and what they rest on.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from slipway.contract import paths
from slipway.remotes import states
from slipway.services import kept_verdict
from slipway.ssh import verdict
from slipway.system.bounded_files import BoundedFiles

AGAIN = 300.0  # seconds until health is asked anew, whatever has changed
AGAIN_WITH_REMOTES = 30.0  # likewise: their cache may fill, and nothing tells

# What health reads besides what the login rests on
_READ = (paths.REPORT, paths.UNFINISHED, paths.DEVICES, paths.SUPERVISOR_PROGRAMS)


def keep(line: str, *, sshd: Sequence[tuple[str, int]], with_login: bool) -> None:
    """
    Leave a verdict for supervisord, unless more than what that can look at may change it.

    Raises OSError.

    + line: what health says
    + sshd: where it has shown its banner
    + with_login: whether it has been asked if root can log in
    """
    login = verdict.rests_on() if with_login else ([], [])
    if login is None or "\n" in line:
        return
    remotes = states.rests_on()
    seen = [*map(str, _READ), *remotes, *login[0]]
    bounded = BoundedFiles()
    if any(bounded.may_hang(path) for path in (*seen, *login[1])):
        return  # supervisord must not wait for such a place
    kept_verdict.write(
        kept_verdict.Verdict(
            line=line,
            files=_with_targets(seen),
            places=_with_targets(login[1]),
            sshd=[list(each) for each in sshd],
            again=AGAIN_WITH_REMOTES if remotes else AGAIN,
        )
    )


def _with_targets(given: Iterable[str]) -> list[str]:
    """
    Return paths and what they lead to, the shorter first: supervisord follows no link.
    """
    found = {path for each in given for path in (each, os.path.realpath(each))}
    return sorted(found, key=lambda path: (len(path), path))
