"""
Whatever a user puts into conf.d, over supervisord's main file or into its limits: SSH comes up, and
what is not as it should be is named.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docker
import pytest

from slipway.contract.paths import own_program_names
from tests.unit.services.bad_files import BAD, GOOD, Bad

from .conftest import KeyPair, Slipway, wait_until

Start = Callable[..., Slipway]
PROGRAMS = "/etc/supervisor/conf.d"
SUPERVISORD = "/etc/supervisor/supervisord.conf"


def put(slipway: Slipway, path: str, content: bytes, script: str = "") -> None:
    """
    Make a file in the container.
    """
    if script:
        slipway.check_output("sh", "-c", script, "sh", path)
        return
    text = base64.b64encode(content).decode()
    slipway.check_output("sh", "-c", 'echo "$2" | base64 -d > "$1"', "sh", path, text)


def named(path: str, bad: Bad) -> str:
    """
    Return how a bad file is named.
    """
    return f"{path} line {bad.line}: " if bad.line else f"{path}: "


@pytest.fixture(scope="module")
def settled(module_start: Start, key: KeyPair) -> Slipway:
    """
    A container with a good program of a user's.
    """
    slipway = module_start(environment={"SSH_PUBKEY": key.public})
    slipway.wait_converged()
    put(slipway, f"{PROGRAMS}/good.conf", GOOD.encode())
    assert slipway.exec("slipway", "converge").code == 0
    slipway.wait_host_keys()
    slipway.wait_healthy()
    return slipway


@pytest.mark.parametrize("bad", BAD, ids=[bad.name for bad in BAD])
def test_a_bad_file_is_named_and_nothing_is_lost(settled: Slipway, key: KeyPair, bad: Bad) -> None:
    """
    By converge, check, health and status; a login works, and all is well when the file is gone.
    """
    path = f"{PROGRAMS}/z.conf"
    put(settled, path, bad.content, bad.script)
    try:
        converged = settled.exec("slipway", "converge")
        health, status = settled.health(), settled.as_json("slipway", "status", "--json")
        login = settled.ssh(key, "true").code
        checked = settled.exec("slipway", "check")
    finally:
        settled.exec("rm", "-rf", path)

    assert converged.code == 1
    assert f"failed: Services: Apply the programs' files: left out: {named(path, bad)}" in (
        converged.stdout
    )
    assert login == 0
    assert health.code == 1
    assert health.stdout.startswith(f"unhealthy: left out: {named(path, bad)}")
    assert bad.words in health.stdout
    assert [(each["file"], each["line"]) for each in status["left_out"]] == [(path, bad.line)]
    assert {each["name"] for each in status["programs"]} == {"good", *own_program_names()}
    assert checked.code == 1
    assert f"left out: {named(path, bad)}" in checked.stdout
    assert "Traceback" not in converged.stderr + checked.stderr + health.stderr
    assert "hush" not in converged.stdout + health.stdout + str(status) + checked.stdout


def test_all_is_well_when_they_are_gone(settled: Slipway) -> None:
    """
    Nothing of them stays.
    """
    assert settled.exec("slipway", "converge").code == 0
    settled.wait_healthy()

    assert settled.exec("slipway", "check").code == 0
    assert "Traceback" not in settled.logs()


def test_a_restart_with_all_of_them_has_ssh(settled: Slipway, key: KeyPair) -> None:
    """
    And with a main file of no use, which the convergence replaces by ours; `supervisorctl update`
    applies what is mended.
    """
    for number, bad in enumerate(BAD):
        put(settled, f"{PROGRAMS}/z{number:03}.conf", bad.content, bad.script)
    put(settled, SUPERVISORD, b"what is this\n")
    settled.container.restart(timeout=10)
    settled.wait_ssh(key)
    report = settled.wait_converged()

    assert report["totals"]["failed"] == 1
    status = settled.as_json("slipway", "status", "--json")
    assert len(status["left_out"]) >= len(BAD)
    assert {each["name"] for each in status["programs"]} == {"good", *own_program_names()}
    assert settled.health().code == 1
    logs = settled.logs()
    assert all(f"left out: {PROGRAMS}/z{number:03}.conf" in logs for number in range(len(BAD)))
    assert "Traceback" not in logs
    assert "hush" not in logs
    settled.check_output("sh", "-c", f"rm -rf {PROGRAMS}/z*.conf")
    settled.check_output("supervisorctl", "update")
    settled.wait_healthy()
    assert settled.exec("slipway", "check").code == 0


MAIN = {
    "nothing": b"",
    "no section": b"x\n",
    "bytes": b"\xff\xfe\xfd",
    "no programs of ours, another socket, another user": (
        b"[unix_http_server]\nfile=/tmp/mine.sock\nusername=a\npassword=b\n"
        b"[supervisord]\nuser=nobody\nlogfile=/tmp/x.log\nnodaemon=false\n"
    ),
    "a log nowhere": b"[supervisord]\nlogfile=/no/such/place/x.log\n",
    "sshd's port": b"[supervisord]\n[inet_http_server]\nport=22\n",
    "minimums": b"[supervisord]\nminfds=100000000\nminprocs=100000000\n",
}


USABLE = {"no programs of ours, another socket, another user", "minimums"}  # with ours beside


@pytest.mark.parametrize("name", MAIN)
def test_a_main_file_of_no_use_costs_no_login(
    start: Start, key: KeyPair, tmp_path: Path, name: str
) -> None:
    """
    Mounted over ours, so that nothing can replace it: what is wrong is named.

    One that can be used, without what is Slipway's in it, is degraded and no illness.
    """
    path = tmp_path / "supervisord.conf"
    path.write_bytes(MAIN[name])
    slipway = start(
        environment={"SSH_PUBKEY": key.public},
        volumes={str(path): {"bind": SUPERVISORD, "mode": "ro"}},
    )
    slipway.wait_ssh(key)
    slipway.wait_converged()

    assert SUPERVISORD in slipway.health().stdout
    assert slipway.health().code == (0 if name in USABLE else 1)


def test_a_conf_d_of_the_users_costs_no_login(start: Start, key: KeyPair, tmp_path: Path) -> None:
    """
    Mounted over ours, read-only, with a file called as ours.
    """
    tmp_path.joinpath("sshd.conf").write_text("[program:sshd]\ncommand=false\n")
    slipway = start(
        environment={"SSH_PUBKEY": key.public},
        volumes={str(tmp_path): {"bind": PROGRAMS, "mode": "ro"}},
    )
    slipway.wait_ssh(key)
    slipway.wait_converged()

    status = slipway.as_json("slipway", "status", "--json")
    assert [each["file"] for each in status["left_out"]] == [f"{PROGRAMS}/sshd.conf"]


LIMITS = [
    ("nofile", 512),
    ("nofile", 256),
    ("nofile", 64),
    ("nofile", 32),
    ("nproc", 100),
    ("nproc", 10),
    ("fsize", 1 << 20),
    ("core", 0),
    ("stack", 1 << 20),
    ("memlock", 0),
    ("msgqueue", 0),
    ("sigpending", 100),
]


@pytest.mark.parametrize(("name", "most"), LIMITS, ids=[f"{name}={most}" for name, most in LIMITS])
def test_no_limit_is_a_condition_for_ssh(start: Start, key: KeyPair, name: str, most: int) -> None:
    """
    Supervisord's own minimums are wishes; what they are not met with is named.
    """
    slipway = start(
        environment={"SSH_PUBKEY": key.public},
        ulimits=[docker.types.Ulimit(name=name, soft=most, hard=most)],
    )
    slipway.wait_ssh(key)
    slipway.wait_converged()
    slipway.wait_healthy()

    note = f"ulimit {name}: {most}, "
    assert (note in slipway.health().stdout) == (name in ("nofile", "nproc"))
    assert (note in slipway.status()) == (name in ("nofile", "nproc"))


def timed(slipway: Slipway, *words: str) -> tuple[float, Any]:
    """
    Run a command; returns its seconds, too.
    """
    began = time.monotonic()
    done = slipway.exec("timeout", "120", *words)
    return time.monotonic() - began, done


def test_a_frozen_supervisord_is_named_by_all(start: Start, key: KeyPair) -> None:
    """
    Bounded, and never taken for one that does not run: `slipway start` starts no second one.
    """
    slipway = start(environment={"SSH_PUBKEY": key.public})
    slipway.wait_converged()
    slipway.wait_host_keys()
    slipway.wait_healthy()
    pid = slipway.check_output("cat", "/run/supervisord.pid").strip()
    slipway.check_output("kill", "-STOP", pid)
    took = {}
    for command in ("converge", "check", "status", "health", "start"):
        took[command], done = timed(slipway, "slipway", command)
        said = " ".join((done.stdout + done.stderr).split())
        assert done.code == 1, (command, done)
        assert "supervisord does not answer" in said, (command, said)
        assert "Traceback" not in said
        if command in ("status", "start"):
            assert f"kill -CONT {pid}" in said
    assert "does not run" not in slipway.status()
    assert slipway.ssh(key, "true").code == 0
    assert max(took.values()) < 40, took
    slipway.check_output("kill", "-CONT", pid)
    wait_until(lambda: slipway.exec("slipway", "converge").code == 0, "it converges")

    slipway.wait_healthy()
    assert slipway.check_output("cat", "/run/supervisord.pid").strip() == pid


def _told_with(slipway: Slipway, *words: str) -> str:
    """
    Return what health says, "" while some words are not in it: ten seconds later it is another try.
    """
    said = slipway.health().stdout
    return said if all(word in said for word in words) else ""


def test_a_program_that_makes_a_daemon_of_itself(settled: Slipway, key: KeyPair) -> None:
    """
    No stray is left after many tries, what it has to do is told, and others' processes stay.
    """
    path = f"{PROGRAMS}/daemon.conf"
    assert settled.ssh(key, "nohup sleep 3141 >/dev/null 2>&1 &").code == 0
    content = "[program:daemon]\ncommand=sh -c 'setsid sleep 2718 & sleep 2718 &'\nstartretries=1\n"
    put(settled, path, content.encode())
    settled.exec("slipway", "converge")
    told = wait_until(lambda: _told_with(settled, "daemon is FATAL"), "it is given up")
    status = settled.status()
    wait_until(lambda: settled.exec("pgrep", "-f", "^sleep 2718").code == 1, "none is left")
    settled.exec("rm", path)
    assert settled.exec("slipway", "converge").code == 0

    assert "it must stay in the foreground" in told
    assert "it must stay in the foreground" in status
    assert settled.exec("pgrep", "-fx", "sleep 3141").code == 0
    settled.wait_healthy()


STRAYS = """
[program:other]
command=sh -c 'setsid -f sleep 27182'
user=nobody
startretries=1
[program:bare]
command=sh -c 'setsid -f env -i sleep 27182'
startretries=1
[program:slow]
command=sh -c 'sleep 27182 & sleep 3.5'
startsecs=2
autorestart=true
"""


def test_strays_of_every_kind_are_ended_and_nobody_elses(settled: Slipway, key: KeyPair) -> None:
    """
    Of another user, without variables, after a while: none piles up. A user's own live on: from
    ssh, in a terminal of tmux, without variables, of that same user.
    """
    path = f"{PROGRAMS}/strays.conf"
    for command in (
        "nohup sleep 31415 >/dev/null 2>&1 &",
        "setsid -f env -i sleep 31416 >/dev/null 2>&1 </dev/null",
        "tmux new-session -d 'sleep 31417'",
        "setsid -f setpriv --reuid nobody --clear-groups sleep 31418 >/dev/null 2>&1 </dev/null",
    ):
        assert settled.ssh(key, command).code == 0
    put(settled, path, STRAYS.encode())
    settled.exec("slipway", "converge")
    wait_until(lambda: "slow keeps ending: 3 times" in settled.health().stdout, "it is at it")
    said = wait_until(lambda: _told_with(settled, "other is FATAL", "bare is FATAL"), "given up")
    left = settled.exec("pgrep", "-fx", "sleep 27182").stdout.split()
    settled.check_output("rm", path)
    assert settled.exec("slipway", "converge").code == 0

    assert said.count("it must stay in the foreground") == 2
    assert len(left) <= 2  # of the one that runs, and one that is told to end
    for number in range(31415, 31419):
        assert settled.exec("pgrep", "-fx", f"sleep {number}").code == 0, number
    settled.exec("pkill", "-fx", "sleep (27182|3141[5-8])")
    settled.wait_healthy()


def test_logs_that_are_lost_are_told_and_cost_nothing(start: Start, key: KeyPair) -> None:
    """
    The container's own output with supervisor's default rotation, a log that is removed, a full
    disk: no traceback, no line for each line, a note, and all goes on when there is room.
    """
    slipway = start(
        environment={"SSH_PUBKEY": key.public},
        tmpfs={"/var/log/supervisor": "size=2m"},
    )
    slipway.wait_converged()
    loop = "sh -c 'while :; do echo %s; sleep 0.2; done'"
    much = "to-file $(head -c 2000 /dev/zero | tr '\\0' x)".replace("'", '"')
    put(
        slipway,
        f"{PROGRAMS}/chatty.conf",
        f"[program:out]\ncommand={loop % 'to-stdout'}\nstdout_logfile=/dev/stdout\n"
        f"[program:file]\ncommand={loop % much}\n".encode(),
    )
    assert slipway.exec("slipway", "converge").code == 0
    slipway.wait_healthy()
    log = "/var/log/supervisor/file.log"
    slipway.check_output("rm", log)
    wait_until(lambda: "to-file" in slipway.exec("cat", log).stdout, "the log is back")
    slipway.exec("sh", "-c", "cat /dev/zero > /var/log/supervisor/fill")
    wait_until(lambda: f"{log}: No space left on device" in slipway.health().stdout, "a note")
    assert slipway.health().code == 0
    assert f"{log}: No space left on device" in slipway.status()
    assert slipway.ssh(key, "true").code == 0
    slipway.check_output("rm", "/var/log/supervisor/fill")
    wait_until(lambda: "No space" not in slipway.health().stdout, "the note is gone")
    said = slipway.logs()

    assert "to-stdout" in said
    assert "Illegal seek" not in said
    assert "Traceback" not in said
    assert 1 <= said.count(f"{log}: No space left on device") <= 3
