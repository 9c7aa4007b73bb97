"""
What supervisord does for sshd's configuration: what is mended there counts at once.

An sshd that ends at once may have met what `sshd -t` does not find, an address that is nobody's,
say. A mark has its next start look closer (slipway.ssh.usable).
"""

from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path
from typing import Any

from supervisor import events

from slipway.contract import paths
from slipway.system.bounded_files import BoundedFiles

_RELOAD = [*paths.PYTHON, "slipway.ssh.usable", "reload"]


class SshdFiles:
    """
    Has sshd read its files again when one changes that it is served without a line of.
    """

    def __init__(self) -> None:
        self.seen = 0  # ctime of the newest change that was acted on
        events.subscribe(events.Tick5Event, self.look)
        events.subscribe(events.ProcessStateBackoffEvent, self.failed)

    def look(self, _event: object) -> None:
        """See, every five seconds, whether files have changed since their lines were left out."""
        try:
            since = paths.SSHD_LEFT_OUT.stat().st_mtime_ns
        except OSError:
            return
        newest = max(map(_changed, self._files()), default=0)
        if newest > max(since, self.seen):
            self.seen = newest
            with contextlib.suppress(OSError):  # no process to be had: `slipway converge` does it
                subprocess.Popen(_RELOAD)

    def failed(self, event: Any) -> None:
        """Have the next start look closer."""
        if event.process.config.name == "sshd":
            with contextlib.suppress(OSError):
                paths.SSHD_FAILED.touch()

    def _files(self) -> set[str]:
        from slipway.ssh import usable  # noqa: PLC0415 - few containers have such lines

        found = {each.file for each in usable.left_out()}
        return found | {str(Path(file).parent) for file in found}


def _changed(path: str) -> int:
    """
    Return when a file was last changed; 0 for none, and where a look may hang.
    """
    try:
        return 0 if BoundedFiles().may_hang(path) else Path(path).stat().st_ctime_ns
    except OSError:
        return 0
