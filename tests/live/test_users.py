"""
A login besides root's, with a real ssh client: SLIPWAY_USER and SLIPWAY_ROOT_LOGIN.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import KeyPair, Result, Slipway

Start = Callable[..., Slipway]
OWNER = 1234
SECRET = 'p$(x)"w d'


def ssh(slipway: Slipway, key: KeyPair, user: str, command: str) -> Result:
    """
    Run a command over ssh as somebody; the first user that ssh is given counts.
    """
    return slipway.ssh_with(["-l", user, "-o", f"User={user}"], key, command)


def said(slipway: Slipway, key: KeyPair, user: str, command: str) -> str:
    """
    Return what a command over ssh prints.
    """
    result = ssh(slipway, key, user, command)
    assert result.code == 0, result
    return result.stdout.strip()


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    A directory of the host, of somebody's.
    """
    place = tmp_path_factory.mktemp("workspace")
    os.chown(place, OWNER, OWNER)
    return place


@pytest.fixture(scope="module")
def alice(module_start: Start, key: KeyPair, workspace: Path) -> Slipway:
    """
    A container where alice logs in and root does not.
    """
    slipway = module_start(
        environment={
            "SSH_PUBKEY": key.public,
            "SLIPWAY_USER": "alice:4321",
            "SLIPWAY_ROOT_LOGIN": "false",
            "MY_TOKEN": SECRET,
        },
        volumes=[f"{workspace}:/workspace", "/home/alice"],
    )
    slipway.wait_healthy()
    return slipway


def test_it_is_a_login_like_roots(alice: Slipway, key: KeyPair) -> None:
    """
    A shell, a home with the skeleton's files on a new volume, root's variables, and sudo.
    """
    who = said(alice, key, "alice", 'id -un; id -u; echo "$HOME" "$SHELL"; ls -A')

    assert who.split("\n")[:3] == ["alice", "4321", "/home/alice /bin/bash"]
    assert ".bashrc" in who
    assert said(alice, key, "alice", "printenv MY_TOKEN") == SECRET
    assert said(alice, key, "alice", "bash -lc 'printenv MY_TOKEN'") == SECRET
    assert said(alice, key, "alice", "env -u MY_TOKEN bash -lc 'printenv MY_TOKEN'") == SECRET
    assert said(alice, key, "alice", "sudo -n id -u") == "0"


def test_root_is_refused_and_health_is_about_the_other(alice: Slipway, key: KeyPair) -> None:
    """
    What every command says is about who can log in.
    """
    refused = alice.ssh(key, "true")
    login = alice.as_json("slipway", "status", "--json")["login"]
    doctor = alice.as_json("slipway", "doctor", "--json")

    assert (refused.code, "Permission denied" in refused.stderr) == (255, True)
    assert (login["user"], login["root"], login["possible"]) == ("alice", False, True)
    assert alice.health().stdout.startswith("healthy")
    assert [each["works"] for each in doctor if each["feature"] == "alice can log in"] == [True]
    assert [each["works"] for each in doctor if each["feature"] == "a login of its own"] == [True]
    assert alice.exec("slipway", "verify").code == 0
    assert alice.exec("slipway", "check").stdout == "nothing would change\n"


def test_the_workspace_is_for_both_sides(alice: Slipway, key: KeyPair, workspace: Path) -> None:
    """
    Alice works in what its owner makes, and he in what she makes.
    """
    said(alice, key, "alice", "mkdir /workspace/hers && echo 1 > /workspace/hers/file")
    script = (
        "umask 022; echo 2 >> /workspace/hers/file; mkdir /workspace/his; "
        "echo 3 > /workspace/his/file"
    )
    words = ["setpriv", f"--reuid={OWNER}", f"--regid={OWNER}", "--clear-groups"]
    done = alice.exec(*words, "sh", "-ec", script)

    assert done.code == 0, done
    assert said(alice, key, "alice", "echo 4 >> /workspace/his/file; cat /workspace/*/file") == (
        "1\n2\n3\n4"
    )
    assert (workspace / "hers/file").stat().st_uid == 4321


