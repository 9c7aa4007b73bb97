"""
Containers whose PID 1 is not ours.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import KeyPair, Slipway, wait_until

Start = Callable[..., Slipway]


def test_start_brings_up_what_the_entrypoint_would(start: Start, key: KeyPair) -> None:
    """
    In a container of `sleep infinity`, `slipway start` gives SSH and services; twice is once.
    """
    slipway = start("infinity", entrypoint=["sleep"], environment={"SSH_PUBKEY": key.public})
    assert slipway.exec("slipway", "start").code == 0
    slipway.wait_ssh(key)
    pid = slipway.check_output("supervisorctl", "pid")
    again = slipway.exec("slipway", "start")

    assert again.code == 0
    assert "changed" not in again.stdout.replace("unchanged", "")
    assert slipway.check_output("supervisorctl", "pid") == pid
    assert slipway.exec("slipway", "verify").code == 0
    slipway.wait_healthy()
    zombies = "cat /proc/[0-9]*/stat 2> /dev/null | grep ') Z '"  # sleep takes in no orphan
    assert slipway.exec("sh", "-c", zombies).stdout == ""


def test_the_callers_variables_count(start: Start, key: KeyPair) -> None:
    """
    A cloud's onstart hook may have the variables where PID 1 has none.
    """
    slipway = start("infinity", entrypoint=["sleep"])
    slipway.exec("slipway", "start", environment={"SSH_PUBKEY": key.public, "HOOK": "1"})
    slipway.wait_ssh(key)

    assert slipway.ssh(key, "printenv HOOK").stdout == "1\n"


def test_another_sshd_is_left_alone(start: Start, key: KeyPair) -> None:
    """
    A cloud's own sshd has port 22: degraded and named, no loop, and healthy.
    """
    slipway = start("infinity", entrypoint=["sleep"], environment={"SSH_PUBKEY": key.public})
    theirs = (
        "mkdir -p /run/sshd && ssh-keygen -qt ed25519 -N '' -f /theirs && "
        "/usr/sbin/sshd -h /theirs -o PidFile=/run/theirs.pid"
    )
    slipway.check_output("sh", "-c", theirs)
    assert slipway.exec("slipway", "start").code == 0
    report = slipway.report()

    assert report is not None
    assert [entry["feature"] for entry in report["degraded"]] == ["sshd"]
    assert "STOPPED" in slipway.exec("supervisorctl", "status", "sshd").stdout
    assert slipway.ssh(key, "true").code == 0
    slipway.wait_healthy()


def test_only_root_converges(start: Start) -> None:
    """
    Anybody else is told so in one line.
    """
    slipway = start()
    slipway.wait_converged()
    result: Any = slipway.container.exec_run(["slipway", "converge"], user="nobody", demux=True)
    _, stderr = result.output

    assert result.exit_code == 1
    complaint = "/run/slipway/environment: Permission denied; run it as root"
    assert stderr.decode() == f"slipway: {complaint}\n"


def test_the_hosts_users_may_be_mounted(start: Start, key: KeyPair, tmp_path: Path) -> None:
    """
    /etc/passwd and /etc/group of a host that has no user sshd, read-only: SSH still works.
    """
    for name, line in (("passwd", "root:x:0:0:root:/root:/bin/bash"), ("group", "root:x:0:")):
        (tmp_path / name).write_text(
            f"{line}\nsomebody:x:1234:{'' if name == 'group' else '1234::/:/bin/sh'}\n"
        )
    slipway = start(
        environment={"SSH_PUBKEY": key.public},
        volumes={
            str(tmp_path / name): {"bind": f"/etc/{name}", "mode": "ro"}
            for name in ("passwd", "group")
        },
    )
    slipway.wait_ssh(key)

    assert slipway.ssh(key, "id -nu 1234").stdout == "somebody\n"
    assert slipway.converge()["totals"]["failed"] == 0


@pytest.mark.parametrize(
    ("environment", "line", "has_tmux_file"),
    [
        (
            {
                "VAST_CONTAINERLABEL": "C.1",
                "PUBLIC_IPADDR": "192.0.2.7",
                "VAST_TCP_PORT_22": "41022",
            },
            "ssh -p 41022 root@192.0.2.7",
            True,
        ),
        (
            {
                "RUNPOD_POD_ID": "x",
                "RUNPOD_PUBLIC_IP": "192.0.2.8",
                "RUNPOD_TCP_PORT_22": "10022",
            },
            "ssh -p 10022 root@192.0.2.8",
            False,
        ),
    ],
    ids=["vast.ai", "RunPod"],
)
def test_clouds_tell_their_ssh_line(
    start: Start, key: KeyPair, environment: dict[str, str], line: str, *, has_tmux_file: bool
) -> None:
    """
    `slipway status` shows the line that works from outside; at vast.ai sessions get no tmux.
    """
    slipway = start(environment={"SSH_PUBLIC_KEY": key.public, **environment})
    slipway.wait_ssh(key)

    assert f"ssh {line} 1 key" in slipway.status()
    there = slipway.exec("test", "-e", "/root/.no_auto_tmux").code == 0
    assert there is has_tmux_file


def test_beside_a_command_the_arguments_still_count(start: Start, key: KeyPair) -> None:
    """
    `docker run IMAGE SSH_PUBKEY=... WORKSPACE=/data sleep infinity`, and `slipway start` later.
    """
    slipway = start(f"SSH_PUBKEY={key.public}", "WORKSPACE=/data", "sleep", "infinity")
    slipway.wait_converged()
    assert slipway.exec("slipway", "start").code == 0
    slipway.wait_ssh(key)

    assert slipway.check_output("bash", "-lc", "echo $WORKSPACE") == "/data\n"
    slipway.wait_healthy()


def test_a_host_key_of_the_users_is_kept(
    start: Start, key: KeyPair, make_key: Callable[..., KeyPair]
) -> None:
    """
    Restored without its public part, and of a type that sshd does not offer.
    """
    own, other = make_key("ed25519"), make_key("ecdsa")
    slipway = start("infinity", entrypoint=["sleep"])
    for kind, pair in (("ed25519", own), ("ecdsa", other)):
        path = f"/etc/ssh/ssh_host_{kind}_key"
        script = f"cat > {path} && chmod 644 {path}"
        subprocess.run(
            ["docker", "exec", "-i", str(slipway.container.name), "sh", "-c", script],
            check=True,
            input=pair.path.read_bytes(),
        )
    assert slipway.exec("slipway", "start", environment={"SSH_PUBKEY": key.public}).code == 0
    slipway.wait_ssh(key)
    shown = slipway.check_output("sh", "-c", "ssh-keygen -y -f /etc/ssh/ssh_host_ed25519_key")

    assert shown.split()[:2] == own.public.split()[:2]
    assert slipway.exec("test", "-s", "/etc/ssh/ssh_host_ecdsa_key").code == 0
    assert slipway.exec("ls", "/etc/ssh/ssh_host_ed25519_key.unusable").code != 0


# Says on a volume that it was told to stop, and needs a moment for that
ORDERLY = """[program:slow]
command=bash -c 'trap "sleep 1; echo told > /kept/told; exit 0" TERM; while :; do sleep 0.1; done'
startsecs=0
"""
START = f"cat > /etc/supervisor/conf.d/slow.conf << 'EOF'\n{ORDERLY}EOF\nslipway start"


LAY = START.rpartition("slipway")[0]
WAIT = f"{START}; touch /kept/up; sleep infinity"


@pytest.mark.parametrize(
    ("entrypoint", "command", "has_init"),
    [
        (None, ["bash", "-c", WAIT], False),
        (None, ["bash", "-c", f"{START}; touch /kept/up; exec sleep infinity"], False),
        (["bash", "-c"], [f"{LAY} exec slipway-init"], False),
        (["slipway-init"], ["bash", "-c", WAIT], True),
        (["bash", "-c"], [f"{START}; exec slipway-init"], False),
        (["bash", "-c"], [f"{START}; exec slipway-init"], True),
        (["bash", "-c"], [f"{START}; exec slipway-init sleep infinity"], False),
    ],
    ids=[
        "a shell that waits",
        "a program",
        "exec slipway-init",
        "slipway-init COMMAND below an init",
        "slipway start, exec slipway-init",
        "the same below an init",
        "slipway start, exec slipway-init COMMAND",
    ],
)
def test_a_stop_is_in_order_beside_a_command_too(
    start: Start,
    tmp_path: Path,
    entrypoint: list[str] | None,
    command: list[str],
    *,
    has_init: bool,
) -> None:
    """
    What clouds start a container with: the kernel must not end services with the command, and
    nothing says that it would.
    """
    options = {} if entrypoint is None else {"entrypoint": entrypoint}
    slipway = start(*command, volumes=[f"{tmp_path}:/kept"], init=has_init, **options)
    is_up = ("sh", "-c", "supervisorctl status slow | grep -q RUNNING")
    wait_until(lambda: slipway.exec(*is_up).code == 0, "slow runs")
    wait_until(lambda: is_entrypoint(slipway), "the entrypoint is the container's main process")
    slipway.container.stop(timeout=20)

    assert (tmp_path / "told").read_text() == "told\n"


EARLY = "(until grep -qx tini /proc/1/comm; do :; done; kill -TERM 1) &"


def test_a_stop_while_slipway_init_takes_over_is_in_order(start: Start, tmp_path: Path) -> None:
    """
    In the moment in which it becomes PID 1, before anything of ours could handle a signal.
    """
    script = f"{EARLY} {START}; exec slipway-init"
    slipway = start(script, entrypoint=["bash", "-c"], volumes=[f"{tmp_path}:/kept"])
    slipway.container.wait(timeout=60)

    assert (tmp_path / "told").read_text() == "told\n"


# Each Python of ours that stands for the container handles TERM: bit 14 of proc(5)'s mask
CATCHES_TERM = """
for status in /proc/[0-9]*/status; do
    grep -q '^Name:.python' "$status" || continue
    tr '\\0' ' ' < "${status%status}cmdline" | grep -q 'slipway.commands.entrypoint' || continue
    mask=$(sed -n 's/^SigCgt:.*\\(.\\{8\\}\\)$/\\1/p' "$status")
    [ $(( 0x$mask & 0x4000 )) -ne 0 ] || exit 1
