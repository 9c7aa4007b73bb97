"""
One shell for many commands: exit code and output of each told apart by marks in its streams.
"""

from __future__ import annotations

import contextlib
import errno
import secrets
import shlex
from typing import NamedTuple

import gevent

from slipway.connectors.connection import Connection
from slipway.connectors.frames import STDERR, STDOUT, Frames

# The shell reads lines of ours. A command is a child of its own, in a session of its own: neither
# `exit` nor `exec` in it ends this shell, and it never sees the mark, which is no variable of its
# environment. Input comes by head(1), which takes no byte more than it should; what the command
# leaves of it is thrown away, lest the shell take it for lines; where the command has killed what
# throws it away, the shell exits. Whoever an earlier command left running in its session might
# still write to the streams: then the shell refuses, to be replaced. 8 is stderr, so that the
# shell's own remarks on killed children don't get there; 9 is the lock, which dies with this shell.
# Commands have neither. Scripts of ours leave nobody behind, and need no session of their own.
_SETUP = """\
mark={mark}
exec 8>&2 2> /dev/null
begin() {{ read -r pid rest < /proc/self/stat; printf '%s b %s\\n' "$mark $1" "$pid"; \
printf '%s b\\n' "$mark $1" >&8; }}
end() {{ printf '%s e %s\\n' "$mark $1" "$2"; printf '%s e\\n' "$mark $1" >&8; }}
free() {{ [ "$2" = - ] || ! kill -s 0 -- "-$2" || {{ end "$1" left; false; }}; }}
run() {{ free "$@" || return; \
if [ "$3" = - ]; then ( begin "$1"; exec setsid sh -c "$4" < /dev/null 2>&8 8>&- 9>&- ); \
else head -c "$3" | ( ( begin "$1"; exec setsid sh -c "$4" 2>&8 8>&- 9>&- ); code=$?; \
cat > /dev/null; end "$1" "$code" ) || exit; return; fi; end "$1" "$?"; }}
perform() {{ free "$@" || return; \
( eval "$3" ) < /dev/null 2>&8 8>&- 9>&-; end "$1" "$?"; }}
lock() {{ [ ! -w "${{2%/*}}" ] || {{ command exec 9>> "$2" && flock 9; }}; end "$1" "$?"; }}
end 0 "$$"
"""


_LEFT = "left"  # in place of a code: the command has not been run
_LITTLE = 1 << 16  # bytes: what the shell itself says


class Result(NamedTuple):
    """
    What a command gave.
    """

    code: int
    stdout: bytes
    stderr: bytes


class LeftoversError(ConnectionError):
    """
    The command has not been run: processes of an earlier one hold the streams still.
    """


class FloodError(ConnectionError):
    """
    The command says more than is taken of it, and may still be running.
    """

    def __str__(self) -> str:
        return str(self.strerror)  # for a person, whoever passes it on


