"""
A login's shell at a terminal, as far as its prompt, in a process that keeps how far it came.

A session with a terminal runs start-up files that no other session reads whole. So the shell itself
is asked. What it would start is looked at first: programs that only tell something may run, all
others are killed before they begin, a terminal multiplexer with its user's sessions among them.
Where that was so, a shell that comes to no prompt proves nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import signal
import termios
import time
from typing import Any, NamedTuple, NoReturn

from slipway.contract import paths
from slipway.ssh import banner
from slipway.system import atomic, files, locks, refused, traced
from slipway.system.traced import Traced

PROMPT, LINE, ENDS, WAITS, UNKNOWN = "prompt", "line", "ends", "waits", "unknown"
SOON = 0.8  # seconds after which a shell that does nothing is said to wait,
_LATE = 8.0  # and these until that is for good; a slow one has a prompt by then
_ENDLESS = 10.0  # seconds of the processor that no start-up file takes
_MOST = 60.0  # seconds for all, where many want the processor
_TICK = 0.03  # seconds between two looks at the terminal, which tells nobody of its mode
_IDLE = 0.5  # seconds without the processor, of one that waits
_ANSWER = 1.0  # seconds for the line that we type
_TYPED = b" /bin/true && kill -9 $$\n"  # neither the history nor ~/.bash_logout learns of it
_SHELLS = ("sh", "bash", "dash", "zsh", "fish", "ksh", "mksh", "ash")
_WITH_EDITOR = ("bash", "zsh", "fish")  # take the terminal out of its mode for whole lines
_SCRIPTED = ("python", "perl", "ruby", "node")
_READS = ("0", "63")  # read(2) on amd64 and arm64
_MOST_DESCRIPTORS = 1 << 20
_COMPLAINT = r"-?[\w./-]+: .*(not found|No such file or directory|Permission denied|error.*)"
_TELL_ONLY = (
    "[ arch awk basename bat cat cmp comm conda cut date df diff dircolors dirname direnv du "
    "echo egrep env expr false fgrep fmt fold free gawk getent grep groups head hostname "
    "hostnamectl id infocmp lesspipe locale ls lsb_release lscpu mamba mawk md5sum mesg "
    "micromamba nl nproc od oh-my-posh paste printenv printf ps pwd pyenv rbenv readlink "
    "realpath rev sed seq sha256sum sleep sort starship stat stty tac tail test timeout tput tr "
    "true tset tty uname uniq uptime wc which who whoami xargs zoxide"
)


class Asked(NamedTuple):
    """
    Whose shell it is, and what the outcome is to be kept with.
    """

    user: str
    uid: int
    gid: int
    home: str
    shell: str
    stamp: list[Any]


class Came(NamedTuple):
    """
    How far it came.
    """

    how: str
    words: str = ""
    is_final: bool = True


class Session:
    """
    One of them.
    """

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._shell = traced.name([asked.shell])
        self._was_kept_from = self._has_handed_over = self._typed = False
        self._said = b""
        self._began = self._worked = time.monotonic()
        self._ticks = 0
        self._traced = Traced(self._begin, self._may_run)

    def look(self) -> Came | None:
        """
        Return how far it has come; None for not yet.
        """
        self._read()
        self._traced.step()
        now = time.monotonic()
        if self._traced.code is not None:
            return self._ended(self._traced.code)
        if self._is_at_prompt():
            return self._at_prompt(now)
        if (ticks := self._traced.ticks()) != self._ticks or self._traced.is_ready():
            self._ticks, self._worked = ticks, now
        if now - self._worked < _IDLE:
            if ticks > _ENDLESS * os.sysconf("SC_CLK_TCK"):
                return self._failed(WAITS, "computes without end")
            return Came(UNKNOWN) if now - self._began > _MOST else None
        if self._asks():
            return Came(LINE if self._shell in _WITH_EDITOR else PROMPT)
        took = now - self._began
        return self._waits(is_final=took > _LATE) if took > SOON else None

    def end(self) -> None:
        """
        Leave nothing of it.
        """
        self._traced.end()

    def wait(self) -> None:
        """
        Wait until something may have come of it.
        """
        select.select([self._traced.terminal], [], [], _TICK)

    def _begin(self) -> None:
        user, uid, gid, home, shell, _ = self._asked
        terminal = os.ttyname(0)
        if uid != os.geteuid():
            os.chown(terminal, uid, gid)
            os.initgroups(user, gid)
            os.setgid(gid)
            os.setuid(uid)
        with contextlib.suppress(OSError):
            os.chdir(home)
        environment = {
            **dict.fromkeys(("USER", "LOGNAME"), user),
            "HOME": home,
            "SHELL": shell,
            "SSH_TTY": terminal,
            "SSH_CLIENT": f"{banner.ADDRESS} 22 22",
            "SSH_CONNECTION": f"{banner.ADDRESS} 22 127.0.0.1 22",
            "TERM": "xterm-256color",
            "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        }
        os.execve(shell, [f"-{traced.name([shell])}"], environment)  # noqa: S606 - words

    def _may_run(self, pid: int, words: list[str]) -> bool:
        """
        Let go on who only tells something, and shells, whose programs are looked at in turn.
        """
        name = _of_script(words)
        is_shell = name in _SHELLS
        is_login = pid == self._traced.pid
        if is_login and is_shell:
            self._shell = name
        if is_shell or name in _TELL_ONLY.split():
            return True
        self._was_kept_from = True
        self._has_handed_over = self._has_handed_over or is_login
        return False

    def _is_at_prompt(self) -> bool:
        """
        Tell whether the shell edits a line: it has the terminal, in a mode for single characters.
        """
        try:
            takes_lines = termios.tcgetattr(self._traced.terminal)[3] & termios.ICANON
            return not takes_lines and os.tcgetpgrp(self._traced.terminal) == self._traced.pid
        except (OSError, termios.error):
            return False

    def _at_prompt(self, now: float) -> Came | None:
        """
        Have bash run something: it may end at the first command. Others would keep what is typed.
        """
        if self._shell != "bash":
            return Came(PROMPT)
        if not self._typed:
            os.write(self._traced.terminal, _TYPED)
            self._typed, self._worked = True, now
        return Came(PROMPT) if now - self._worked > _ANSWER else None

    def _asks(self) -> bool:
        """
        Tell whether the shell reads from the terminal, and nothing else is at it.
        """
        if self._traced.alive != {self._traced.pid}:
            return False
        call = files.shown(f"/proc/{self._traced.pid}/syscall").split()[:2]
        if len(call) < 2 or call[0] not in _READS:  # noqa: PLR2004 - a call, and its argument
            return False
        try:
            number = int(call[1], 16)
            return os.readlink(f"/proc/{self._traced.pid}/fd/{number}").startswith("/dev/pts/")  # noqa: PTH115
        except OSError:
            return False

    def _ended(self, code: int) -> Came:
        if self._has_handed_over or (self._typed and code == -signal.SIGKILL):
            return Came(PROMPT)
        with contextlib.suppress(OSError):
            self._read()
        how = f"is killed by signal {-code}" if code < 0 else f"ends with exit code {code}"
        when = "at its first command" if self._typed else "before its prompt"
        lines = self._said.decode(errors="replace").splitlines()
        said = [line for line in lines if re.fullmatch(_COMPLAINT, line.strip())]
        return self._failed(ENDS, f"{how} {when}{f': {said[-1].strip()}' if said else ''}")

    def _waits(self, *, is_final: bool) -> Came:
        names = (_of_script(traced.command_line(pid)) for pid in sorted(self._traced.alive))
        shown = " > ".join(f"`{name}`" for name in dict.fromkeys(filter(None, names)))
        words = f"has no prompt after {time.monotonic() - self._began:.0f} s: it waits in {shown}"
        return self._failed(WAITS, words)._replace(is_final=is_final)

    def _failed(self, how: str, words: str) -> Came:
        return Came(UNKNOWN) if self._was_kept_from else Came(how, words)

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            while part := os.read(self._traced.terminal, 1 << 14):
                self._said = (self._said + part)[-(1 << 14) :]


def _of_script(words: list[str]) -> str:
    """
    Return the name of what is run: an interpreter's is its script's.
    """
    name = traced.name(words)
    if name.startswith(_SCRIPTED):
        name = next((traced.name([word]) for word in words[1:3] if word.startswith("/")), name)
    return name


def alone(asked: Asked, writing: int) -> NoReturn:
    """
    Try it in a process that has been forked for it, and end with it.

    + writing: the one descriptor that stays open
    """
    try:
        os.closerange(0, writing)
        os.closerange(writing + 1, _MOST_DESCRIPTORS)
        for _ in range(3):
            os.open(os.devnull, os.O_RDWR)
        refused.go_without(os.setsid)
        # where memory is scarce, the kernel is to end this before all others
        with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:  # noqa: PTH123
            score.write("1000")
        main(asked)
    finally:
        os._exit(0)


def main(asked: Asked) -> None:
    """
    Keep how far it came: at once where it waits, and again when that is known for good.
    """
    if (lock := locks.take(paths.TERMINAL_LOCK)) is None:
        return
    with lock:
        lock.truncate(0)
        lock.write(str(os.getpid()).encode())
        lock.flush()
        try:
            session = Session(asked)
        except OSError:  # no terminal, or nothing can be traced here
            _keep(asked, Came(UNKNOWN))
            return
        try:
            told = False
            while (came := session.look()) is None or not came.is_final:
                if came and not told:
                    told = True
                    _keep(asked, came)
                session.wait()
        finally:
            session.end()
        _keep(asked, came)


def _keep(asked: Asked, came: Came) -> None:
    with contextlib.suppress(OSError):  # a full disk: it is found out again
        content = json.dumps([asked.stamp, *came, time.time()]).encode()
        atomic.write(paths.TERMINAL, content, durable=False)
