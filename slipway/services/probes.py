"""
One look whether a program is ready, in a process of its own: whatever it meets costs nothing else.

A look at a port or a URL is a fork of supervisord, without a second Python to start. A command is
run as the program is: its user, its variables, its directory. The exit code tells whether the
program is ready, a pipe why it is not.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from typing import Any, NoReturn
from urllib.parse import urlsplit

from slipway.services import listeners
from slipway.services.declaration import TCP, Declared
from slipway.services.program_file import plain
from slipway.system import refused

LIMIT = 2.0  # seconds for a look
_OWN_LIMIT = LIMIT + 0.5  # seconds until it ends by itself
_LATE = f"no answer within {LIMIT:.0f} s"
_LONGEST = 300  # bytes of why a program is not ready
_SOME = 4096  # bytes of an answer that are looked at, and how often more is taken
_FAREWELL = 0.2  # seconds for the rest of an answer
_HERE = ("localhost", "::1", "::", "0.0.0.0")  # noqa: S104 - nothing is bound


class Look:
    """
    A look that has begun.
    """

    def __init__(self, process: Any) -> None:
        """Begin it. Raises OSError where there is no process to be had."""
        self.began = time.monotonic()
        self.program: int = process.pid
        self.reading, writing = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            self.pid: int = process.config.options.fork()
        except OSError:
            os.close(self.reading)
            os.close(writing)
            raise
        if not self.pid:
            _child(process, writing)
        os.close(writing)

    def end(self) -> None:
        """Kill it, with what a command of it has started."""
        for kill in (os.killpg, os.kill):  # it may not lead a group yet
            with contextlib.suppress(OSError):
                kill(self.pid, signal.SIGKILL)

    def result(self, status: int) -> str:
        """Return why the program is not ready, "" where it is; `status` is waitpid(2)'s."""
        try:
            why = os.read(self.reading, _LONGEST).decode(errors="replace")
        except OSError:
            why = ""
        os.close(self.reading)
        code = os.waitstatus_to_exitcode(status)
        if why or not code:
            return why
        if code < 0 and time.monotonic() - self.began >= LIMIT:
            return _LATE
        return f"its `ready` command ended with {code if code > 0 else f'signal {-code}'}"


def _child(process: Any, writing: int) -> NoReturn:
    """
    Look, and end; never on into what the parent does.
    """
    why = "it could not be looked at"
    try:
        refused.go_without(os.setpgid, 0, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        # also where supervisord is frozen
        refused.go_without(signal.setitimer, signal.ITIMER_REAL, _OWN_LIMIT)
        os.closerange(3, writing)
        os.closerange(writing + 1, process.config.options.minfds)
        declared: Declared = process.config.declared
        if isinstance(declared.ready, str):
            why = obstacle(process.pid, declared)
        else:
            why = _run(process.config, list(declared.ready))
    except TimeoutError:
        why = _LATE
    except BaseException as error:  # noqa: BLE001 - see above
        why = str(getattr(error, "strerror", None) or error) or why
    finally:
        with contextlib.suppress(OSError):
            os.write(writing, plain(why).encode(errors="replace")[:_LONGEST])
        os._exit(1 if why else 0)


def obstacle(pid: int, declared: Declared) -> str:
    """
    Return why a port or a URL is not ready, "" where it is. May raise anything.
    """
    if declared.ready == TCP:
        return listeners.obstacle(pid, declared.port)
    url = urlsplit(str(declared.ready))
    host, port = url.hostname or "", url.port or 80
    is_here = host in _HERE or host.startswith("127.")
    if is_here and (why := listeners.obstacle(pid, port)):
        return why
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    return _unexpected(_status(host, port, f"GET {path} HTTP/1.1", url.netloc), declared.status)


def _status(host: str, port: int, request: str, name: str) -> int:
    """
    Return the status of an answer, 0 for one that is no HTTP.
    """
    lines = (request, f"Host: {name}", "User-Agent: slipway", "Accept: */*", "Connection: close")
    answer = b""
    with socket.create_connection((host, port), timeout=LIMIT) as connection:
        connection.sendall("".join(f"{line}\r\n" for line in (*lines, "")).encode())
        while b"\n" not in answer and len(answer) < _SOME:
            if not (part := connection.recv(_SOME)):
                break
            answer += part
        connection.settimeout(_FAREWELL)
        with contextlib.suppress(OSError):  # what is left of it: closed unread, it is a reset
            for _ in range(_SOME):
                if not connection.recv(_SOME):
                    break
    words = answer.partition(b"\n")[0].split()
    is_http = len(words) > 1 and words[0].startswith(b"HTTP/") and words[1].isdigit()
    return int(words[1]) if is_http else 0


def _unexpected(status: int, expected: tuple[int, ...]) -> str:
    if status in expected or (not expected and 200 <= status < 400):  # noqa: PLR2004 - RFC 9110
        return ""
    return f"HTTP status {status}" if status else "an answer that is no HTTP"


def _run(config: Any, words: list[str]) -> str:
    """
    Become a command; returns only why that is not possible.
    """
    if config.uid is not None and (why := config.options.drop_privileges(config.uid)):
        return str(why)
    if config.directory is not None:
        os.chdir(config.directory)
    null = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(null, number)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, and exec keeps that
        signal.signal(number, signal.SIG_DFL)
    expansions = config.options.environ_expansions
    inherited = {name.removeprefix("ENV_"): value for name, value in expansions.items()}
    try:
        os.execvpe(words[0], words, {**inherited, **(config.environment or {})})  # noqa: S606 - words
    except OSError as error:
        return f"its `ready` command: {error.strerror}"
