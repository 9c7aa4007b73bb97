"""
Files of programs that can't be used, each with the line and the words that name it.

One table for a supervisord in a test's directory and for one in a container (tests/live).
"""

from __future__ import annotations

from typing import NamedTuple

GOOD = "[program:good]\ncommand=sleep 1000\nstartsecs=0\n"


class Bad(NamedTuple):
    """
    One file, made of its content, or by a command that has its path as $1.
    """

    name: str
    content: bytes
    line: int  # 0 for a file that is bad as a whole
    words: str  # part of the reason
    script: str = ""


def program(*options: str, name: str = "bad", command: str = "sleep 1000") -> bytes:
    """
    Return a program's file; its options begin in line 3.
    """
    return "\n".join([f"[program:{name}]", f"command={command}", *options, ""]).encode()


def _section(header: str, *options: str) -> bytes:
    return "\n".join([header, *options, ""]).encode()


def _listener(*options: str) -> bytes:
    return _section("[eventlistener:bad]", "command=x", "events=TICK_5", *options)


def _fcgi(*options: str) -> bytes:
    return _section("[fcgi-program:bad]", "command=x", *options)


BAD = [
    # an option
    Bad("no command", b"[program:bad]\nautostart=true\n", 1, "command: is missing"),
    Bad("autorestart", program("autorestart=maybe"), 3, "autorestart"),
    Bad("autostart", program("autostart=perhaps"), 3, "not a valid boolean value"),
    Bad("startsecs", program("startsecs=soon"), 3, "startsecs"),
    Bad("startretries", program("startretries="), 3, "startretries"),
    Bad("priority", program("priority=high"), 3, "priority"),
    Bad("stop signal", program("stopsignal=KABOOM"), 3, "not a valid signal name"),
    Bad("stopwaitsecs", program("stopwaitsecs=1m"), 3, "stopwaitsecs"),
    Bad("exit codes", program("exitcodes=0,256"), 3, "exit codes"),
    Bad("umask", program("umask=9"), 3, "umask"),
    Bad("a user that nobody is", program("user=nobody-at-all"), 3, "nobody-at-all"),
    Bad("a user id that nobody has", program("user=31337"), 3, "31337"),
    Bad("numprocs of words", program("numprocs=two"), 3, "numprocs"),
    Bad("numprocs without process_num", program("numprocs=2"), 1, "process_num"),
    Bad("no process at all", program("numprocs=0"), 3, "not between 1 and 1000"),
    Bad("more processes than memory", program("numprocs=100000000"), 3, "not between"),
    Bad("stopasgroup alone", program("stopasgroup=true", "killasgroup=false"), 1, "killasgroup"),
    Bad("no directory for the log", program("stdout_logfile=/no/x.log"), 3, "/no/x.log"),
    Bad("nor for the errors", program("stderr_logfile=/no/y.log"), 3, "/no/y.log"),
    Bad("a log's size", program("stdout_logfile_maxbytes=50XB"), 3, "stdout_logfile_maxbytes"),
    Bad("a log's backups", program("stdout_logfile_backups=some"), 3, "stdout_logfile_backups"),
    Bad("a name with a slash", program(name="a/b"), 1, "Invalid name"),
    Bad("a name with a space", program(name="a b"), 1, "Invalid name"),
    Bad("no name", program(name=""), 1, "has no name"),
    Bad("a name that no XML has", program(name="a\x01b"), 1, "no printable name"),
    Bad("a process's likewise", program("process_name=a\x1bb"), 0, "is not printable"),
    Bad("a process name", program("process_name=a:b"), 3, "Invalid name"),
    Bad("an empty log", program("redirect_stderr=2"), 3, "redirect_stderr"),
    # a log that is another's, or nobody's
    Bad("a log without a name", program("stdout_logfile="), 3, "is empty"),
    Bad("the socket", program("stdout_logfile=/run/supervisor.sock"), 3, "/run/supervisor.sock is"),
    Bad("accounts", program("stdout_logfile=/etc/passwd"), 3, "Slipway's own"),
    # expansions, and the secrets in them
    Bad("an unknown variable", program(command="x %(ENV_NOPE)s"), 2, "%(ENV_NOPE)s is not set"),
    Bad("a date's percent", program(command="date +%Y"), 2, "%% is a % that is meant"),
    Bad("environment's percent", program('environment=TOKEN="hush%i"'), 3, "%% is a %"),
    Bad("environment's list", program("environment=TOKEN hush"), 3, 'NAME="value"'),
    Bad("environment's quote", program('environment=TOKEN="hush'), 3, "environment"),
    Bad("a width that fills the memory", program("directory=%(here)99999999s"), 3, "wider"),
    Bad("an unknown process number", program("process_name=%(nope)s"), 3, "%(nope)s is not set"),
    # a section
    Bad("no section", b"command=sleep 1000\n", 1, "before any section"),
    Bad("a line that says nothing", program("what is this"), 3, "neither"),
    Bad(
        "supervisord's own",
        program() + b"[supervisord]\nuser=nobody\n",
        3,
        "[supervisord] belongs in supervisord.conf",
    ),
    Bad("its socket", _section("[unix_http_server]", "file=/tmp/x.sock"), 1, "belongs in"),
    Bad("its port", _section("[inet_http_server]", "port=9001"), 1, "belongs in"),
    Bad("its interface", _section("[rpcinterface:supervisor]", "a=b"), 1, "belongs in"),
    Bad("an include", _section("[include]", "files=/etc/supervisor/more/*.conf"), 1, "belongs in"),
    Bad(
        "a section nobody runs",
        _section("[porgram:bad]", "command=sleep 1"),
        1,
        "[program:NAME] is",
    ),
    Bad("a listener without events", _section("[eventlistener:bad]", "command=x"), 1, "events"),
    Bad(
        "a listener of no event",
        _section("[eventlistener:bad]", "command=x", "events=NOPE"),
        3,
        "Unknown event type NOPE",
    ),
    Bad("a listener's buffer", _listener("buffer_size=0"), 4, "buffer_size"),
    Bad("a listener's errors", _listener("redirect_stderr=true"), 4, "redirect_stderr"),
    Bad("a listener's handler", _listener("result_handler=no.such:thing"), 4, "no.such:thing"),
    Bad("no socket", _fcgi(), 1, "socket"),
    Bad("a bad socket", _fcgi("socket=here"), 3, "Bad socket format"),
    Bad("a relative socket", _fcgi("socket=unix://a"), 3, "not an absolute path"),
    Bad(
        "a socket's owner", _fcgi("socket=unix:///tmp/s", "socket_owner=no:body"), 4, "socket_owner"
    ),
    Bad("Slipway's socket", _fcgi("socket=unix:///run/supervisor.sock"), 3, "Slipway's own"),
    # names, and other files
    Bad("a group of nobody", _section("[group:bad]", "programs=nobody"), 2, "nobody is in no file"),
    Bad("a group of ours", _section("[group:bad]", "programs=sshd"), 2, "sshd is Slipway's own"),
    Bad(
        "a group's priority", _section("[group:bad]", "programs=good", "priority=x"), 3, "priority"
    ),
    Bad("our name", program(name="sshd"), 1, "a program of Slipway's"),
    Bad(
        "our name for a group",
        _section("[group:sshd]", "programs=bad", "[program:bad]", "command=x"),
        1,
        "a program of Slipway's",
    ),
    Bad(
        "our name for a listener",
        _section("[eventlistener:sshd]", "command=x", "events=TICK_5"),
        1,
        "a program of Slipway's",
    ),
    Bad("a name in two files", program(name="good"), 1, "too"),
    Bad(
        "a name of two kinds",
        _section("[eventlistener:good]", "command=x", "events=TICK_5"),
        1,
        "has the name of [program:good]",
    ),
    Bad(
        "a name twice in one file",
        program(name="bad") + _listener(),
        3,
        "has the name of [program:bad]",
    ),
    # bytes
    Bad("Latin-1", program("directory=/tmp/caf\xe9").decode().encode("latin-1"), 3, "not UTF-8"),
    Bad("a NUL", program("directory=/tmp/\0"), 3, "NUL"),
    Bad("a program instead", b"\x7fELF\x02\x01\x01" + bytes(100), 1, "NUL"),
    Bad("a gzip", b"\x1f\x8b\x08\x00\xff\xfe\xfd", 1, "not UTF-8"),
    # what is no file
    Bad("a directory", b"", 0, "is a directory", 'mkdir "$1"'),
    Bad("a FIFO", b"", 0, "is a FIFO", 'mkfifo "$1"'),
    Bad("a device", b"", 0, "is a device", 'ln -s /dev/zero "$1"'),
    Bad("a terminal", b"", 0, "", 'ln -s /dev/tty "$1"'),
    Bad("a dangling link", b"", 0, "is a link to what is not there", 'ln -s /nowhere "$1"'),
    Bad("a link to itself", b"", 0, "can't be read", 'ln -s "$1" "$1"'),
    Bad("a huge file", b"", 0, "is larger than 1 MB", 'truncate -s 2G "$1"'),
    Bad("a process's memory", b"", 0, "", 'ln -s /proc/self/mem "$1"'),
]

