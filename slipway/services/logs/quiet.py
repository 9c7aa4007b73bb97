"""
What the container's output leaves out: lines that say nothing but that all goes as it should.

The logs themselves keep every line; `slipway logs NAME` shows them.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

SUPERVISORD = "supervisord"
_LISTENING = b"Server listening on "
_RELOAD = b"Received SIGHUP; restarting."
# supervisord's own informations that tell of trouble, or of its end
_TELLING = (b"gave up:", b"spawnerr:", b"starting ", b"no longer left out:")
# Nobody else reaches the socket: its mode is 0700. A server with a port is another thing.
_NO_PASSWORD = b"CRIT Server 'unix_http_server' running without any HTTP authentication"
_NO_FILE = b" not found - using defaults"  # rclone's, where variables make the remotes


class Quiet:
    """
    Tells which lines are shown, of each program's log as it grows.
    """

    def __init__(self) -> None:
        self._listening: set[bytes] = set()  # what sshd has said it listens on
        self._again: set[bytes] = set()  # what it says once more after a reload

    def shown(self, name: str, lines: list[bytes]) -> list[bytes]:
        """
        Return those of a log's lines that are shown.
        """
        judge: Callable[[bytes], bool] | None = None
        if name == SUPERVISORD:
            judge = _tells
        elif name == "sshd":
            judge = self._is_new
        elif name.startswith("remote-"):
            judge = _is_no_notice
        return lines if judge is None else [line for line in lines if judge(line)]

    def _is_new(self, line: bytes) -> bool:
        """
        Tell whether sshd says something new: after a reload it names all its addresses again.
        """
        if line.startswith(_RELOAD):
            self._again, self._listening = self._listening, set()
            return False
        if not line.startswith(_LISTENING):
            return True
        address = line.rstrip()
        self._listening.add(address)
        if address in self._again:
            self._again.discard(address)
            return False
        return True


def _tells(line: bytes) -> bool:
    """
    Tell whether a line of supervisord's says more than what it does all day.

    `2024-11-24 13:17:05,004 INFO spawned: 'sshd' with pid 32`; a line of another form is shown.
    """
    day, _, rest = line.partition(b" ")
    _, _, words = rest.partition(b" ")
    if day.count(b"-") != 2:  # noqa: PLR2004 - a date's
        return True
    if words.startswith(b"INFO "):
        return words[5:].startswith(_TELLING)
    return not words.startswith(_NO_PASSWORD)


def _is_no_notice(line: bytes) -> bool:
    return not (b"Config file" in line and line.endswith(_NO_FILE))
