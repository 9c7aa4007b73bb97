"""
Programs that die come back, those that are stopped by hand don't, and both is told.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from .conftest import KeyPair, Slipway, wait_until

Start = Callable[..., Slipway]
Record = Callable[[str, object], None]

KILLS = 10
LOADED = 10.0  # seconds beyond the figure in which a busy machine may do it


def program(path: Path, name: str, command: str, *options: str) -> dict[str, dict[str, str]]:
    """
    Write a program's file as a child image would; returns the volume that brings it in.
    """
    file = path / f"{name}.conf"
    file.write_text("\n".join([f"[program:{name}]", f"command={command}", *options, ""]))
    return {str(file): {"bind": f"/etc/supervisor/conf.d/{name}.conf", "mode": "ro"}}


def pid(slipway: Slipway, name: str) -> int:
    """
    Return the process of a program, 0 where it has none.
    """
    words = slipway.exec("supervisorctl", "pid", name).stdout.split()
    return int(words[0]) if words and words[0].isdigit() else 0


def state(slipway: Slipway, name: str) -> str:
    """
    Return a program's state.
    """
    return slipway.exec("supervisorctl", "status", name).stdout.split()[1]


# Kill a program as soon as it has run for three seconds, as often as told; print how long it took
# until there was another process of it, in milliseconds, each time.
KILL_STEADY = """
import sys, time, os, signal
from pathlib import Path
from slipway.contract import paths
from slipway.system import supervisor_rpc

def program():
    call = [("supervisor.getProcessInfo", (sys.argv[1],))]
    return supervisor_rpc.call(paths.SUPERVISOR_SOCKET, call, timeout=5)[0]

for _ in range(int(sys.argv[2])):
    while program()["statename"] != "RUNNING":
        time.sleep(0.05)
    killed = program()["pid"]
    began = time.monotonic()
    os.kill(killed, signal.SIGKILL)
    while program()["pid"] in (0, killed):
        time.sleep(0.01)
    print(round((time.monotonic() - began) * 1000))
"""

# Kill a program as soon as there is a process of it; the last word is how long it took from the
# last kill until it ran again.
KILL_RAPIDLY = (
    KILL_STEADY.partition("for _")[0]
    + """
for _ in range(int(sys.argv[2])):
    while not (pid := program()["pid"]):
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    began = time.monotonic()
    time.sleep(0.1)
while program()["statename"] != "RUNNING":
    time.sleep(0.02)