def test_a_broken_login_is_no_healthy_one(alice: Slipway) -> None:
    """
    Nobody could log in then: root's login is refused.
    """
    alice.check_output("chmod", "666", "/run/slipway/logins/alice")
    assert alice.health().code == 1
    assert "alice can't log in" in alice.health().stdout
    alice.converge()
    alice.wait_healthy()


def test_a_restart_keeps_it(alice: Slipway, key: KeyPair) -> None:
    """
    The same account, with what it has in its home.
    """
    said(alice, key, "alice", "echo mine > ~/mine; rm ~/.profile")
    alice.restart()
    alice.wait_healthy()

    assert said(alice, key, "alice", "id -u; cat ~/mine; ls -A").split("\n")[:2] == ["4321", "mine"]
    assert ".profile" not in said(alice, key, "alice", "ls -A")
    assert alice.converge()["totals"]["changed"] == 0


@pytest.mark.parametrize(
    ("user", "options", "says"),
    [
        ("daemon", {}, "an account of the system's"),
        ("workspace", {}, "the workspace is root's"),
        ("alice:1", {}, "uid 1 is daemon's"),
        ("alice", {"read_only": True, "tmpfs": {"/run": "", "/tmp": ""}}, "no account can be made"),
    ],
)
def test_where_there_is_no_such_login_roots_stays(
    start: Start, key: KeyPair, user: str, options: dict[str, object], says: str
) -> None:
    """
    Said by name, and nobody is locked out.
    """
    environment = {
        "SSH_PUBKEY": key.public, "SLIPWAY_USER": user, "SLIPWAY_ROOT_LOGIN": "false",
    }  # fmt: skip
    slipway = start(environment=environment, **options)
    report = slipway.wait_converged()
    slipway.wait_ssh(key)
    told = {entry["feature"]: entry["condition"] for entry in report["degraded"]}

    assert says in told["SLIPWAY_USER"]
    assert "root's login stays" in told["SLIPWAY_ROOT_LOGIN"]


OUT = {
    "no shell": "usermod -s /usr/bin/fish alice",
    "a shell that is a directory": "usermod -s /etc alice",
    "expired": "chage -E 1 alice",
    "no line of shadow's": "sed -i /^alice:/d /etc/shadow",
    "AllowUsers": "echo AllowUsers root > /etc/ssh/sshd_config.d/00-a.conf",
    "DenyUsers": "echo DenyUsers alice > /etc/ssh/sshd_config.d/00-a.conf",
    "Match": "printf 'Match User alice\nDenyUsers alice\n' > /etc/ssh/sshd_config.d/zz.conf",
    "nologin": "touch /etc/nologin",
    "PAM": "sed -i '1i account required pam_succeed_if.so user != alice' /etc/pam.d/sshd",
}


def test_root_is_let_in_where_nobody_else_is(start: Start, key: KeyPair) -> None:
    """
    SLIPWAY_ROOT_LOGIN=false can lock nobody out: said once, and over when the cause is.
    """
    slipway = start(
        environment={
            "SSH_PUBKEY": key.public, "SLIPWAY_USER": "alice", "SLIPWAY_ROOT_LOGIN": "false",
        }
    )  # fmt: skip
    slipway.wait_healthy()
    kept = "/etc/passwd /etc/shadow /etc/pam.d/sshd"
    slipway.check_output("sh", "-c", f"tar -cf /keep.tar {kept} 2> /dev/null")
    lies = {}
    for name, command in OUT.items():
        slipway.check_output("sh", "-c", f"{command} 2> /dev/null")
        asked = slipway.exec("slipway", "check")
        report = slipway.converge()
        told = {each["feature"]: each["condition"] for each in report["degraded"]}
        seen = (
            asked.code,
            "root's login stays" in told.get("SLIPWAY_ROOT_LOGIN", ""),
            slipway.exec("slipway", "check").code,
            slipway.ssh(key, "id -un").stdout,
            ssh(slipway, key, "alice", "id -un").stdout,
            slipway.health().code,
        )
        if name == "no shell":
            assert slipway.exec("slipway", "verify").code == 0
        slipway.check_output(
            "sh", "-c", "tar -xf /keep.tar -C /; cd /etc/ssh/sshd_config.d; rm -f 00-a.conf zz.conf"
        )
        slipway.exec("rm", "-f", "/etc/nologin")
        slipway.converge()
        after = (slipway.ssh(key, "true").code, ssh(slipway, key, "alice", "id -un").stdout)
        if (seen, after) != ((2, True, 0, "root\n", "", 0), (255, "alice\n")):
            lies[name] = (seen, after)

    assert lies == {}


