"""
supervisord's socket is made anew where somebody has taken it away.

Nobody could tell supervisord anything any more, and only a restart of the container would help:
`rm -r /run/*` is enough. What stands in its place is kept beside it. A socket of another that
somebody listens at stays.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

from supervisor import events

from slipway.contract import paths
from slipway.services import main_file
from slipway.system import aside
from slipway.system.unix_listener import is_served


class OwnSocket:
    """
    Looks every five seconds.
    """

    def __init__(self, supervisor: Any) -> None:
        self._supervisor, self._options = supervisor, supervisor.options
        self._path = Path(next((config["file"] for config in self._own()), paths.SUPERVISOR_SOCKET))
        self._seen = self._stamp()
        self._said = ""  # why it can't be made
        events.subscribe(events.Tick5Event, self.look)

    def look(self, _event: object = None) -> None:
        """Make it anew where what is there is another one, or none."""
        if self._stamp() == self._seen:
            return
        try:
            self._clear()
            self._open()
        except (OSError, ValueError) as error:
            if str(error) != self._said:
                self._options.logger.critical(
                    "%(path)s can't be made again: %(why)s", path=self._path, why=error
                )
            self._said = str(error)
            return
        self._seen, self._said = self._stamp(), ""
        self._options.logger.critical("%(path)s was taken away: it is made again", path=self._path)

    def _own(self) -> list[Any]:
        configs = self._options.server_configs
        return [each for each in configs if each["section"] == main_file.SOCKET]

    def _stamp(self) -> tuple[int, int] | None:
        try:
            found = os.lstat(self._path)
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _clear(self) -> None:
        """
        Have nothing at its place: supervisor would try to remove what it can't without an end.
        """
        try:
            kind = os.lstat(self._path).st_mode
        except FileNotFoundError:
            return
        if stat.S_ISSOCK(kind) and is_served(self._path):
            raise OSError("another process listens there")
        if stat.S_ISSOCK(kind) or stat.S_ISLNK(kind):
            self._path.unlink()
        else:
            aside.keep(self._path, suffix="replaced")

    def _open(self) -> None:
        """
        Replace the server; who is connected to the old one is still answered.
        """
        options = self._options
        every = options.server_configs
        try:
            options.server_configs = self._own()
            made = options.make_http_servers(self._supervisor)
        finally:
            options.server_configs = every
        for config, server in options.httpservers:
            if config["section"] == main_file.SOCKET:
                server.close()
        rest = [each for each in options.httpservers if each[0]["section"] != main_file.SOCKET]
        options.httpservers = [*made, *rest]
