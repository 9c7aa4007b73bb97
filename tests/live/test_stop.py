"""
A container that is told to stop is gone in time, in order, whenever that comes.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from .conftest import KeyPair, Slipway, wait_until
from .test_supervision import program

Start = Callable[..., Slipway]
Record = Callable[[str, object], None]

AT_ONCE = 3  # containers that are started and stopped beside each other
DOCKER_KILLS = 10.0  # seconds after its TERM
MOST = 1.5  # seconds after the start that the last one is stopped
TTOU = 1 << (signal.SIGTTOU - 1)  # tini ignores it from the moment it takes signals
STUBBORN = """sh -c 'trap "" TERM; while :; do sleep 1; done'"""


class Case(NamedTuple):
    """
    A way of stopping, so many times.
    """

    signal: str
    times: int
    options: dict[str, Any]


class Stopped(NamedTuple):
    """
    How one container ended.
    """

    moment: float  # seconds after its start
    signal: str
    code: int
    seconds: float


def bound(seconds: float) -> float:
    """
    Return a figure as it is on a machine that does this and little else; more on one that is busy,
    but never the ten seconds after which Docker kills.
    """
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    return min(seconds * max(1.0, load / 3), DOCKER_KILLS - 0.5)


def is_ours(slipway: Slipway) -> bool:
    """
    Tell whether the container's process is tini by now, and takes signals.

    `docker start` returns before. Till then it is the engine's own (runc), and the kernel drops a
    TERM to a PID 1 without a handler: on a busy machine 5 of 50 that came in the same instant.
    """
    slipway.container.reload()
    status = Path(f"/proc/{slipway.container.attrs['State']['Pid']}/status")
    try:
        fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
    except OSError:
        return True  # the engine is on another machine: then the way there takes longer
    return bool(int(fields["SigIgn"], 16) & TTOU)


def stop(slipway: Slipway, number: str = "SIGTERM") -> tuple[int, float]:
    """
    Signal the container; returns its exit code and the seconds until it had ended.
    """
    begun = time.monotonic()
    slipway.container.kill(signal=number)
    code = slipway.container.wait(timeout=60)["StatusCode"]
    return int(code), time.monotonic() - begun


def stop_at(start: Start, moment: float, number: str, **options: Any) -> Stopped:
    """
    Start a container and signal it a moment later.
    """
    slipway = start(ports={}, **options)
    begun = time.monotonic()
    wait_until(lambda: is_ours(slipway), "tini runs")
    time.sleep(max(0.0, begun + moment - time.monotonic()))
    code, seconds = stop(slipway, number)
    slipway.container.remove(force=True, v=True)
    return Stopped(moment, number, code, seconds)


@pytest.mark.parametrize(
    "case",
    [
        Case("SIGTERM", 100, {}),
        Case("SIGINT", 8, {}),
        Case("SIGQUIT", 8, {}),
        Case("SIGTERM", 8, {"init": True}),
        Case("SIGTERM", 8, {"tty": True, "stdin_open": True}),
    ],
    ids=["TERM", "INT", "QUIT", "TERM under docker-init", "TERM with a terminal"],
)
def test_a_stop_at_any_moment_is_orderly(
    start: Start, key: KeyPair, record_property: Record, case: Case
) -> None:
    """
    Up to 1.5 seconds after the start: gone within three, with 0, or by the signal itself while
    supervisord does not run yet; never the 137 of a kill, never 1 and a traceback.
    """
    moments = [MOST * step / (case.times - 1) for step in range(case.times)]
    options = {"environment": {"SSH_PUBKEY": key.public}, **case.options}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        ends = list(
            pool.map(lambda moment: stop_at(start, moment, case.signal, **options), moments)
        )
    record_property("slowest", str(max(ends, key=lambda end: end.seconds)))
    by_itself = 128 + {"SIGTERM": 15, "SIGINT": 2, "SIGQUIT": 3}[case.signal]

    assert len(ends) == case.times
    assert [end for end in ends if end.code not in (0, by_itself)] == []
    assert [end for end in ends if end.seconds > bound(3)] == []


def test_ctrl_c_stops_a_container_in_the_foreground(start: Start, key: KeyPair) -> None:
    """
    `docker run -it` and Ctrl-C: in order, without a traceback of anything that runs beside.
    """
    slipway = start(environment={"SSH_PUBKEY": key.public}, tty=True, stdin_open=True)
    terminal: Any = slipway.container.attach_socket(params={"stdin": 1, "stream": 1})
    wait_until(lambda: "listening" in slipway.logs(), "supervisord runs")
    terminal._sock.sendall(b"\x03")  # noqa: SLF001 - the SDK gives no other way to write
    code = slipway.container.wait(timeout=20)["StatusCode"]

    assert code == 0
    assert "Traceback" not in slipway.logs()


def test_a_stop_waits_for_no_session_and_no_convergence(
    start: Start, key: KeyPair, record_property: Record
) -> None:
    """
    With a session open and convergences running one after the other: within three seconds.
    """
    slipway = start(environment={"SSH_PUBKEY": key.public})
    slipway.wait_ssh(key)
    # fmt: off
    session = subprocess.Popen(
        ["ssh", "-F", "none", "-p", str(slipway.port(22)), "-i", str(key.path), "-tt",
         "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR",
         "-o", "UserKnownHostsFile=/dev/null", "root@127.0.0.1", "touch /in; exec sleep 1000"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    # fmt: on
    try:
        wait_until(lambda: slipway.exec("test", "-e", "/in").code == 0, "the session is there")
        slipway.container.exec_run(
            ["sh", "-c", "while touch /loop; do slipway converge; done"], detach=True
        )
        unfinished = "/run/slipway/unfinished"
        wait_until(lambda: slipway.exec("test", "-e", unfinished).code == 0, "one is under way")
        code, seconds = stop(slipway)
        record_property("seconds", round(seconds, 2))
    finally:
        session.kill()
        session.wait()

    assert code == 0
    assert seconds <= bound(3)


def test_programs_that_ignore_it_cost_eight_seconds_together(
    start: Start, key: KeyPair, tmp_path: Path, record_property: Record
) -> None:
    """
    Three that ignore TERM, at three priorities, each with `stopwaitsecs=60`: Docker would kill
    everything after ten. They are killed before, and the log says it to the end.
    """
    volumes = {}
    for number in (1, 2, 3):
        options = ("stopwaitsecs=60", f"priority={900 + number}")
        volumes.update(program(tmp_path, f"stubborn{number}", STUBBORN, *options))
    slipway = start(environment={"SSH_PUBKEY": key.public}, volumes=volumes)
    slipway.wait_ssh(key)
    code, seconds = stop(slipway)
    record_property("seconds", round(seconds, 2))

    assert code == 0
    assert seconds <= bound(8)
    for number in (1, 2, 3):
        assert f"killing stubborn{number}: a stop may take no longer" in slipway.logs()


def test_who_needs_a_while_has_it(start: Start, tmp_path: Path) -> None:
    """
    A program that writes its state for four seconds is not cut off, whatever stops beside it.
    """
    ending = "sleep 4; touch /workspace/saved; exit 0"
    saving = f"""sh -c 'trap "{ending}" TERM; while :; do sleep 0.1; done'"""
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    slipway = start(
        volumes={
            **program(tmp_path, "saving", saving, "stopwaitsecs=6"),
            str(workspace): {"bind": "/workspace", "mode": "rw"},
        }
    )
    slipway.wait_converged()
    code, seconds = stop(slipway)

    assert code == 0
    assert (workspace / "saved").exists()
    assert seconds <= bound(8)


def test_a_program_that_has_just_begun_gets_its_term(start: Start, tmp_path: Path) -> None:
    """
    The TERM to a child that supervisord has forked a moment ago is not lost: forty programs are
    stopped while they begin, by one of them, and none has to be killed.
    """
    volumes: dict[str, dict[str, str]] = {}
    for number in range(40):
        volumes.update(program(tmp_path, f"new{number}", "sleep 1000", "stopwaitsecs=60"))
    slipways = []
    for delay in ("0", "0.01", "0.02", "0.05"):
        place = tmp_path / delay
        place.mkdir()
        command = f"sh -c 'sleep {delay}; kill -TERM $PPID; exec sleep 1000'"
        first = program(place, "first", command, "priority=2")
        slipways.append(start(ports={}, volumes={**volumes, **first}))
    codes = [slipway.container.wait(timeout=60)["StatusCode"] for slipway in slipways]

    assert codes == [0] * 4
    assert [
        line for slipway in slipways for line in slipway.logs().splitlines() if "kill" in line
    ] == []


def test_a_command_is_stopped_as_itself(start: Start) -> None:
    """
    `docker run IMAGE command`: the signal and the exit code are the command's.
    """
    slipway = start("sh", "-c", "trap 'exit 7' TERM; touch /up; while :; do sleep 0.1; done")
    wait_until(lambda: slipway.exec("test", "-e", "/up").code == 0, "the command runs")
    code, seconds = stop(slipway)

    assert code == 7
    assert seconds <= bound(3)
