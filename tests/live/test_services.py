"""
Programs that an image declares: built into it, started in order, ready, stopped and off.
"""

from __future__ import annotations

import base64
import inspect
import re
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import docker
import pytest

from .conftest import PREFIX, KeyPair, Slipway, wait_until

Start = Callable[..., Slipway]
TASK = "/etc/slipway/trial/tasks/services.py"
HAND = "[program:hand]\ncommand=sleep 1000\nstartsecs=1\n"


def supervise() -> None:
    """
    Is an extension's task.
    """
    from slipway.operations import service  # noqa: PLC0415 - of the container

    python, gated = (
        "/opt/slipway/venv/bin/python3",
        (
            "import http.server, os, sys, time\n"
            "from http.server import SimpleHTTPRequestHandler as Handler\n"
            "while not os.path.exists(sys.argv[1]): time.sleep(0.05)\n"
            "class Server(http.server.ThreadingHTTPServer): daemon_threads = True\n"
            "Server(('', int(os.environ['PORT'])), Handler).serve_forever()"
        ),
    )
    service.program(
        name="Run the third",
        program="third",
        command="sleep 1000",
        after=["second"],
        ready=["test", "-e", "/tmp/third"],
    )
    service.program(
        name="Run the second",
        program="second",
        command=[python, "-c", gated, "/tmp/second"],
        user="www-data",
        directory="/srv",
        port=8102,
        ready="tcp",
        after=["first"],
    )
    service.program(
        name="Run the first",
        program="first",
        command=[python, "-c", gated, "/tmp/first"],
        user="www-data",
        directory="/srv",
        port=8101,
        ready="http://127.0.0.1:8101/",
        ready_within=6,
        title="Erstes",
    )
    service.program(name="Run mine", program="mine", command="sleep 1000", after=["hand"])
    service.program(name="Run lonely", program="lonely", command="sleep 1", after=["nobody"])
    service.program(
        name="Run late", program="late", command="sleep 1000", port=22, ready="tcp", ready_within=1
    )
    service.program(
        name="Run odd",
        program="odd",
        port=80,
        environment={"A": "1\n; # 2"},
        command=[
            "sh",
            "-c",
            'printf "%s|" "$@" "$A$PORT$USER_GIVEN" >/tmp/odd; exec sleep 1000',
            "sh",
            "a ; b\n%(x)s",
            b"caf\xe9",
        ],
    )


def put(slipway: Slipway, path: str, text: str) -> None:
    """
    Write a file in a container.
    """
    script = 'mkdir -p "${1%/*}" && printf %s "$2" > "$1"'
    slipway.check_output("sh", "-c", script, "sh", path, text)


def task(**changed: str) -> str:
    """
    Return the task's text, with some of it changed.
    """
    text = inspect.getsource(supervise)
    for old, new in changed.items():
        assert old in text
        text = text.replace(old, new)
    return f"{text}\n\nsupervise()\n"


@pytest.fixture(scope="module")
def extended(engine: docker.DockerClient, module_start: Start, image: str) -> Iterator[str]:
    """
    An image with these programs, built in the build phase.
    """
    builder = module_start(entrypoint=["sleep", "1000"], ports={})
    put(builder, TASK, task())
    put(builder, "/etc/supervisor/conf.d/hand.conf", HAND)
    builder.check_output("slipway", "converge", "--phase", "build")
    name = f"{PREFIX}{uuid.uuid4().hex[:12]}"
    own = engine.images.get(image).attrs["Config"]
    builder.container.commit(
        repository=name, conf={key: own[key] for key in ("Entrypoint", "Cmd", "Healthcheck")}
    )
    yield name
    engine.images.remove(name, force=True)


@pytest.fixture(scope="module")
def running(extended: str, module_start: Start, key: KeyPair) -> Slipway:
    """
    A container of it, in which first, second and third are let be ready by a test.
    """
    slipway = module_start(
        image=extended, environment={"SSH_PUBKEY": key.public, "USER_GIVEN": "x;y%z"}
    )
    slipway.wait_converged()
    return slipway


def programs(slipway: Slipway) -> dict[str, dict[str, Any]]:
    """
    Return what status says of each program.
    """
    document = slipway.as_json("slipway", "status", "--json")
    return {program["name"]: program for program in document["programs"]}


def are(slipway: Slipway, **states: str) -> None:
    """
    Wait until programs are so.
    """
    wait_until(
        lambda: {name: programs(slipway)[name]["state"] for name in states} == states,
        f"{states}, not {programs(slipway)}",
    )


def said_at(slipway: Slipway, words: str) -> float:
    """
    Return when supervisord's log says something for the first time.
    """
    log = slipway.check_output("cat", "/var/log/supervisor/supervisord.log")
    found = re.search(rf"^([\d-]+ [\d:]+),(\d+) \w+ {re.escape(words)}", log, re.MULTILINE)
    assert found, (words, log)
    return datetime.fromisoformat(f"{found[1]}.{found[2]}").timestamp()


def test_what_is_declared_arrives_in_its_process(running: Slipway) -> None:
    """
    With the container's variables; nothing of it is a shell's or supervisor's.
    """
    wait_until(lambda: running.exec("test", "-s", "/tmp/odd").code == 0, "it runs")

    seen = running.check_output("base64", "/tmp/odd")
    expected = b"a ; b\n%(x)s|caf\xe9|1\n; # 280x;y%z|"
    assert base64.b64decode(seen) == expected


