"""
Which of health's verdicts supervisord may keep, and what they rest on.
"""

from __future__ import annotations

from collections.abc import Sequence

from slipway.contract import paths
from slipway.remotes import states
from slipway.services import kept_verdict
from slipway.ssh import verdict
from slipway.system.bounded_files import BoundedFiles

AGAIN = 300.0  # seconds until health is asked anew, whatever has changed
AGAIN_WITH_REMOTES = 30.0  # likewise: their cache may fill, and nothing tells

# What health reads besides what the login rests on
_READ = (paths.REPORT, paths.UNFINISHED, paths.DEVICES, paths.SUPERVISOR_PROGRAMS)


def keep(line: str, *, sshd: Sequence[tuple[str, int]]) -> None:
    """
    Leave a verdict for supervisord, unless more than what that can look at may change it.

    Raises OSError.

    + line: what health says
    + sshd: where it has shown its banner
    """
    login = verdict.rests_on()
    if login is None:
        return
    remotes = states.rests_on()
    seen = [*map(str, _READ), *remotes, *login[0]]
    bounded = BoundedFiles()
    if any(bounded.may_hang(path) for path in (*seen, *login[1])):
        return  # supervisord must not wait for such a place
    kept_verdict.write(
        kept_verdict.Verdict(
            line=line,
            files=seen,
            places=login[1],
            sshd=[list(each) for each in sshd],
            again=AGAIN_WITH_REMOTES if remotes else AGAIN,
        )
    )
