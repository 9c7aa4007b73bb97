"""
Several running containers converged from outside: by pyinfra's own command line, and by ours.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import docker
import pytest

from slipway.connectors.container import ContainerConnector

from .conftest import PREFIX, KeyPair, Result, Slipway, wait_until

Start = Callable[..., Slipway]

ROOT = Path(__file__).parents[2]
FOREIGN = {
    "SSH_PUBKEY": "ssh-ed25519 of-the-controller",
    "WORKSPACE": "/elsewhere",
    "SKIP_ACL": "1",
}


def outside(*words: str, environment: dict[str, str] | None = None) -> Result:
    """
    Run a program of .venv where the repository is, with variables that are none of a container's.
    """
    program, *arguments = words
    done = subprocess.run(
        [Path(sys.executable).with_name(program), *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **FOREIGN, **(environment or {})},
    )
    return Result(done.returncode, done.stdout, done.stderr)


def fleet(*words: str) -> Result:
    """
    Run our own command.
    """
    return outside("python", "-m", "slipway.fleet", *words)


@contextmanager
def stuck(slipway: Slipway) -> Iterator[subprocess.Popen[str]]:
    """
    Run our own command on a container in which a fact takes for ever.
    """
    slow = (
        "mv /usr/bin/dpkg-query /usr/bin/dpkg-query.real; "
        "printf '#!/bin/sh\nsleep 3456; :\n' > /usr/bin/dpkg-query; chmod +x /usr/bin/dpkg-query"
    )
    slipway.check_output("sh", "-c", slow)
    words = [sys.executable, "-m", "slipway.fleet", str(slipway.container.name)]
    try:
        with subprocess.Popen(
            words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            is_slow = ("pgrep", "-f", "^sleep 3456")
            wait_until(lambda: slipway.exec(*is_slow).code == 0, "the slow fact")
            yield process
    finally:
        slipway.check_output("mv", "/usr/bin/dpkg-query.real", "/usr/bin/dpkg-query")


@pytest.fixture(scope="module")
def containers(module_start: Start, key: KeyPair, other_key: KeyPair) -> list[Slipway]:
    """
    Two that have little in common: variables, arguments, a secret in a file, a mounted key file.
    """
    one = module_start(environment={"SSH_PUBKEY": key.public, "X": "a'b\n$(c)"})
    two = module_start(
        "WORKSPACE=/data",
        "SKIP_ACL=true",
        environment={"SSH_PUBKEY_FILE": "/run/secrets/key", "RCLONE_CONFIG_DISK_TYPE": "local"},
        tmpfs={"/data": ""},
        volumes={
            str(key.path.with_name(f"{key.path.name}.pub")): {
                "bind": "/root/.ssh/authorized_keys_mount",
                "mode": "ro",
            },
            str(other_key.path.with_name(f"{other_key.path.name}.pub")): {
                "bind": "/run/secrets/key",
                "mode": "ro",
            },
        },
    )
    for slipway in (one, two):
        slipway.wait_converged()
        slipway.wait_healthy()
        slipway.wait_host_keys()
    return [one, two]


def names(containers: list[Slipway]) -> list[str]:
    """
    Return the containers' names.
    """
    return [str(slipway.container.name) for slipway in containers]


def state(slipway: Slipway) -> str:
    """
    Return what a convergence that changes nothing leaves as it is, times included.
    """
    script = (
        "find /etc /root /opt/slipway /usr/local /var/lib/slipway /run/slipway /workspace /data "
        "-xdev -not -path /run/slipway/report.json "
        "-not -path /run/slipway "
        "-printf '%p %m %U %G %T@ %l\\n' | sort | sha256sum"
    )
    return slipway.check_output("sh", "-c", script)


def test_stock_pyinfra_finds_nothing_to_change(containers: list[Slipway]) -> None:
    """
    The Settings of each container are its own: the controller's variables and files play no part.
    """
    before = [state(slipway) for slipway in containers]
    hosts = ",".join(f"@container/{name}" for name in names(containers))
    result = outside("pyinfra", hosts, "deploy.py", "-y")
    operations = [slipway.converge()["operations"] for slipway in containers]

    assert result.code == 0, result
    assert result.stderr.count("No changes") == sum(map(len, operations)), result.stderr
    assert [state(slipway) for slipway in containers] == before


def test_drift_is_put_right_from_outside(containers: list[Slipway]) -> None:
    """
    By the inventory of the repository, of which one container is chosen.
    """
    one, two = containers
    for slipway in containers:
        slipway.check_output("sh", "-c", "echo drift > /etc/motd; rm /root/.ssh/authorized_keys")
    host = f"@container/{one.container.name}"
    result = outside("pyinfra", "inventory.py", "--limit", host, "deploy.py", "-y")

    assert result.code == 0, result
    assert one.exec("slipway", "check").stdout == "nothing would change\n"
    assert one.check_output("ls", "-l", "/usr/local/bin/supervisorctl").endswith(
        "-> /opt/slipway/venv/bin/supervisorctl\n"
    )
    assert two.exec("slipway", "check").code == 2
    two.converge()


def test_our_own_command_checks_and_converges(containers: list[Slipway]) -> None:
    """
    One line a container, what differs, a summary; and the container's own report afterwards.
    """
    one, two = containers
    two.check_output("sh", "-c", "echo drift > /etc/motd; setfacl -m u:65534:r /root")
    quiet = state(one)
    check = fleet("--check", *names(containers))
    document = json.loads(fleet("--check", "--json", *names(containers)).stdout)
    inside = two.as_json("slipway", "check", "--json")

    assert check.code == 2, check
    assert f"{one.container.name}: checked in " in check.stdout
    assert f"{two.container.name}: changed: Overlay: /etc/motd: content differs" in check.stdout
    assert check.stdout.splitlines()[-1].endswith("1 differs, 0 failed")
    assert document[str(two.container.name)]["settings"] == inside["settings"]
    assert [
        (each["task"], each["name"], each["outcome"])
        for each in document[str(two.container.name)]["operations"]
    ] == [(each["task"], each["name"], each["outcome"]) for each in inside["operations"]]

    converge = fleet(*names(containers))
    assert converge.code == 0, converge
    assert converge.stdout.splitlines()[-1].endswith("1 changed, 0 failed")
    report = two.report()
    assert report
    assert report["totals"]["changed"] == 2
    assert report["settings"] == inside["settings"]
    assert two.exec("slipway", "check").code == 0
    assert fleet("--check", *names(containers)).code == 0
    assert state(one) == quiet
    assert two.health().code == 0


def test_a_container_that_fails_fails_alone(containers: list[Slipway], start: Start) -> None:
    """
    One is not there, one is broken, one is converged all the same.
    """
    broken = start("sleep", "infinity")
    wait_until(lambda: broken.exec("pgrep", "-x", "sleep").code == 0, "converged")
    broken.check_output("sh", "-c", "chmod -x /usr/bin/stat; echo drift > /etc/motd")
    one = containers[0]
    one.check_output("sh", "-c", "echo drift > /etc/motd")
    result = fleet("slipway-test-none", str(broken.container.name), str(one.container.name))

    assert result.code == 1
    assert "slipway-test-none: failed: Container: connect: no such container" in result.stdout
    assert f"{broken.container.name}: could not converge" in result.stdout
    assert f"{one.container.name}: converged in" in result.stdout
    assert "Traceback" not in result.stdout + result.stderr
    assert one.exec("slipway", "check").code == 0


def test_a_convergence_inside_is_waited_for(containers: list[Slipway]) -> None:
    """
    Whoever has the container's lock is let finish, also by a check.
    """
    one = containers[0]
    name = str(one.container.name)
    one.check_output("sh", "-c", "echo drift > /etc/motd")
    one.check_output("mkfifo", "/tmp/go")
    api: Any = one.container.client
    for words, code in ((["--check"], 2), ([], 0)):
        holder = api.api.exec_create(name, ["flock", "/run/slipway/lock", "cat", "/tmp/go"])["Id"]
        api.api.exec_start(holder, detach=True)
        wait_until(lambda: one.exec("flock", "-n", "/run/slipway/lock", "true").code == 1, "locked")
        later = threading.Timer(2, lambda: one.check_output("sh", "-c", ": > /tmp/go"))
        later.start()
        assert fleet(*words, name).code == code
        later.join()
        assert not api.api.exec_inspect(holder)["Running"]
        assert one.exec("flock", "-n", "/run/slipway/lock", "true").code == 0


def test_a_convergence_that_was_cut_off_is_named_until_one_ends(containers: list[Slipway]) -> None:
    """
    One from outside leaves the same mark as one inside, and takes away the other's.
    """
    one = containers[0]
    name = str(one.container.name)
    one.check_output("touch", "/run/slipway/unfinished")
    assert one.health().code == 1
    assert fleet("--check", name).code == 0
    assert one.health().code == 1
    assert fleet(name).code == 0
    assert one.health().code == 0

    with stuck(one) as process:
        process.kill()
    one.exec("pkill", "-f", "^sleep 3456")  # a shell ends when its command does
    wait_until(lambda: "was cut off half-way" in one.health().stdout, "health names it")
    assert fleet(name).code == 0
    assert one.health().code == 0


def test_an_interrupt_ends_commands_and_locks(containers: list[Slipway]) -> None:
    """
    Ctrl-C: no traceback, exit code 130, nothing goes on in the container.
    """
    one = containers[0]
    with stuck(one) as process:
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=30)

    assert process.returncode == 130
    assert "Traceback" not in output
    assert one.exec("pgrep", "-f", "^sleep 3456").code == 1
    assert one.exec("flock", "-n", "/run/slipway/lock", "true").code == 0
    assert fleet(str(one.container.name)).code == 0


def test_the_report_says_what_each_operation_took(containers: list[Slipway]) -> None:
    """
    As that of a convergence inside does.
    """
    one = containers[0]
    assert fleet(str(one.container.name)).code == 0
    report = one.report()

    assert report
    assert sum(each["seconds"] for each in report["operations"]) > 0


def test_a_check_names_what_is_refused(start: Start) -> None:
    """
    As `slipway check` does.
    """
    slipway = start("sleep", "infinity", environment={"GPU_COUNT": "many"})
    wait_until(lambda: slipway.exec("pgrep", "-x", "sleep").code == 0, "converged")
    result = fleet("--check", str(slipway.container.name))

    assert f"{slipway.container.name}: refused: GPU_COUNT: " in result.stdout


def test_a_convergence_inside_may_be_ordered_from_outside(containers: list[Slipway]) -> None:
    """
    Only Slipway's own tasks hold the lock, so that this does not wait for itself.
    """
    host = f"@container/{containers[0].container.name}"
    result = outside("pyinfra", host, "exec", "--", "slipway", "converge")

    assert result.code == 0, result
    assert "converged in" in result.stderr


def test_both_at_once_end_well(containers: list[Slipway]) -> None:
    """
    Convergences from outside and inside, started together on a drifted container.
    """
    one = containers[0]
    one.check_output("sh", "-c", "echo drift > /etc/motd; rm /root/.ssh/authorized_keys")
    inside = [
        subprocess.Popen(
            ["docker", "exec", str(one.container.name), "slipway", "converge"],
            stdout=subprocess.DEVNULL,
        )
        for _ in range(3)
    ]
    results = [fleet(str(one.container.name)) for _ in range(2)]

    assert [process.wait() for process in inside] == [0, 0, 0]
    assert [result.code for result in results] == [0, 0], results
    assert one.exec("slipway", "check").code == 0
    assert one.exec("sh", "-c", "ls -A /root/.ssh /etc | grep slipway$").stdout == ""


def test_live_needs_no_inventory(containers: list[Slipway]) -> None:
    """
    `pyinfra @live deploy.py` inside: the connector gives the host's data.
    """
    one = containers[0]
    script = "cd /opt/slipway && venv/bin/pyinfra @live deploy.py -y 2>&1"
    output = one.check_output("sh", "-c", script)

    assert output.count("No changes") == len(one.converge()["operations"])


def test_other_peoples_containers_are_left_alone(
    engine: docker.DockerClient, containers: list[Slipway]
) -> None:
    """
    Neither found nor, where they are named, changed.
    """
    other = engine.containers.run(
        "debian:bookworm-slim", ["sleep", "infinity"], name=f"{PREFIX}plain", detach=True
    )
    try:
        result = fleet(str(other.name))
        assert result.code == 1
        assert "failed: Container: find Slipway: there is no /opt/slipway" in result.stdout
        assert other.diff() is None
        found = [name for name, _, _ in ContainerConnector.make_names_data()]
    finally:
        other.remove(force=True)

    assert f"@container/{other.name}" not in found
    assert {f"@container/{name}" for name in names(containers)} <= set(found)


def test_strict_is_strict_from_outside(start: Start) -> None:
    """
    As `slipway converge` refuses inside.
    """
    slipway = start("sleep", "infinity", environment={"GPU_COUNT": "many"})
    wait_until(lambda: slipway.exec("pgrep", "-x", "sleep").code == 0, "converged")
    script = "printf 'GPU_COUNT=many\\0SLIPWAY_STRICT=1\\0' > /run/slipway/environment"
    slipway.check_output("sh", "-c", f"{script}; echo drift > /etc/motd")
    result = fleet(str(slipway.container.name))

    assert result.code == 1
    assert "failed: Container: accept its settings: GPU_COUNT" in result.stdout
    assert slipway.check_output("cat", "/etc/motd") == "drift\n"