def test_they_start_in_order_each_when_those_before_are_ready(running: Slipway) -> None:
    """
    Health names the missing one, first with a note, then as ill; another's port does not count, nor
    does a program that nobody knows.
    """
    are(running, first="starting", second="waiting", third="waiting", mine="ready")
    status = running.status()
    wait_until(lambda: "first is not ready after 6 s" in running.health().stdout, "it is named")
    health = running.health()
    running.check_output("touch", "/tmp/second", "/tmp/third")
    assert programs(running)["second"]["state"] == "waiting"
    running.check_output("touch", "/tmp/first")
    are(running, first="ready", second="ready", third="ready")

    assert "○ second waiting (for first)" in status
    assert health.code == 1
    assert "first is not ready after 6 s: nothing listens on port 8101" in health.stdout
    assert "late is not ready after 1 s: port 22 is another program's: sshd" in health.stdout
    assert "nobody is no program here, and lonely waits for it" in health.stdout
    assert "second" not in health.stdout
    assert "third" not in health.stdout
    for one, other in (("first", "second"), ("second", "third")):
        waited = said_at(running, f"spawned: '{other}'") - said_at(running, f"ready: {one},")
        assert 0 <= waited < 0.5
    waited = said_at(running, "spawned: 'mine'") - said_at(running, "success: hand ")
    assert 0 <= waited < 0.5


def test_who_runs_goes_on_when_another_changes_or_restarts(running: Slipway) -> None:
    """
    By a convergence that changes the one in the middle, and by `supervisorctl restart`.
    """
    running.check_output("touch", "/tmp/first", "/tmp/second", "/tmp/third")
    are(running, first="ready", second="ready", third="ready")
    assert running.exec("slipway", "check").code == 0
    before = programs(running)
    put(running, TASK, task(**{"port=8102": "port=8103"}))
    check = running.exec("slipway", "check")
    changed = running.converge()
    are(running, second="ready", third="ready")
    unchanged = running.converge()
    running.check_output("supervisorctl", "restart", "first")
    are(running, first="ready", second="ready", third="ready")
    after = programs(running)

    assert check.stdout == (
        "trial: /etc/supervisor/conf.d/second.conf: content differs\n"
        "Services: second: would restart: its file changed\n"
    )
    assert (changed["totals"]["changed"], unchanged["totals"]["changed"]) == (2, 0)
    moved = {name for name in before if before[name]["pid"] != after[name]["pid"]}
    assert moved == {"first", "second"}


def test_what_was_stopped_by_hand_stays_so(running: Slipway) -> None:
    """
    A crash of another starts nothing; a convergence does, in order.
    """
    running.check_output("touch", "/tmp/first", "/tmp/second", "/tmp/third")
    are(running, first="ready", second="ready", third="ready")
    running.check_output("supervisorctl", "stop", "third", "second")
    running.check_output("rm", "/tmp/second")
    running.check_output("sh", "-c", "kill -9 $(supervisorctl pid first)")
    wait_until(lambda: programs(running)["first"]["state"] == "ready", "it is back")
    stopped = programs(running)
    assert "Services: second: would start" in running.exec("slipway", "check").stdout
    running.converge()
    are(running, second="starting", third="waiting")
    running.check_output("touch", "/tmp/second")
    are(running, second="ready", third="ready")

    assert (stopped["second"]["state"], stopped["third"]["state"]) == ("stopped", "stopped")


def test_at_rest_nothing_is_looked_at(running: Slipway) -> None:
    """
    A server that is ready is asked no more.
    """
    running.check_output("touch", "/tmp/first")
    are(running, first="ready")
    log = "/var/log/supervisor/first.log"
    asked = running.check_output("grep", "-c", "GET / ", log)
    for _ in range(3):
        running.health()

    assert running.check_output("grep", "-c", "GET / ", log) == asked


def test_they_stop_the_other_way(running: Slipway) -> None:
    """
    In the container's own bound, and the next start begins in order again.
    """
    running.check_output("touch", "/tmp/first", "/tmp/second", "/tmp/third")
    are(running, first="ready", second="ready", third="ready", mine="ready")
    running.check_output("sh", "-c", ": > /var/log/supervisor/supervisord.log")
    running.restart()
    are(running, first="ready", second="ready", third="ready", mine="ready")

    stops = [said_at(running, f"stopped: {name} ") for name in ("third", "second", "first")]
    assert stops == sorted(stops)
    assert said_at(running, "stopped: mine ") <= said_at(running, "stopped: hand ")
    waited = said_at(running, "spawned: 'second'") - said_at(running, "ready: first,")
    assert 0 <= waited < 0.5


def test_services_can_be_switched_off(extended: str, start: Start, key: KeyPair) -> None:
    """
    By name; what is no name of one is refused, and Slipway's own go on. A hand starts one.
    """
    off = "first, hand,late,lonely,nosuch,sshd"
    slipway = start(
        image=extended, environment={"SSH_PUBKEY": key.public, "SLIPWAY_SERVICES_OFF": off}
    )
    report = slipway.wait_converged()
    are(slipway, first="off", hand="off", late="off", second="waiting", mine="waiting", odd="ready")
    slipway.wait_healthy()
    health = slipway.health().stdout
    unchanged = slipway.converge()["totals"]["changed"]
    slipway.check_output("touch", "/tmp/first", "/tmp/second")
    slipway.check_output("supervisorctl", "start", "first")
    are(slipway, first="ready", second="ready", hand="off")

    rules = {entry["rule"] for entry in report["refusals"]}
    assert rules == {
        "must not name sshd, which is Slipway's own",
        "names no program of this container: nosuch",
    }
    assert "first is switched off, and second waits for it" in health
    assert "hand is switched off, and mine waits for it" in health
    assert unchanged == 0
    assert slipway.ssh(key, "true").code == 0
