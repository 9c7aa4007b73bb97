"""
`@container/NAME`: a running container through the engine's API, with everything that can go wrong.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from io import BytesIO, StringIO
from typing import Any

import gevent
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyinfra.api import Config, Inventory, State
from pyinfra.api.exceptions import ConnectError, InventoryError
from pyinfra.api.host import Host

from .conftest import Slipway, wait_until

Start = Callable[..., Slipway]
Connect = Callable[..., Host]

TMPFS = {"/scratch": "size=256k"}


@pytest.fixture(scope="module")
def slipway(module_start: Start) -> Slipway:
    """
    A container in which nothing happens but what the tests do.
    """
    slipway = module_start("sleep", "infinity", tmpfs=TMPFS)
    wait_until(lambda: slipway.exec("pgrep", "-x", "sleep").code == 0, "converged")
    return slipway


@pytest.fixture(scope="module")
def connect() -> Iterator[Connect]:
    """
    Connect to containers by name; each is disconnected in the end.
    """
    states: list[State] = []

    def one(name: str, **data: Any) -> Host:
        inventory = Inventory(([(f"@container/{name}", data)], {}))
        state = State(inventory, Config(TEMP_DIR="/tmp", SHELL=None))
        (host,) = inventory
        host.connect(raise_exceptions=True, show_errors=False)
        states.append(state)
        return host

    yield one
    for state in states:
        for host in state.inventory:
            host.disconnect()


@pytest.fixture(scope="module")
def host(slipway: Slipway, connect: Connect) -> Host:
    """
    That container, connected.
    """
    assert slipway.container.name
    return connect(slipway.container.name)


def execute(host: Host, script: str, **options: Any) -> tuple[int, bytes, bytes]:
    """
    Run a script below pyinfra, which knows only lines.
    """
    connector: Any = host.connector
    result: tuple[int, bytes, bytes] = connector.execute(script, **options)
    return result


def shell(host: Host, script: str, **arguments: Any) -> tuple[bool, str, str]:
    """
    Run a command as pyinfra does.
    """
    is_done, output = host.run_shell_command(script, **arguments)
    return is_done, output.stdout, output.stderr


def events(client: Any, slipway: Slipway, since: float = 0.0) -> list[str]:
    """
    Return what the engine did with a container until now.
    """
    found = client.events(
        since=f"{since:.6f}",
        until=f"{time.time():.6f}",
        filters={"container": slipway.container.id},
        decode=True,
    )
    return [event["Action"] for event in found]


# --- what it refuses


def test_only_running_containers_are_touched(start: Start, connect: Connect) -> None:
    """
    A stopped or paused one, an image and a name of nothing are refused, and left as they are.
    """
    stopped = start("true")
    stopped.container.wait()
    paused = start("sleep", "infinity")
    paused.container.pause()
    client: Any = stopped.container.client
    wait_until(lambda: events(client, paused)[-1] == "pause", "its event")
    since = time.time()
    for name, reason in [
        (stopped.container.name, "the container is exited; start it first"),
        (paused.container.name, "the container is paused; start it first"),
        ("debian", "no such container: debian"),
        ("slipway-test-nobody", "no such container: slipway-test-nobody"),
    ]:
        with pytest.raises(ConnectError) as refusal:
            connect(name)
        assert str(refusal.value) == reason
    stopped.container.reload()

    assert stopped.container.status == "exited"
    for one in (stopped, paused):  # stock `@docker` starts, commits and removes
        assert events(client, one, since=since) == []


@pytest.mark.parametrize("name", ["debian:bookworm-slim", "a/b", "../images", "-x", "", "a b"])
def test_what_can_be_no_name_is_refused_without_asking(connect: Connect, name: str) -> None:
    """
    Nothing of it gets into a path of the engine's API.
    """
    with pytest.raises(InventoryError, match="a container can't have this name"):
        connect(name)


# --- commands


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
@given(st.binary(max_size=2000), st.binary(max_size=2000), st.integers(0, 255))
def test_any_bytes_come_back_exactly(host: Host, out: bytes, err: bytes, code: int) -> None:
    """
    On both streams, with any exit code.
    """
    script = f"head -c {len(out)}; cat >&2; exit {code}"

    assert execute(host, script, stdin=out + err) == (code, out, err)


def test_pyinfras_arguments_are_honoured(host: Host) -> None:
    """
    As its own connectors do.
    """
    nasty = "a'b\"c $(echo no) `echo no` \\ ü\n%s"

    assert shell(host, "exit 3") == (False, "", "")
    assert shell(host, "exit 3", _success_exit_codes=[0, 3]) == (True, "", "")
    assert shell(host, "cat", _stdin="no newline")[1] == "no newline"
    assert shell(host, "wc -l; cat", _stdin=["one", "two\n"])[1] == "2"
    assert shell(host, 'printf %s "$X"', _env={"X": nasty})[1] == nasty
    assert shell(host, "pwd", _chdir="/var/lib")[1] == "/var/lib"
    assert shell(host, "id -un", _su_user="nobody", _su_shell="sh")[1] == "nobody"
    assert shell(host, "echo a; echo b >&2") == (True, "a", "b")


def test_a_command_does_what_it_wants_with_its_shell(host: Host) -> None:
    """
    Only its own is hit; where it kills the other one all the same, the next command has a new one.
    """
    for script, code in [("exit 4", 4), ("exec false", 1), ("kill -KILL $$", 137)]:
        assert execute(host, script) == (code, b"", b"")
    with pytest.raises(OSError, match="the shell in the container has ended"):
        execute(host, "kill -KILL $PPID; sleep 1")

    assert execute(host, "echo alive") == (0, b"alive\n", b"")


def test_background_children_neither_hold_nor_mix(host: Host) -> None:
    """
    They are not waited for, live on, and what they print is nobody else's.
    """
    began = time.monotonic()
    script = "while :; do echo noise; echo noise >&2; sleep 0.01; done & echo $!"
    _, out, _ = execute(host, script)
    (pid,) = (word for word in out.split() if word.isdigit())  # what it prints while it runs is its
    try:
        assert time.monotonic() - began < 10
        for number in range(5):
            own = f"{number}\n".encode()
            assert execute(host, f"sleep 0.1; echo {number}; echo {number} >&2") == (0, own, own)
        assert execute(host, f"kill -0 {int(pid)}")[0] == 0
    finally:
        execute(host, f"kill -KILL {int(pid)}")


def test_whoever_has_left_the_session_does_not_mix_either(host: Host) -> None:
    """
    A daemon that kept the streams: he writes to a shell of the past.
    """
    script = "setsid -f sh -c 'while :; do echo noise; echo noise >&2; sleep 0.01; done'"
    execute(host, script)
    time.sleep(0.5)  # it takes a hundredth to make itself known
    try:
        for number in range(5):
            own = f"{number}\n".encode()
            assert execute(host, f"sleep 0.1; echo {number}; echo {number} >&2") == (0, own, own)
    finally:
        execute(host, "pkill -f '[e]cho noise'")


def test_100_mb_come_through(host: Host) -> None:
    """
    Byte for byte, in one command.
    """
    script = "yes 0123456789 | head -c 100000000"
    code, out, err = execute(host, script)

    assert (code, len(out), err) == (0, 100_000_000, b"")
    assert out == (b"0123456789\n" * 9_090_910)[:100_000_000]


@pytest.mark.parametrize(
    "script",
    [
        "sleep 6543",
        "yes",
        "(sleep 6543; :) & cat /dev/zero",
        "su -s /bin/sh -c 'sleep 6543; :' nobody",  # it has its command in another session
        "sh -c 'setsid sleep 6543 & sleep 6543; :'",
    ],
)
def test_a_timeout_kills_the_command_and_its_children(host: Host, script: str) -> None:
    """
    And the host goes on with a new shell.
    """
    with pytest.raises(TimeoutError, match="no end after 1 s"):
        shell(host, f"{script}; :", _timeout=1)
    left = "ps -eo stat,args | grep -E '^[^Z].*(6543|[y]es|/dev/[z]ero)' | grep -v grep"

    wait_until(lambda: execute(host, left)[1] == b"", f"no process of {script} left", 10)


def test_a_restart_is_survived(start: Start, connect: Connect) -> None:
    """
    The next command has a new shell in the same container; in a stopped one it fails, said plainly.
    """
    other = start("sleep", "infinity")
    assert other.container.name
    host = connect(other.container.name)
    execute(host, "echo before > /root/file")
    other.container.restart(timeout=2)

    assert execute(host, "cat /root/file") == (0, b"before\n", b"")
    other.container.stop(timeout=2)
    with pytest.raises(OSError, match="is not running"):
        execute(host, "true")
    other.container.start()
    assert execute(host, "cat /root/file") == (0, b"before\n", b"")


def test_commands_run_as_the_user_that_is_asked_for(slipway: Slipway, connect: Connect) -> None:
    """
    The key `container_user` of the host's data.
    """
    assert slipway.container.name
    host = connect(slipway.container.name, container_user="nobody")

    assert execute(host, "id -un")[1] == b"nobody\n"
    assert "settings" not in host.data.dict()  # they are root's
    with pytest.raises(PermissionError):
        host.get_file("/etc/shadow", BytesIO())


def test_twenty_hosts_work_side_by_side(slipway: Slipway) -> None:
    """
    In pyinfra's API, which patches nothing: their waits overlap.
    """
    identifier = slipway.container.id
    assert identifier
    names = [f"@container/{identifier[:length]}" for length in range(20, 40)]
    inventory = Inventory((names, {}))
    State(inventory, Config(SHELL=None))
    began = time.monotonic()
    jobs = [
        gevent.spawn(lambda host: (host.connect(), execute(host, "sleep 3; echo $$")), host)
        for host in inventory
    ]
    gevent.joinall(jobs, raise_error=True)
    took = time.monotonic() - began
    for host in inventory:
        host.disconnect()

    assert len({job.value[1][1] for job in jobs}) == 20
    assert took < 20 * 3 / 2


def test_no_shell_stays_behind(slipway: Slipway, connect: Connect) -> None:
    """
    A connection that ends takes its shell with it.
    """
    assert slipway.container.name
    host = connect(slipway.container.name)
    pid = int(execute(host, "echo $PPID")[1])
    host.disconnect()

    wait_until(lambda: slipway.exec("kill", "-0", str(pid)).code != 0, "the shell has ended")


def test_a_killed_controller_leaves_no_lock(slipway: Slipway) -> None:
    """
    Nor a shell that has it, nor a child: `slipway converge` would wait for ever.
    """
    lock = "/run/slipway/lock"
    script = f"""
