"""
`slipway sync NAME[:PATH]`: a remote as a plain directory, where FUSE is not allowed.

What waits here is pushed, then the remote's files are fetched, and from then on what changes here
is pushed. With `rclone copy --update` in both directions: it never deletes, and of two versions
the newer stays; one that a fetch replaces here is kept in the rescue folder. `rclone bisync`
carries deletions across, so that one listing that came back short can cost a remote its files.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

from slipway import paths
from slipway.settings import Settings

INTERVAL = 5.0  # seconds between two looks for changes here: rclone's own write-back delay
PAUSE = 12.0  # seconds between tries that fail: at most five a minute
SETTLED = ("--transfers", "8", "--update", "--log-level", "NOTICE")


class Stop(Exception):  # noqa: N818 - no error: somebody asks for the end
    """
    SIGTERM or SIGINT came.
    """


class Sync:
    """
    One remote and its directory.
    """

    def __init__(self, remote: str, settings: Settings) -> None:
        name, _, path = remote.partition(":")
        self.remote = f"{name}:{path}"
        self.directory = Path(settings.workspace, "remote", name)
        self.rescued = Path(settings.workspace, "remote/.rescued", name)
        self.mark = paths.STATE / "sync" / name.encode().hex()[:80]
        self.environment = {
            "RCLONE_CONFIG": str(paths.RCLONE_CONF),
            **os.environ,
            **settings.for_mounts(),
        }
        self.drain_seconds = settings.drain_seconds

    def run(self) -> int:
        """
        Keep both sides alike until told to stop; then push what changed last, within the bound.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _stop)
        self.directory.mkdir(parents=True, exist_ok=True)
        try:
            while not (self.push() and self.fetch()):
                time.sleep(PAUSE)
            _say(f"{self.remote} is in {self.directory}")
            while True:
                time.sleep(INTERVAL if self.push() else PAUSE)
        except Stop:
            if self.changed() and not self.push(seconds=self.drain_seconds):
                _say(f"not everything is uploaded; it stays in {self.directory} for the next start")
            return 0

    def changed(self) -> list[str]:
        """
        Return what changed here since the last push that went well.
        """
        try:
            since = self.mark.stat().st_mtime_ns
        except FileNotFoundError:
            since = 0
        found = []
        for folder, _, names in os.walk(self.directory):
            for name in names:
                path = os.path.join(folder, name)  # noqa: PTH118 - a hundred thousand of them
                try:
                    status = os.lstat(path)
                except FileNotFoundError:
                    continue
                if max(status.st_mtime_ns, status.st_ctime_ns) > since:
                    found.append(os.path.relpath(path, self.directory))
        return found

    def push(self, *, seconds: float | None = None) -> bool:
        """
        Upload what changed; tells whether nothing is left.
        """
        began = time.time_ns()
        changed = self.changed()
        if changed and not self._copy(
            str(self.directory),
            self.remote,
            "--files-from-raw",
            "-",
            names=changed,
            seconds=seconds,
        ):
            return False
        if changed or not self.mark.exists():
            self.mark.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.mark.touch()
            os.utime(self.mark, ns=(began, began))  # what changes meanwhile is for the next push
        return True

    def fetch(self) -> bool:
        """
        Download what the remote has and we have not, or older.
        """
        _say(f"fetching {self.remote} to {self.directory}")
        kept = f"{self.rescued}/{time.strftime('%Y-%m-%dT%H%M%SZ', time.gmtime())}"
        progress = ("--stats", "10s", "--stats-one-line", "--stats-log-level", "NOTICE")
        if not self._copy(self.remote, str(self.directory), "--backup-dir", kept, *progress):
            return False
        now = time.time_ns()
        os.utime(self.mark, ns=(now, now))  # what was fetched is no change of ours
        return True

    def _copy(
        self,
        source: str,
        target: str,
        *options: str,
        names: list[str] | None = None,
        seconds: float | None = None,
    ) -> bool:
        process = subprocess.Popen(
            [paths.RCLONE, "copy", source, target, *SETTLED, *options],
            env=self.environment,
            stdin=subprocess.DEVNULL if names is None else subprocess.PIPE,
            start_new_session=True,  # a signal is for us: what is under way is brought to its end
        )
        try:
            listing = "".join(f"{name}\n" for name in names or [])
            process.communicate(os.fsencode(listing) if names is not None else None, seconds)
        except (subprocess.TimeoutExpired, Stop) as reason:
            process.kill()
            process.wait()
            if isinstance(reason, Stop):
                raise
            return False
        return process.returncode == 0


def _stop(_number: int, _frame: FrameType | None) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # once is enough: the end must not be cut short
    raise Stop


def _say(message: str) -> None:
    print(f"slipway: {message}", file=sys.stderr, flush=True)