# Legal in supervisor, and to be run as it is there: the groups that come of it
LEGAL = {
    "comments and blank lines": (b"; a\n# b\n\n[program:x]\n; c\ncommand=sleep 9 ; d\n", "x"),
    "a byte order mark": (b"\xef\xbb\xbf[program:x]\ncommand=sleep 9\n", "x"),
    "UTF-16 of Windows": ("[program:x]\r\ncommand=sleep 9\r\n".encode("utf-16"), "x"),
    "Windows' line ends": (b"[program:x]\r\ncommand=sleep 9\r\n", "x"),
    "no last line end": (b"[program:x]\ncommand=sleep 9", "x"),
    "several lines": (
        b"[program:x]\ncommand=sh -c 'a &&\n  b'\nenvironment=\n  A=\"1\",\n  B=2\n",
        "x",
    ),
    "colons": (b"[program:x]\ncommand: sleep 9\n", "x"),
    "a space in a section": (b"[program: x]\ncommand=sleep 9\n", "x"),
    "capitals": (b"[program:x]\nCommand=sleep 9\nAutoStart=TRUE\n", "x"),
    "any characters": ("[program:héé]\ncommand=echo ü\n".encode(), "héé"),
    "processes": (
        b"[program:x]\ncommand=sleep 9\nnumprocs=3\nprocess_name=x%(process_num)02d\n",
        "x",
    ),
    "a group": (b"[group:g]\nprograms=x,y\n[program:x]\ncommand=a\n[program:y]\ncommand=b\n", "g"),
    "a group of its own name": (b"[group:x]\nprograms=x\n[program:x]\ncommand=a\n", "x"),
    "an empty group": (b"[group:g]\nprograms=\n", "g"),
    "a program in two groups": (
        b"[group:g]\nprograms=x\n[group:h]\nprograms=x\n[program:x]\ncommand=a\n",
        "g h",
    ),
    "a listener": (b"[eventlistener:x]\ncommand=a\nevents=TICK_60\n", "x"),
    "FastCGI": (b"[fcgi-program:x]\ncommand=a\nsocket=tcp://127.0.0.1:0\n", ""),
    "FastCGI of a path": (
        b"[fcgi-program:x]\ncommand=a\nsocket=unix:///tmp/%(program_name)s.sock\n",
        "x",
    ),
    "a section twice": (b"[program:x]\ncommand=a\n[program:x]\nautostart=false\n", "x"),
    "defaults": (b"[DEFAULT]\nautorestart=true\n[program:x]\ncommand=a\n", "x"),
    "here": (b"[program:x]\ncommand=%(here)s/run\n", "x"),
    "a percent that is meant": (b"[program:x]\ncommand=date +%%Y\n", "x"),
    "a variable": (b"[program:x]\ncommand=echo %(ENV_PATH)s\n", "x"),
    "a variable of its own": (b'[program:x]\ncommand=echo %(ENV_A)s\nenvironment=A="b"\n', "x"),
    "logs of all kinds": (
        b"[program:x]\ncommand=a\nstdout_logfile=NONE\nstderr_logfile=/dev/stderr\nstdout_syslog=true\n",
        "x",
    ),
    "a section of somebody else's": (b"[x-tool]\na=b\n[program:x]\ncommand=a\n", "x"),
    "supervisorctl's": (b"[supervisorctl]\nprompt=x\n[program:x]\ncommand=a\n", "x"),
    "options of somebody else's": (b"[program:x]\ncommand=a\nx_note=b\n", "x"),
    "nothing": (b"", ""),
    "comments alone": (b"; nothing yet\n", ""),
    "no such command": (b"[program:x]\ncommand=/no/such/program\n", "x"),
    "no such directory yet": (b"[program:x]\ncommand=a\ndirectory=/no/such/directory\n", "x"),
    "root's id": (b"[program:x]\ncommand=a\nuser=0\n", "x"),
    "a process of our name": (b"[program:x]\ncommand=a\nprocess_name=sshd\n", "x"),
}