from pyinfra.api import Config, Inventory, State
state = State(Inventory((["@container/{slipway.container.name}"], {{}})), Config(SHELL=None))
(host,) = state.inventory
host.connect(raise_exceptions=True)
state.is_executing, host.connector_data["lock"] = True, "{lock}"
host.run_shell_command("sleep 5432 & true")
print("locked", flush=True)
host.run_shell_command("sleep 2345")
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as controller:
        assert controller.stdout
        assert controller.stdout.readline() == b"locked\n"
        wait_until(lambda: slipway.exec("pgrep", "-f", "^sleep 2345").code == 0, "it sleeps")
        is_free = ("flock", "-n", lock, "true")
        was_free = slipway.exec(*is_free).code == 0
        controller.kill()
    slipway.exec("pkill", "-f", "^sleep 2345")  # a shell ends when its command does

    assert not was_free
    wait_until(lambda: slipway.exec(*is_free).code == 0, "the lock is free", 10)
    assert slipway.exec("pkill", "-f", "^sleep 5432").code == 0  # lives on, without the lock


# --- files


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=20
)
@given(st.binary(max_size=5000))
def test_files_pass_in_both_directions(host: Host, content: bytes) -> None:
    """
    Byte for byte, also into a tmpfs, where the engine's own copying writes nothing.
    """
    for path in ("/root/a file's", "/scratch/-n \n$(x)"):
        host.put_file(BytesIO(content), path)
        back = BytesIO()
        host.get_file(path, back)
        assert back.getvalue() == content