HOMES = {
    "nowhere": "rm -rf /home/alice; ln -s /nowhere/x /home/alice",
    "a loop": "rm -rf /home/alice; ln -s alice /home/alice",
    "a file": "rm -rf /home/alice; touch /home/alice",
    "below a file": "rm -rf /home; touch /home",
}


def test_a_home_that_can_not_be_costs_no_login(start: Start, key: KeyPair) -> None:
    """
    It is named, and what lies there stays.
    """
    slipway = start(environment={"SSH_PUBKEY": key.public, "SLIPWAY_USER": "alice"})
    slipway.wait_healthy()
    lies = {}
    for name, command in HOMES.items():
        slipway.check_output("sh", "-c", command)
        report = slipway.converge()
        seen = (
            [each["feature"] for each in report["degraded"]],
            report["totals"]["failed"],
            slipway.exec("slipway", "check").code,
            ssh(slipway, key, "alice", "id -un").stdout,
            slipway.health().code,
        )
        if seen != (["SLIPWAY_USER"], 0, 0, "alice\n", 0):
            lies[name] = seen
        slipway.check_output("sh", "-c", "[ -d /home ] || { rm /home; mkdir /home; }")

    assert lies == {}


def test_a_home_on_a_read_only_mount(start: Start, key: KeyPair, tmp_path: Path) -> None:
    """
    Where none can be made the login does without.
    """
    slipway = start(
        environment={"SSH_PUBKEY": key.public, "SLIPWAY_USER": "alice"},
        volumes=[f"{tmp_path}:/home:ro"],
    )
    report = slipway.wait_converged()
    slipway.wait_ssh(key)

    assert [each["feature"] for each in report["degraded"]] == ["SLIPWAY_USER"]
    assert "read-only" in report["degraded"][0]["condition"]
    assert ssh(slipway, key, "alice", "id -un").stdout == "alice\n"
    slipway.wait_healthy()


def test_the_workspaces_owner_logs_in_and_sudo_says_what_it_lacks(
    start: Start, key: KeyPair, workspace: Path
) -> None:
    """
    Under no-new-privileges no program becomes root's.
    """
    slipway = start(
        environment={"SSH_PUBKEY": key.public, "SLIPWAY_USER": "workspace"},
        volumes={str(workspace): {"bind": "/workspace"}},
        security_opt=["no-new-privileges"],
    )
    report = slipway.wait_converged()
    slipway.wait_ssh(key)

    assert said(slipway, key, "workspace", "id -u; touch /workspace/x; echo $USER") == (
        f"{OWNER}\nworkspace"
    )
    assert any(
        entry["feature"] == "sudo" and "no-new-privileges" in entry["condition"]
        for entry in report["degraded"]
    )
    assert slipway.health().code == 0


def test_another_first_user_is_told_in_one_sentence(start: Start) -> None:
    """
    `docker run --user`: no path of ours, and what to do.
    """
    slipway = start(user="1000")
    assert slipway.container.wait(timeout=30)["StatusCode"] == 1
    (line,) = slipway.logs().splitlines()

    assert "starts as user 1000" in line
    assert "SLIPWAY_USER=NAME:1000" in line