done
"""


def is_entrypoint(slipway: Slipway) -> bool:
    """
    Tell whether `slipway status` finds nothing to say of the container's first process.
    """
    script = "slipway status --json > /tmp/status && ! grep -q 'first process is' /tmp/status"
    return slipway.exec("sh", "-c", f"{script} || exit 1\n{CATCHES_TERM}").code == 0


BY_HAND = {
    "slipway-init true": 0,
    "slipway-init false": 1,
    "slipway-init": 1,
    "slipway-init SSH_PUBKEY=none WORKSPACE=/other": 1,
    "slipway-init A=1 sh -c 'test \"$A\" = 1'": 0,
    "slipway-init no-such-program": 127,
    "slipway-init & slipway-init & wait": 0,
    "exec slipway-init sh -c 'kill -TERM $$'": 143,
    "slipway-init slipway-init true": 0,
    "setsid --wait slipway-init sleep 0.1": 0,
}


@pytest.mark.parametrize("program", ["sleep", None])
def test_slipway_init_by_hand_ends_no_services(start: Start, program: str | None) -> None:
    """
    Where they run already it only runs its command, with the command's exit code; what they were
    started with stays.
    """
    options = {"entrypoint": [program]} if program else {}
    slipway = start(*(["infinity"] if program else []), **options)
    slipway.check_output("slipway", "start") if program else slipway.wait_converged()
    services = slipway.check_output("supervisorctl", "pid")
    variables = slipway.check_output("sha256sum", "/run/slipway/environment")
    codes = {command: slipway.exec("bash", "-c", command).code for command in BY_HAND}

    assert codes == BY_HAND
    assert slipway.check_output("supervisorctl", "pid") == services
    assert slipway.check_output("sha256sum", "/run/slipway/environment") == variables
    assert "the services run here already" in slipway.exec("slipway-init").stderr


def test_nothing_is_left_to_a_first_process_that_reaps_nobody(start: Start, key: KeyPair) -> None:
    """
    No zombie of whatever outlives its caller, the maker of the RSA host key before all. While that
    is at it `slipway verify` finds no fault in its draft.
    """
    slipway = start("infinity", entrypoint=["sleep"], environment={"SSH_PUBKEY": key.public})
    slipway.check_output("slipway", "start")
    slipway.wait_host_keys()
    for command in ("converge", "check", "doctor", "health", "status"):
        slipway.exec("slipway", command)

    assert slipway.exec("sh", "-c", "ps -eo stat,comm | grep ^Z").code == 1
    verify = "slipway verify -- -k draft"
    draft = "touch /etc/ssh/.ssh_host_rsa_key.slipway"
    held = f"flock /run/slipway/host-key.lock sh -c '{draft}; {verify}'"
    assert slipway.exec("sh", "-c", held).code == 0
    assert slipway.exec("sh", "-c", verify).code == 1
