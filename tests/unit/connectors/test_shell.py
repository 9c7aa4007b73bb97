"""
The shell protocol, against a real sh whose streams are framed as the engine frames them.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO
from unittest.mock import ANY

import gevent
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slipway.connectors.connection import Connection
from slipway.connectors.shell import FloodError, LeftoversError, Result, Shell

Open = Callable[[], Shell]


class Engine:
    """
    Runs sh as the engine's exec does: its input from a socket, its output framed into it.
    """

    def __init__(self, program: str = "sh") -> None:
        ours, self.socket = socket.socketpair()
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            [program], stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
        )
        self.connection = Connection(ours)
        self.lock = threading.Lock()
        outputs = [(1, self.process.stdout), (2, self.process.stderr)]
        for work in (self.feed, *(lambda each=each: self.frame(*each) for each in outputs)):
            threading.Thread(target=work, daemon=True).start()

    def feed(self) -> None:
        """
        Pass the input on to its end.
        """
        stdin = self.process.stdin
        assert stdin
        with contextlib.suppress(OSError), stdin:
            while received := self.socket.recv(1 << 16):
                stdin.write(received)
                stdin.flush()

    def frame(self, stream: int, output: IO[bytes]) -> None:
        """
        Pass an output on in frames; its end ends the connection.
        """
        with contextlib.suppress(OSError):
            while read := os.read(output.fileno(), 1 << 15):
                with self.lock:
                    self.socket.sendall(struct.pack(">BxxxL", stream, len(read)) + read)
            self.socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """
        End whatever still runs.
        """
        self.connection.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.socket.close()


@pytest.fixture
def open_shell() -> Iterator[Open]:
    """
    Open shells, each of which is gone when the test ends.
    """
    engines: list[Engine] = []

    def make() -> Shell:
        engines.append(Engine())
        return Shell(engines[-1].connection, deadline=soon())

    yield make
    for engine in engines:
        engine.close()


@pytest.fixture
def shell(open_shell: Open) -> Shell:
    """
    One shell.
    """
    return open_shell()


def soon(seconds: float = 20.0) -> float:
    """
    Return a deadline.
    """
    return time.monotonic() + seconds


def test_code_and_both_streams_are_told_apart(shell: Shell) -> None:
    """
    Also without a newline at the end, and with nothing at all.
    """
    script = "printf out; printf 'err\\n\\n' >&2; exit 7"

    assert shell.run(script, deadline=soon()) == Result(7, b"out", b"err\n\n")
    assert shell.run("true", deadline=soon()) == Result(0, b"", b"")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=300), st.binary(max_size=300), st.integers(0, 255))
def test_any_bytes_come_back_exactly(shell: Shell, out: bytes, err: bytes, code: int) -> None:
    """
    The command reads them from its input, so that nothing but the protocol is in the way.
    """
    script = f"head -c {len(out)}; cat >&2; exit {code}"

    assert shell.run(script, stdin=out + err, deadline=soon()) == Result(code, out, err)


@pytest.mark.parametrize("event", ["b 1", "e 0", "e left", "x"])
def test_output_that_looks_like_a_mark_is_output(shell: Shell, event: str) -> None:
    """
    A mark is 128 random bits and the number of the command; another's is no mark.
    """
    foreign = f"{'0' * 32} 1 {event}\n"
    own = f"{shell._mark} {shell._sequence} {event}\n"  # noqa: SLF001 - of the command before

    for text in (foreign, own):
        assert shell.run("cat", stdin=text.encode(), deadline=soon()).stdout == text.encode()


def test_commands_do_not_see_the_mark(shell: Shell) -> None:
    """
    Neither in their environment nor in their arguments, nor in descriptors that they inherit.
    """
    seen = shell.run("set; env; cat /proc/$$/cmdline /proc/$$/environ; ls -l /proc/$$/fd")

    assert seen.stdout.count(b"PATH=") >= 2
    assert shell._mark.encode() not in seen.stdout  # noqa: SLF001 - what must not be there
    assert b" 8 ->" not in seen.stdout
    assert b" 9 ->" not in seen.stdout


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("exit 3", 3),
        ("exec false", 1),
        ("kill -KILL $$", 137),
        ("kill -TERM 0", 143),  # its whole process group
        ("cd /; set -e; trap 'exit 9' EXIT; false", 9),
        ("(", 2),
    ],
)
def test_a_command_can_not_end_the_shell(shell: Shell, script: str, code: int) -> None:
    """
    Nor change anything in it.
    """
    before = shell.run("pwd; umask; set -o").stdout
    result = shell.run(script, deadline=soon())

    assert (result.code, result.stdout) == (code, b"")
    assert script == "(" or result.stderr == b""
    assert shell.run("pwd; umask; set -o").stdout == before


def test_input_is_read_exactly(shell: Shell) -> None:
    """
    Whoever reads none or a part of it leaves nothing that the shell would take for commands.
    """
    commands = b"echo harm; exit 1\n" * 40_000

    assert shell.run("true", stdin=commands, deadline=soon()) == Result(0, b"", b"")
    assert shell.run("head -c 4", stdin=commands, deadline=soon()).stdout == b"echo"
    assert shell.run("cat", stdin=commands, deadline=soon()).stdout == commands
    assert shell.run("exec 0<&-; echo over", stdin=commands, deadline=soon()).stdout == b"over\n"
    assert shell.run("cat", deadline=soon()).stdout == b""  # none is given: none is there


def test_input_never_becomes_commands(shell: Shell, tmp_path: Path) -> None:
    """
    Where a command kills what throws its input away, the shell ends rather than read it.
    """
    harm = tmp_path / "harm"
    commands = f"echo harm > {harm}\n".encode() * 40_000
    with pytest.raises(ConnectionError):
        shell.run("kill -KILL $PPID; sleep 0.2", stdin=commands, deadline=soon())

    assert not harm.exists()


def test_long_commands_pass(shell: Shell) -> None:
    """
    Up to what the kernel takes as one argument; past it the failure is the command's.
    """
    word = "x" * 120_000

    assert shell.run(f"printf %s {word}", deadline=soon()).stdout == word.encode()
    assert shell.run(f"printf %s {word * 2}", deadline=soon()).code != 0
    assert shell.run("echo next", deadline=soon()).stdout == b"next\n"


def test_words_of_a_user_are_words(shell: Shell) -> None:
    """
    A command is one quoted argument, newlines and quotes in it included.
    """
    script = "printf '%s' \"a'b\n$(echo c)\"; : '; echo harm'"

    assert shell.run(script).stdout == b"a'b\nc"


def test_whoever_stays_behind_is_found_before_the_next_command(shell: Shell) -> None:
    """
    He holds the streams, and his output would be taken for the next command's.
    """
    began = time.monotonic()
    first = shell.run("sleep 60 & echo started", deadline=soon())

    assert first.stdout == b"started\n"
    assert time.monotonic() - began < 30  # not waited for
    with pytest.raises(LeftoversError):
        shell.run("echo never", deadline=soon())


def test_a_shell_to_which_somebody_else_writes_is_over(shell: Shell) -> None:
    """
    Somebody who has left the session, say: what he writes next would be in the next output.
    """
    shell.run("setsid -f sh -c 'sleep 0.2; echo late'", deadline=soon())
    late = soon()
    while not shell.is_over() and time.monotonic() < late:
        time.sleep(0.01)  # nothing tells when it comes

    assert time.monotonic() < late


def test_whoever_writes_without_end_holds_nobody_up(shell: Shell) -> None:
    """
    One look at the streams is enough; reading all that comes would take for ever.
    """
    shell.run("setsid -f yes", deadline=soon())
    late = soon()
    while not shell.is_over() and time.monotonic() < late:
        time.sleep(0.01)

    assert time.monotonic() < late


def test_a_deadline_holds_for_silence_and_for_endless_output(open_shell: Open) -> None:
    """
    Also where the output never pauses.
    """
    for script in ("sleep 60", "yes", "cat; sleep 60"):
        shell = open_shell()
        with pytest.raises(TimeoutError):
            shell.run(script, stdin=b"x" * 1_000_000, deadline=soon(0.5))


@pytest.mark.parametrize("script", ["yes", "cat /dev/zero", "cat /dev/zero >&2", "seq 99999"])
def test_no_more_is_held_than_was_asked_for(open_shell: Open, script: str) -> None:
    """
    In either stream, with lines and without. Who asks for no bound has none.
    """
    with pytest.raises(FloodError, match="more than 100,000 bytes"):
        open_shell().run(script, deadline=soon(), most=100_000)

    shell = open_shell()
    assert shell.run("echo a; echo b >&2", deadline=soon(), most=1000) == Result(0, b"a\n", b"b\n")
    assert len(shell.run("seq 99999", deadline=soon()).stdout) > 100_000


def test_what_opens_as_a_shell_and_floods_is_none(open_shell: Open) -> None:
    """
    A container may have anything of that name.
    """
    engine = Engine("yes")
    try:
        with pytest.raises(FloodError):
            Shell(engine.connection, deadline=soon())
    finally:
        engine.close()


def test_a_shell_that_is_killed_is_over(shell: Shell) -> None:
    """
    The command under which it was is a failed connection, not an empty result.
    """
    assert not shell.is_over()
    with pytest.raises(ConnectionError):
        shell.run("kill -KILL $PPID", deadline=soon())
    assert shell.is_over()


def test_hosts_wait_side_by_side(open_shell: Open) -> None:
    """
    Without gevent's patches: a wait in one greenlet lets the others run.
    """
    shells = [open_shell() for _ in range(10)]
    began = time.monotonic()
    jobs = [gevent.spawn(shell.run, "sleep 1; echo done", deadline=soon()) for shell in shells]
    gevent.joinall(jobs)

    assert {job.value for job in jobs} == {Result(0, b"done\n", b"")}
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("printf a; printf b >&2; exit 3", Result(3, b"a", b"b")),
        ("cat; echo over", Result(0, b"over\n", b"")),  # no line of ours is its input
        ("printf %s 'it''s $(odd)\n'", Result(0, b"its $(odd)\n", b"")),
        ("kill -KILL $$ $(sh -c 'echo $PPID')", None),
        ("if", Result(2, b"", ANY)),
        ("exec sh -c 'echo $mark-$1 >&7' 7>&1", Result(0, b"-\n", b"")),
        ("ls /proc/self/fd/8 /proc/self/fd/9 2>/dev/null; :", Result(0, b"", b"")),
    ],
    ids=["both", "input", "quotes", "killed", "no script", "mark", "descriptors"],
)
def test_a_script_of_ours_needs_no_session(
    shell: Shell, script: str, expected: Result | None
) -> None:
    """
    It is told apart as a command is, and ends no shell, unless it kills it.
    """
    if expected is None:
        with pytest.raises(ConnectionError):
            shell.perform(script, deadline=soon())
        return
    code, stdout, stderr = shell.perform(script, deadline=soon())

    assert (code, stdout, stderr) == expected
    assert shell.run("echo on", deadline=soon()) == Result(0, b"on\n", b"")


def test_a_script_of_ours_is_not_run_beside_others(shell: Shell) -> None:
    """
    Whoever an earlier command left behind might write into its output.
    """
    shell.run("sleep 3457 & :", deadline=soon())
    group = shell.group
    with pytest.raises(LeftoversError):
        shell.perform("echo a", deadline=soon())
    os.killpg(int(group), signal.SIGKILL)


def test_a_script_of_ours_is_bounded(open_shell: Open) -> None:
    with pytest.raises(TimeoutError):
        open_shell().perform("sleep 3457", deadline=soon(0.2))
    with pytest.raises(FloodError):
        open_shell().perform("cat /dev/zero", deadline=soon(), most=1 << 20)


def test_a_lock_is_held_until_the_shell_ends(
    open_shell: Open, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """
    By the shell, and by nothing that it has started.
    """
    path = tmp_path_factory.mktemp("lock") / "a lock"
    probe = f"flock -n '{path}' true"
    first, other = open_shell(), open_shell()

    assert first.lock(str(path), deadline=soon())
    first.run("sleep 60 &")
    assert other.run(probe).code == 1
    first.close()
    late = soon()
    while other.run(probe).code and time.monotonic() < late:
        pass
    assert other.run(probe).code == 0
    assert other.lock("/no/such/directory/lock", deadline=soon())