print(round((time.monotonic() - began) * 1000))
"""
)


def inside(slipway: Slipway, script: str, *words: object) -> list[int]:
    """
    Run a Python script in the container; returns the numbers it prints.
    """
    python = ("/opt/slipway/venv/bin/python3", "-I", "-c", script)
    return [int(line) for line in slipway.check_output(*python, *map(str, words)).split()]


def test_killed_programs_are_back(
    start: Start, key: KeyPair, tmp_path: Path, record_property: Record
) -> None:
    """
    `kill -9` of every program, ten times, whenever it has run for three seconds: back within three.
    Eight kills, each as soon as a process is there: running again within 15 seconds of the last.
    """
    containers = [
        start(
            environment={"SSH_PUBKEY": key.public},
            volumes=program(tmp_path, "web", "sleep 1000", "startsecs=3", "startretries=10"),
        )
        for _ in range(2)
    ]
    for slipway in containers:
        slipway.wait_ssh(key)
    steadily, rapidly = containers
    with ThreadPoolExecutor() as pool:
        begun = {
            name: pool.submit(inside, steadily, KILL_STEADY, name, KILLS)
            for name in ("sshd", "web")
        }
        rapid = {
            name: pool.submit(inside, rapidly, KILL_RAPIDLY, name, 8) for name in ("sshd", "web")
        }
        back = {name: times.result() for name, times in begun.items()}
        ran = {name: times.result() for name, times in rapid.items()}
    record_property("worst, in ms", {name: max(times) for name, times in back.items()})
    record_property("ms until RUNNING", ran)

    assert {len(times) for times in back.values()} == {KILLS}
    assert [name for name, times in back.items() if max(times) > 3000] == []
    assert [name for name, times in ran.items() if max(times) > 15000] == []
    for slipway in containers:
        slipway.wait_ssh(key)
        slipway.wait_healthy()


@pytest.fixture
def crashing(start: Start, key: KeyPair, tmp_path: Path) -> Slipway:
    """
    A container with a program that can't start until /ready is there.
    """
    command = "sh -c 'test -e /ready && exec sleep 1000'"
    slipway = start(
        environment={"SSH_PUBKEY": key.public},
        volumes=program(tmp_path, "late", command, "startretries=1", "startsecs=1"),
    )
    slipway.wait_converged()
    wait_until(lambda: state(slipway, "late") == "FATAL", "late is given up")
    return slipway


def test_a_fatal_program_is_named_and_comes_back(crashing: Slipway) -> None:
    """
    FATAL is unhealthy, in `status` and in the log by name; once it can start, it does by itself.
    """
    health = crashing.health()
    assert health.code == 1
    assert health.stdout.startswith("unhealthy: late is FATAL: ")
    assert "✗ late failed: " in crashing.status()
    wait_until(lambda: "late is FATAL: Exited too quickly" in crashing.logs(), "it is logged")
    crashing.check_output("touch", "/ready")
    wait_until(lambda: state(crashing, "late") == "RUNNING", "late is back", 25 + LOADED)

    crashing.wait_healthy()


def test_a_fatal_program_that_is_stopped_by_hand_stays_so(crashing: Slipway) -> None:
    """
    `supervisorctl stop` of a program that is FATAL: no comeback, healthy with a note, `check` names
    it, and a restart of the container tries it again.
    """
    answer = crashing.exec("supervisorctl", "stop", "late")
    assert answer.stdout == "late: stopped\n"
    crashing.check_output("touch", "/ready")
    crashing.wait_healthy()
    assert "late was stopped by hand" in crashing.health().stdout
    check = crashing.exec("slipway", "check")
    assert (check.code, "Services: late: would start" in check.stdout) == (2, True)
    begun = time.monotonic()  # the comeback was due ten seconds after it was given up
    wait_until(lambda: time.monotonic() > begun + 12, "a comeback would have been", 20)

    assert state(crashing, "late") == "STOPPED"
    crashing.restart()
    wait_until(lambda: state(crashing, "late") == "RUNNING", "late starts with the container")


def test_stopped_by_hand_stays_stopped_until_asked(
    start: Start, key: KeyPair, tmp_path: Path
) -> None:
    """
    Running or in BACKOFF: `stop` and `stop all` end it; `slipway converge` starts it again.
    """
    slipway = start(
        environment={"SSH_PUBKEY": key.public},
        volumes={
            **program(tmp_path, "web", "sleep 1000"),
            **program(tmp_path, "broken", "/no/such/program", "startretries=1000"),
            **program(tmp_path, "once", "true", "startsecs=0", "autorestart=false"),
        },
    )
    slipway.wait_ssh(key)
    wait_until(lambda: state(slipway, "broken") == "BACKOFF", "broken is retried")
    slipway.check_output("supervisorctl", "stop", "broken", "web", "sshd")
    slipway.wait_healthy()
    note = slipway.health().stdout
    check = slipway.exec("slipway", "check")
    names = ["broken", "web", "sshd"]

    assert [name for name in names if f"{name} was stopped by hand" not in note] == []
    assert [name for name in names if name not in check.stdout] == []
    assert [name for name in names if state(slipway, name) != "STOPPED"] == []
    assert check.code == 2
    slipway.exec("slipway", "converge")
    slipway.wait_ssh(key)
    assert [name for name in ("web",) if state(slipway, name) == "STOPPED"] == []
    assert state(slipway, "once") == "EXITED"
    slipway.check_output("supervisorctl", "stop", "all")
    names = ["broken", "web", "sshd"]
    assert {state(slipway, name) for name in names} == {"STOPPED"}


def test_no_program_is_a_hot_loop(start: Start, tmp_path: Path) -> None:
    """
    `startsecs=0` and a program that ends at once: a handful of starts, then it waits.
    """
    command = "sh -c 'echo began >> /starts'"
    slipway = start(
        volumes=program(
            tmp_path, "hasty", command, "startsecs=0", "startretries=3", "autorestart=true"
        )
    )
    slipway.wait_converged()
    wait_until(lambda: state(slipway, "hasty") == "FATAL", "hasty is given up")
    began = slipway.check_output("cat", "/starts").splitlines()

    assert len(began) <= 5
    assert slipway.health().code == 1


def test_killing_supervisord_ends_the_container(start: Start) -> None:
    """
    So that a restart policy acts, and starts everything again.
    """
    slipway = start(restart_policy={"Name": "on-failure", "MaximumRetryCount": 3})
    slipway.wait_converged()
    slipway.exec("sh", "-c", "kill -9 $(cat /run/supervisord.pid)")

    def is_restarted() -> bool:
        slipway.container.reload()
        attributes = slipway.container.attrs
        return bool(attributes["RestartCount"] == 1 and attributes["State"]["Status"] == "running")

    wait_until(is_restarted, "the container is started again")
    slipway.wait_converged()
    slipway.wait_healthy()


def test_orphans_are_reaped(start: Start) -> None:
    """
    Three hundred children of nobody: no zombie is left after ten seconds.
    """
    slipway = start()
    slipway.wait_converged()
    slipway.check_output("sh", "-c", "for i in $(seq 300); do (sleep 0.5 &) ; done")
    zombies = "cat /proc/[0-9]*/stat 2>/dev/null | grep -c ') Z ' || true"
    sleepers = "cat /proc/[0-9]*/stat 2>/dev/null | grep -c '(sleep) S ' || true"
    begun = time.monotonic()
    wait_until(lambda: slipway.check_output("sh", "-c", sleepers) == "0\n", "all have ended")
    wait_until(lambda: slipway.check_output("sh", "-c", zombies) == "0\n", "no zombie")

    assert time.monotonic() - begun <= 10


@pytest.fixture
def foreign(start: Start, key: KeyPair) -> Slipway:
    """
    A container whose PID 1 is `sleep`, started by `slipway start`.
    """
    slipway = start("infinity", entrypoint=["sleep"], environment={"SSH_PUBKEY": key.public})
    slipway.check_output("slipway", "start")
    slipway.wait_ssh(key)
    return slipway


def test_a_supervisord_that_died_is_started_again(foreign: Slipway, key: KeyPair) -> None:
    """
    What it left running is supervised again: one sshd, one printer of logs, and sessions go on.
    """
    foreign.check_output("sh", "-c", "kill -9 $(cat /run/supervisord.pid)")
    assert foreign.ssh(key, "true").code == 0
    assert foreign.ssh(key, "slipway start; echo still here").stdout.endswith("still here\n")
    foreign.wait_ssh(key)
    running = foreign.check_output("sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '")

    assert running.count("/usr/bin/tini ") == 1
    assert running.count("[listener]") == 1
    assert state(foreign, "sshd") in ("STARTING", "RUNNING")
    foreign.wait_healthy()
    assert foreign.converge()["degraded"] == []


def test_a_start_that_was_killed_is_finished_by_the_next(
    start: Start, key: KeyPair, tmp_path: Path
) -> None:
    """
    `slipway start` killed at five moments, then called again, twice at the same time.
    """
    slipway = start("infinity", entrypoint=["sleep"], environment={"SSH_PUBKEY": key.public})
    for moment in ("0.05", "0.15", "0.3", "0.45", "0.6"):
        slipway.exec("timeout", "-s", "KILL", moment, "slipway", "start")
    both = slipway.exec("sh", "-c", "slipway start & slipway start; wait $!")

    assert both.code == 0
    slipway.wait_host_keys()  # sshd reads its files again when it gets its RSA key
    assert slipway.exec("slipway", "check").code == 0
    daemons = slipway.check_output("sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
    assert daemons.count("slipway.services.supervisord -n") == 2  # its tini, and itself
    slipway.wait_ssh(key)
    slipway.wait_healthy()


def test_anybody_but_root_is_told_so(foreign: Slipway) -> None:
    """
    `docker exec --user`: one line, no traceback.
    """
    commands = ["start", "converge", "check", "status", "health", "doctor"]
    for command in commands:
        result: Any = foreign.container.exec_run(["slipway", command], user="nobody", demux=True)
        _, stderr = result.output

        assert result.exit_code == 1, command
        assert stderr.decode().endswith("Permission denied; run it as root\n"), stderr
        assert len(stderr.decode().splitlines()) == 1, stderr
