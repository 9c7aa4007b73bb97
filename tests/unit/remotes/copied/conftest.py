"""
A copied remote: the real rclone between two directories of this machine.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import pytest

from slipway.contract import paths
from slipway.remotes import states
from slipway.remotes.copied.program import Sync
from slipway.settings.variables import Settings

Copy = Callable[[list[str], bool], bool]


class Killed(BaseException):
    """
    SIGKILL: nothing is done after it.
    """


class Pair:
    """
    Both sides.
    """

    def __init__(self, root: Path) -> None:
        self.here, self.there = root / "w/remote/far", root / "remote"
        self.rescued = root / "w/remote/.rescued/far"
        self.variables = {
            "RCLONE_CONFIG": str(root / "none.conf"),
            "RCLONE_CONFIG_FAR_TYPE": "alias",
            "RCLONE_CONFIG_FAR_REMOTE": str(self.there),
        }
        for side in (self.here, self.there):
            side.mkdir(parents=True)
        self.begin()

    def begin(self, sync: str = "far") -> bool:
        """
        Be another program, as after a restart; tells whether it may use the directory.
        """
        workspace = str(self.here.parent.parent)
        settings = Settings(
            workspace=workspace, environment=self.variables, remote_sync=("other:x", sync)
        )
        self.sync = Sync("far", settings, os.environ)
        claim = self.sync._claimed()  # noqa: SLF001 - what `run` does first
        if claim:
            claim.close()
        return claim is not None

    def intercept(self, step: Callable[[Copy, list[str], bool], bool]) -> None:
        """
        Have something happen around each copy.

        + step: is given the copy itself, and what it is of: names, and whether they are pushed
        """
        real = self.sync.copier.copy

        def copy(source: str, target: str, names: Collection[str], *options: str) -> bool:
            def really(chosen: list[str], _is_push: bool) -> bool:  # noqa: FBT001
                return real(source, target, chosen, *options)

            return step(really, list(names), source == str(self.here))

        self.sync.copier.copy = copy  # type: ignore[method-assign]

    def everything(self) -> None:
        """
        Do what is done at the start.
        """
        assert self.sync.reconcile(everything=True)

    def changes(self) -> None:
        """
        Do what is done every few seconds.
        """
        assert self.sync.reconcile(everything=False)

    def is_killed(self, during: Callable[[Copy, list[str], bool], bool]) -> None:
        """
        Begin to push, be killed by a step as of `intercept`, and start again.
        """
        self.intercept(during)
        with pytest.raises(Killed):
            self.changes()
        self.begin()
        self.everything()

    def aside(self) -> dict[str, bytes]:
        """
        Return what was set aside.
        """
        found = sorted(path for path in self.rescued.rglob("*") if path.is_file())
        return {str(path.relative_to(self.rescued)): path.read_bytes() for path in found}


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    """
    Two empty sides.
    """
    monkeypatch.setattr(paths, "RCLONE", str(Path(sys.executable).with_name("rclone")))
    monkeypatch.setattr(states, "DIRECTORY", tmp_path / "run")
    before = [(number, signal.getsignal(number)) for number in (signal.SIGTERM, signal.SIGINT)]
    yield Pair(tmp_path)
    for number, handler in before:
        signal.signal(number, handler)