def test_a_file_is_replaced_whole(host: Host) -> None:
    """
    With the mode and owner that it had; a new one is root's alone; a link stays one.
    """
    execute(host, "cd /root; echo old > f; chown nobody:daemon f; chmod 2751 f; ln -sf f link")
    host.put_file(StringIO("new"), "/root/link")
    host.put_file(StringIO("new"), "/root/fresh")
    stat = "cd /root; stat -c '%a %U:%G %F %n' f link fresh; cat f fresh; ls -A | grep slipway"

    assert execute(host, stat)[1].decode() == (
        "2751 nobody:daemon regular file f\n"
        "777 root:root symbolic link link\n"
        "600 root:root regular file fresh\n"
        "newnew"
    )


def test_a_file_that_can_not_be_written_is_left_as_it_is(host: Host) -> None:
    """
    A full disk, a directory in its place, a missing directory; and the shell is fit for more.
    """
    execute(host, "echo old > /scratch/f; mkdir -p /scratch/d")
    large = b"x" * 3_000_000
    for path, reason in [
        ("/scratch/f", "No space left on device"),
        ("/scratch/d", "cannot overwrite directory"),
        ("/no/such/f", "no such directory"),
    ]:
        with pytest.raises(OSError, match=reason):
            host.put_file(BytesIO(large if path == "/scratch/f" else b"new"), path)

    assert execute(host, "cat /scratch/f; ls -A /scratch | grep slipway")[1] == b"old\n"
    with pytest.raises(FileNotFoundError):
        host.get_file("/scratch/none", BytesIO())
    with pytest.raises(IsADirectoryError):
        host.get_file("/scratch/d", BytesIO())
