"""
A container starts, lets its user in, and stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from .conftest import KeyPair, Slipway, wait_until

Start = Callable[..., Slipway]

# Everything Slipway owns, with mode, owner, ACL, mtime and content; but not the report, a log of
# runs, the verdict that health keeps, nor the time of the directory that it is replaced in.
TREE = r"""
cd / && {
  find etc/ssh etc/supervisor etc/profile.d etc/motd etc/bash.bashrc root run/slipway \
       usr/local/bin var/lib/slipway workspace -xdev \
       ! -name report.json ! -path run/slipway ! -path '*/rclone*' \
       -printf '%p %M %U:%G %T@ %l\n' | sort
  find etc/ssh etc/supervisor root run/slipway workspace -xdev -type f \
       ! -name report.json -exec sha256sum {} + | sort
  getfacl -nR etc/ssh root workspace 2>/dev/null
}
"""


def tree(slipway: Slipway) -> list[str]:
    """
    Return a line for everything about everything that Slipway owns.
    """
    return slipway.check_output("sh", "-c", TREE).splitlines()


def test_a_key_by_variable_opens_a_session(start: Start, key: KeyPair) -> None:
    """
    `docker run -e SSH_PUBKEY=...` alone: the key's owner is root in the container.
    """
    slipway = start(environment={"SSH_PUBKEY": key.public})
    slipway.wait_ssh(key)

    assert slipway.ssh(key, "id -un").stdout == "root\n"
    assert "workspace" in slipway.ssh(key, "slipway status").stdout


@pytest.mark.parametrize("nano_cpus", [2_000_000_000, 200_000_000])
def test_the_convergence_of_the_start_starts_sshd(
    start: Start, key: KeyPair, nano_cpus: int
) -> None:
    """
    Not a later one, also where it is ready before supervisord, or long after.
    """
    slipway = start(environment={"SSH_PUBKEY": key.public}, nano_cpus=nano_cpus)

    operations = {entry["name"]: entry for entry in slipway.wait_converged()["operations"]}
    assert operations["Run sshd while a key is there"]["outcome"] == "changed"
    assert operations["Have the host keys"]["outcome"] == "changed"


def test_nobody_else_gets_in(start: Start, key: KeyPair, other_key: KeyPair) -> None:
    """
    Another key is refused, and no other way is offered.
    """
    slipway = start(environment={"SSH_PUBKEY": key.public})
    slipway.wait_ssh(key)
    refused = slipway.ssh(other_key, "true")

    assert refused.code == 255
    assert "Permission denied (publickey)" in refused.stderr


def test_the_log_tells_of_the_convergence_and_names_each_service(
    start: Start, key: KeyPair
) -> None:
    """
    `docker logs`: a summary line, and each service's lines with its name.
    """
    slipway = start(environment={"SSH_PUBKEY": key.public})
    slipway.wait_ssh(key)
    wait_until(lambda: "sshd    | " in slipway.logs(), "sshd's lines in the log")

    slipway.wait_converged()
    slipway.wait_host_keys()
    kept = "grep -c 'Server listening on 0.0.0.0' /var/log/supervisor/sshd.log; true"
    wait_until(lambda: slipway.check_output("sh", "-c", kept) == "2\n", "sshd has reloaded")

    assert re.search(
        r"^slipway \| ready in \d+\.\d s: 1 key, /workspace not mounted, no GPU$",
        slipway.logs(),
        re.MULTILINE,
    )
    assert "slipway | ssh: port 22 of the container; " in slipway.logs()
    assert slipway.logs().count("Server listening on 0.0.0.0 port 22") == 1
    assert "supervisord" not in slipway.logs()
    assert key.public.split()[1] not in slipway.logs()


def test_docker_says_healthy(start: Start, key: KeyPair) -> None:
    """
    The engine's own health check comes to the same result as `slipway health`.
    """
    slipway = start(environment={"SSH_PUBKEY": key.public})

    def status() -> bool:
        slipway.container.reload()
        return bool(slipway.container.attrs["State"]["Health"]["Status"] == "healthy")

    wait_until(status, "healthy, says docker inspect")


def test_a_second_convergence_changes_nothing(start: Start, key: KeyPair) -> None:
    """
    Not one operation, and not one byte, mode, owner, ACL entry or time of what we own.
    """
    slipway = start(environment={"SSH_PUBKEY": key.public, "ODD": "a'b\"$(c)`d`%e"})
    slipway.wait_converged()
    slipway.wait_host_keys()
    before = tree(slipway)
    reports = [slipway.converge() for _ in range(2)]

    assert [report["totals"]["changed"] for report in reports] == [0, 0]
    assert [report["totals"]["failed"] for report in reports] == [0, 0]
    assert tree(slipway) == before


def test_check_finds_nothing_after_a_start_and_writes_nothing(start: Start, key: KeyPair) -> None:
    """
    `slipway check` exits with 0 where all is as it should be.
    """
    slipway = start(environment={"SSH_PUBKEY": key.public})
    slipway.wait_converged()
    slipway.wait_host_keys()
    before = tree(slipway)

    assert slipway.exec("slipway", "check").code == 0
    assert tree(slipway) == before


def test_restarts_leave_the_container_as_it_was(start: Start, key: KeyPair) -> None:
    """
    Three restarts: the same keys, the same host key, no file grows, nothing left to change.
    """
    slipway = start(environment={"SSH_PUBKEY": key.public, "A": "1"})
    slipway.wait_converged()
    paths = ["/root/.ssh/authorized_keys", "/etc/ssh/ssh_host_ed25519_key.pub", "/etc/bash.bashrc"]
    before = [slipway.check_output("cat", path) for path in paths]
    for _ in range(3):
        slipway.restart()

    assert [slipway.check_output("cat", path) for path in paths] == before
    assert slipway.converge()["totals"]["changed"] == 0
    slipway.wait_ssh(key)


def test_each_container_has_a_host_key_of_its_own(start: Start, key: KeyPair) -> None:
    """
    Three containers of one image, three host keys.
    """
    containers = [start(environment={"SSH_PUBKEY": key.public}) for _ in range(3)]
    for slipway in containers:
        slipway.wait_converged()
    path = "/etc/ssh/ssh_host_ed25519_key.pub"

    assert len({slipway.check_output("cat", path) for slipway in containers}) == 3


def test_drift_is_named_and_put_right(start: Start, key: KeyPair) -> None:
    """
    `check` names what differs and exits with 2; `converge` mends exactly that.
    """
    slipway = start(environment={"SSH_PUBKEY": key.public})
    slipway.wait_converged()
    slipway.wait_host_keys()  # a check waits for nobody, and sees one that is being put there
    slipway.check_output("sh", "-c", "echo bad > /etc/motd; chmod 666 /etc/profile.d/slipway.sh")
    check = slipway.exec("slipway", "check")
    assert check.code == 2
    assert "Overlay: /etc/motd: content differs" in check.stdout
    report = slipway.converge()

    changed = [entry["name"] for entry in report["operations"] if entry["outcome"] == "changed"]
    assert changed == ["Lay the static files"]
    assert slipway.exec("slipway", "check").code == 0


def test_a_failure_is_seen_and_costs_no_ssh(start: Start, key: KeyPair) -> None:
    """
    A broken program file of the user: unhealthy, named, exit 1; the session still opens.
    """
    slipway = start(environment={"SSH_PUBKEY": key.public})
    slipway.wait_ssh(key)
    broken = "printf '[program:x]\\nstartsecs=never\\n' > /etc/supervisor/conf.d/x.conf"
    slipway.check_output("sh", "-c", broken)
    result = slipway.exec("slipway", "converge")

    assert result.code == 1
    assert "failed: Services: Apply the programs' files: " in result.stdout
    assert "Traceback" not in result.stdout + result.stderr
    assert slipway.health().code == 1
    assert slipway.ssh(key, "true").code == 0
    slipway.check_output("rm", "/etc/supervisor/conf.d/x.conf")
    assert slipway.exec("slipway", "converge").code == 0
    slipway.wait_healthy()


def test_convergences_at_once_come_to_one_result(start: Start, key: KeyPair) -> None:
    """
    Eight at the same time: each waits for the one before, all end well.
    """
    slipway = start(environment={"SSH_PUBKEY": key.public})
    slipway.wait_converged()
    slipway.wait_host_keys()
    before = tree(slipway)
    script = (
        'for i in 1 2 3 4 5 6 7 8; do slipway converge & pids="$pids $!"; done; '
        "for pid in $pids; do wait $pid || exit 1; done"
    )

    assert slipway.exec("sh", "-c", script).code == 0
    assert tree(slipway) == before


def test_arguments_are_variables(start: Start, key: KeyPair) -> None:
    """
    KEY=value after the image's name, for clouds that can't set variables: they win.
    """
    slipway = start(
        f"SSH_PUBKEY={key.public}", "TOKEN=abc=", "EMPTY=", environment={"TOKEN": "other"}
    )
    slipway.wait_ssh(key)

    assert slipway.ssh(key, "printenv TOKEN").stdout == "abc=\n"
    assert slipway.ssh(key, "printenv EMPTY").stdout == "\n"


def test_a_command_runs_in_a_converged_container(start: Start, key: KeyPair) -> None:
    """
    `docker run IMAGE A=1 command`: converged, no services, the command's output and exit code.
    """
    slipway = start(
        "A=1",
        "sh",
        "-c",
        'echo "$A $WORKSPACE"; cat /root/.ssh/authorized_keys; exit 7',
        environment={"SSH_PUBKEY": key.public},
    )

    assert slipway.container.wait(timeout=60)["StatusCode"] == 7
    assert slipway.container.logs(stderr=False).decode() == f"1 /workspace\n{key.public}\n"


def test_a_command_that_is_not_there_is_named(start: Start) -> None:
    """
    Exit 127, as a shell's, and one line instead of a traceback.
    """
    slipway = start("no-such-command")

    assert slipway.container.wait(timeout=60)["StatusCode"] == 127
    assert "slipway: no-such-command: No such file or directory" in slipway.logs()
    assert "Traceback" not in slipway.logs()


def test_strict_stops_the_start(start: Start, key: KeyPair) -> None:
    """
    SLIPWAY_STRICT: any refusal ends the start with 78 and is named.
    """
    slipway = start(
        environment={"SSH_PUBKEY": key.public, "GPU_COUNT": "abc", "SLIPWAY_STRICT": "true"}
    )

    assert slipway.container.wait(timeout=60)["StatusCode"] == 78
    assert slipway.logs().splitlines() == [
        "slipway: refused: GPU_COUNT: must be a whole number, 0 or more",
        "slipway: the start ends here, as SLIPWAY_STRICT=true wants it",
    ]


@pytest.mark.parametrize("options", [{}, {"init": True}], ids=["as PID 1", "under docker-init"])
def test_stopping_is_orderly(start: Start, key: KeyPair, options: dict[str, bool]) -> None:
    """
    `docker stop` ends with 0, never with the 137 of a kill.
    """
    slipway = start(environment={"SSH_PUBKEY": key.public}, **options)
    slipway.wait_ssh(key)
    slipway.container.stop(timeout=10)

    slipway.container.reload()
    assert slipway.container.attrs["State"]["ExitCode"] == 0


def test_bad_usage_exits_with_64(start: Start) -> None:
    """
    As sysexits(3) has it, with one line.
    """
    slipway = start("sleep", "600")
    wait_until(lambda: slipway.exec("slipway", "--help").code == 0, "the command is there")
    result = slipway.exec("slipway", "launch")

    assert result.code == 64
    assert result.stderr.startswith("slipway: ")
    assert len(result.stderr.splitlines()) == 1


def test_stock_pyinfra_finds_nothing_to_change(start: Start, key: KeyPair) -> None:
    """
    The same deploy by pyinfra's own command line: the same operations, and the same state.
    """
    slipway = start(environment={"SSH_PUBKEY": key.public})
    slipway.wait_converged()
    slipway.wait_host_keys()  # stock pyinfra does not wait for the lock under which they come
    script = "cd /opt/slipway && venv/bin/pyinfra inventory.py deploy.py -y 2>&1"
    output = slipway.check_output("sh", "-c", script)
    names = {entry["name"] for entry in slipway.converge()["operations"]}

    assert "Grand total" in output
    assert output.count("No changes") == len(names)
    assert [name for name in names if name not in output] == []