class Shell:
    """
    A POSIX shell at the other end of a connection to the engine.

    It serves one greenlet at a time, and no more commands once one of its methods has raised.
    """

    def __init__(self, connection: Connection, *, deadline: float) -> None:
        """
        Set it up. Raises ConnectionError where no shell answers, and TimeoutError.
        """
        self._connection = connection
        self._mark = secrets.token_hex(16)
        self._sequence = 0
        self._frames = Frames()
        self._streams = {STDOUT: _Stream(), STDERR: _Stream()}
        self._most: int | None = _LITTLE  # bytes of output that are taken
        self.group = "-"  # of the last command: a process group in the container
        connection.send(_SETUP.format(mark=self._mark).encode())
        self.pid = self._end(deadline).code  # of this shell, in the container

    def is_over(self) -> bool:
        """
        Tell whether the shell is of no more use, without waiting.

        It has ended, or a process that an earlier command left behind writes to its streams. That
        output would be taken for the next command's.
        """
        try:
            return self._connection.poll() is not None
        except OSError:
            return True

    def run(
        self,
        command: str,
        *,
        stdin: bytes | None = None,
        deadline: float | None = None,
        most: int | None = None,
    ) -> Result:
        """
        Run a command to its end; what it leaves in the background is not waited for.

        Raises LeftoversError, having run nothing; TimeoutError and FloodError, while it may still
        be running; ConnectionError where the shell ended before the command did.

        + deadline: on the monotonic clock
        + most: bytes that are taken of it
        """
        self._most = most
        self._say("run", self.group, str(len(stdin)) if stdin else "-", command)
        _, (event, value) = self._next(STDOUT, deadline)
        if event == "e":
            raise LeftoversError
        self.group = value
        self._next(STDERR, deadline)
        if not stdin:
            return self._end(deadline)
        # only now, so that the shell, which reads ahead, can't have taken input for lines
        sender = gevent.spawn(self._send, stdin)
        try:
            return self._end(deadline)
        finally:
            sender.kill()

    def perform(
        self, script: str, *, deadline: float | None = None, most: int | None = None
    ) -> Result:
        """
        Run a script of ours that leaves nothing behind: in a child of this shell, and no program.

        Raises what `run` does.
        """
        self._most = most
        before, self.group = self.group, "-"  # known to be gone where this is run
        self._say("perform", before, script)
        stdout, (_, code) = self._next(STDOUT, deadline)
        if code == _LEFT:
            raise LeftoversError
        stderr, _ = self._next(STDERR, deadline)
        return Result(int(code), stdout, stderr)

    def lock(self, path: str, *, deadline: float | None = None) -> bool:
        """
        Hold an exclusive lock (flock(2)) until this shell ends, waiting for whoever has it.

        Where the file's directory is missing or may not be written to, nothing is locked.
        """
        self._most = _LITTLE
        self._say("lock", path)
        return self._end(deadline).code == 0

    def close(self) -> None:
        """
        End it: a shell whose input ends exits.
        """
        self._connection.close()

    def _say(self, function: str, *words: str) -> None:
        self._sequence += 1
        line = shlex.join([function, str(self._sequence), *words])
        self._connection.send(f"{line}\n".encode(errors="surrogateescape"))

    def _send(self, content: bytes) -> None:
        with contextlib.suppress(OSError):  # whoever waits for the command's end sees it, too
            self._connection.send(content)

    def _end(self, deadline: float | None) -> Result:
        stdout, (_, code) = self._next(STDOUT, deadline)
        stderr, _ = self._next(STDERR, deadline)
        return Result(int(code), stdout, stderr)

    def _next(self, stream: int, deadline: float | None) -> tuple[bytes, list[str]]:
        """
        Return what a stream brought before its next mark, and what the mark says.
        """
        mark = f"{self._mark} {self._sequence} ".encode()
        while (found := self._streams[stream].cut(mark)) is None:
            received = self._connection.receive(deadline)
            if not received:
                raise ConnectionError("the shell in the container has ended")
            self._feed(received)
        return found

    def _feed(self, received: bytes) -> None:
        try:
            for stream, payload in self._frames.feed(received):
                self._streams[stream].content += payload
        except ValueError as error:
            raise ConnectionError(str(error)) from None
        if self._most and sum(len(each.content) for each in self._streams.values()) > self._most:
            raise FloodError(errno.EFBIG, f"it says more than {self._most:,} bytes")


class _Stream:
    """
    What has come of stdout or stderr and is not accounted for yet.
    """

    def __init__(self) -> None:
        self.content = bytearray()
        self._searched = 0  # bytes that hold no mark

    def cut(self, mark: bytes) -> tuple[bytes, list[str]] | None:
        """
        Take everything up to a line that begins with the mark, and the line; None: not there yet.
        """
        start = self.content.find(mark, max(0, self._searched - len(mark)))
        end = self.content.find(b"\n", start) if start >= 0 else -1
        if end < 0:
            self._searched = len(self.content) if start < 0 else start
            return None
        before = bytes(memoryview(self.content)[:start])
        words = self.content[start + len(mark) : end].decode().split(" ")
        del self.content[: end + 1]
        self._searched = 0
        return before, words
