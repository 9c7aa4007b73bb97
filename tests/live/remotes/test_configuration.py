"""
Remotes' configuration: files, variables, options and secrets.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from pathlib import Path

from tests.live.conftest import wait_until

from .conftest import DISK, FUSE, Server, Start, look, obscured, state, wait_mounted


def test_a_users_options_reach_rclone_but_for_those_that_keep_it_safe(start: Start) -> None:
    """
    Read-only, another uid and a level of the log: as rclone's manual says. Cache mode, cache
    directory, remote control and daemon mode are refused by name, and have no effect.
    """
    unsafe = {
        "RCLONE_VFS_CACHE_MODE": "off",
        "RCLONE_CACHE_DIR": "/tmp/cache",
        "RCLONE_RC_ADDR": ":5572",
        "RCLONE_RC_USER": "user",
        "RCLONE_DAEMON": "true",
    }
    options = {"RCLONE_READ_ONLY": "true", "RCLONE_UID": "77", "RCLONE_VERBOSE": "1"}
    slipway = start(environment={**DISK, **options, **unsafe}, **FUSE)
    wait_mounted(slipway, "disk")
    file = "/workspace/remote/disk/sshd_config"

    assert slipway.check_output("stat", "-c", "%u", file) == "77\n"
    assert "Read-only file system" in slipway.exec("touch", f"{file}.new").stderr
    report = slipway.wait_converged()
    assert {entry["variable"] for entry in report["refusals"]} == set(unsafe)
    wait_until(lambda: state(slipway, "disk")["pending"] == 0, "its remote control answers")
    assert slipway.exec("test", "-e", "/tmp/cache").code == 1


def test_remotes_come_and_go_while_it_runs(start: Start, tmp_path: Path) -> None:
    """
    `rclone config create`, an edited rclone.conf, and `slipway converge`: the new ones are mounted,
    the old one and its directory are gone, one whose options changed is mounted anew, the others
    are not restarted. A broken file changes nothing.
    """
    configuration = tmp_path / "rclone"
    configuration.mkdir()
    file = configuration / "rclone.conf"
    stays, goes, comes = (f"[{name}]\ntype = alias\nremote = /etc/ssh\n" for name in "abc")
    file.write_text(stays + goes)
    slipway = start(volumes=[f"{configuration}:/etc/rclone"], **FUSE)
    pid = wait_mounted(slipway, "a")
    wait_mounted(slipway, "b")
    slipway.check_output("rclone", "config", "create", "made", "alias", "remote=/etc/ssh")
    assert slipway.converge()["totals"]["failed"] == 0
    wait_mounted(slipway, "made")
    file.write_text(stays + comes)
    assert slipway.converge()["totals"]["failed"] == 0
    changed = wait_mounted(slipway, "c")

    assert look(slipway, "b") == (0, 0, False)
    assert slipway.exec("test", "-e", "/workspace/remote/b").code == 1
    assert look(slipway, "a").pid == pid
    file.write_text(stays + comes.replace("/etc/ssh", "/etc/supervisor"))
    assert slipway.converge()["totals"]["failed"] == 0
    wait_mounted(slipway, "c", after=changed)
    assert "conf.d" in slipway.check_output("ls", "/workspace/remote/c")
    assert slipway.converge()["totals"]["changed"] == 0
    file.write_text("[broken\n= = =")
    report = slipway.converge()
    assert [entry["feature"] for entry in report["degraded"]] == ["remotes"]
    assert look(slipway, "a") == (pid, 1, True)
    assert look(slipway, "c").answers
    assert file.read_text() == "[broken\n= = ="


def test_odd_names_are_mounted_or_refused_by_name(start: Start, tmp_path: Path) -> None:
    """
    `a b` and `ü` are directories; what rclone rejects, takes for a flag or a parent, and our own
    directory are not.
    """
    configuration = tmp_path / "rclone"
    configuration.mkdir()
    refused = ["x;y", "-z", "..", ".cache", ".rescued"]
    sections = [
        f"[{name}]\ntype = alias\nremote = /etc/ssh\n" for name in ("a b", "ü", "a_b", *refused)
    ]
    (configuration / "rclone.conf").write_text("".join(sections))
    slipway = start(volumes=[f"{configuration}:/etc/rclone"], **FUSE)
    report = slipway.wait_converged()
    for name in ("a b", "ü", "a_b"):
        wait_mounted(slipway, name)

    assert {entry["feature"] for entry in report["degraded"]} == {
        f"remote {name!r}" for name in refused
    }
    assert slipway.converge()["totals"]["changed"] == 0


def test_no_secret_is_readable_by_others(
    start: Start, serve: Callable[..., Server], network: str, tmp_path: Path
) -> None:
    """
    Passwords, obscured or in an address, and tokens of file and variables, in use: in no log,
    argument, report or output, and in no file that others can read, whatever mode the
    configuration's mount brought.
    """
    server = serve()
    configuration = tmp_path / "rclone"
    configuration.mkdir()
    file = configuration / "rclone.conf"
    url = server.variables("far")["RCLONE_CONFIG_FAR_URL"]
    password, token, in_address = obscured("secret"), "canary-of-a-token", "canary-in-an-address"
    file.write_text(
        f"[far]\ntype = webdav\nurl = {url}\nvendor = rclone\nuser = user\npass = {password}\n"
        f"[tok]\ntype = webdav\nurl = {url}\nbearer_token = {token}\n"
        f"[web]\ntype = http\nurl = {serve('http').variables('web')['RCLONE_CONFIG_WEB_URL']}\n"
        f"[bad]\ntype = http\nurl = http://user:{in_address}@nobody.invalid:8080\n"
    )
    file.chmod(0o644)
    variables = server.variables("env")
    slipway = start(
        environment=variables, network=network, volumes=[f"{configuration}:/etc/rclone"], **FUSE
    )
    wait_mounted(slipway, "far")
    wait_mounted(slipway, "env")
    wait_mounted(slipway, "web")
    wait_until(
        lambda: state(slipway, "tok")["detail"].startswith("does not answer"),
        "refused by the server",
    )
    slipway.check_output("sh", "-c", "echo x > /workspace/remote/far/f")
    outputs = [slipway.logs(), str(slipway.converge())]
    asked = ["status --json", "check --json", "settings", "doctor --json", "health --json"]
    outputs += [slipway.exec("slipway", *words.split()).stdout for words in asked]
    outputs.append(slipway.check_output("sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"))
    outputs.append(slipway.check_output("sh", "-c", "cat /var/log/supervisor/*"))
    outputs.append(slipway.check_output("cat", "/run/slipway/report.json"))
    canaries = [password, token, in_address, "user:secret", variables["RCLONE_CONFIG_ENV_PASS"]]
    words = [word for canary in canaries for word in ("-e", canary)]
    find = (
        "find /etc /run /tmp /var /root /workspace -xdev -type f -perm /044 -print0 "
        '| xargs -0 grep -lF "$@" --'
    )

    assert all(canary not in output for canary in canaries for output in outputs)
    assert slipway.exec("sh", "-c", find, "sh", *words).stdout == ""
    assert file.stat().st_mode & 0o777 == 0o600
    assert slipway.converge()["totals"]["changed"] == 0


def test_a_configuration_that_can_not_be_closed_is_named(start: Start, tmp_path: Path) -> None:
    """
    Mounted read-only and readable by everybody: used, left as it is, and said.
    """
    file = tmp_path / "rclone.conf"
    file.write_text("[disk]\ntype = alias\nremote = /etc/ssh\n")
    file.chmod(0o644)
    slipway = start(volumes=[f"{file}:/etc/rclone/rclone.conf:ro"], **FUSE)
    report = slipway.wait_converged()
    wait_mounted(slipway, "disk")

    assert [entry["feature"] for entry in report["degraded"]] == ["rclone.conf"]
    assert report["totals"]["failed"] == 0
    assert file.stat().st_mode & 0o777 == 0o644


def test_the_configurations_page_opens_from_outside(start: Start) -> None:
    """
    `rclone authorize` waits for a browser: its page answers at the mapped port, while it runs and
    only then.
    """
    slipway = start(ports={"53682/tcp": ("127.0.0.1", None)})
    slipway.wait_converged()
    port = slipway.port(53682)

    def answers() -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5) as page:
            page.sendall(b"GET /auth?state=x HTTP/1.0\r\nHost: localhost\r\n\r\n")
            return page.recv(5) == b"HTTP/"
        return False

    assert not answers()
    slipway.container.exec_run(
        ["sh", "-c", "exec rclone authorize drive --auth-no-open-browser"], detach=True
    )
    wait_until(answers, "the page answers")
    slipway.exec("pkill", "-x", "rclone")
    wait_until(lambda: not answers(), "the relay ends with rclone")


def test_a_configuration_that_is_mounted_by_itself(start: Start, tmp_path: Path) -> None:
    """
    `rclone config` can't save: it says so and fails, log, status, health and doctor know the way
    out, and what rclone leaves is taken away, by the next convergence where rclone was called past
    us. A directory that is mounted is as it should be.
    """
    file = tmp_path / "rclone.conf"
    file.write_text("[disk]\ntype = alias\nremote = /etc/ssh\n")
    before = file.read_bytes()
    slipway = start(volumes=[f"{file}:/etc/rclone/rclone.conf"])
    slipway.wait_converged()
    create = ("config", "create", "other", "alias", "remote=/tmp")
    done = slipway.exec("rclone", *create)
    words = "is mounted as a single file"

    assert done.code == 1
    assert words in done.stderr
    assert file.read_bytes() == before
    assert slipway.check_output("ls", "/etc/rclone") == "rclone.conf\n"
    ours = ("timeout", "2", "/opt/slipway/venv/bin/rclone", "--config", "/etc/rclone/rclone.conf")
    slipway.exec(*ours, *create)
    assert slipway.exec("slipway", "check").code == 2
    assert slipway.converge()["totals"]["changed"] == 1
    assert slipway.exec("slipway", "check").code == 0
    assert slipway.check_output("ls", "/etc/rclone") == "rclone.conf\n"
    assert words in slipway.logs()
    assert words in slipway.status()
    assert "degraded rclone.conf" in slipway.check_output("slipway", "health")
    assert "/etc/rclone/rclone.conf: who puts" in slipway.check_output("slipway", "doctor")


def test_a_configuration_in_a_directory_that_is_mounted(start: Start, tmp_path: Path) -> None:
    """
    As the compose file has it: `rclone config` saves.
    """
    slipway = start(volumes=[f"{tmp_path}:/etc/rclone"])
    slipway.wait_converged()
    slipway.check_output("rclone", "config", "create", "other", "alias", "remote=/tmp")

    assert "[other]" in (tmp_path / "rclone.conf").read_text()
    assert "degraded rclone.conf" not in slipway.check_output("slipway", "health")


def test_a_configuration_that_can_not_be_saved_is_said(start: Start, tmp_path: Path) -> None:
    """
    Its directory is mounted read-only, as a secret of Kubernetes is: `rclone config` fails.
    """
    versions = tmp_path / "..2026"
    versions.mkdir()
    (versions / "rclone.conf").write_text("[disk]\ntype = alias\nremote = /etc/ssh\n")
    (versions / "rclone.conf").chmod(0o600)
    (tmp_path / "..data").symlink_to("..2026")
    (tmp_path / "rclone.conf").symlink_to("..data/rclone.conf")
    slipway = start(volumes=[f"{tmp_path}:/etc/rclone:ro"])
    slipway.wait_converged()
    assert slipway.check_output("rclone", "listremotes") == "disk:\n"
    done = slipway.exec("rclone", "config", "delete", "disk")

    assert done.code == 1
    assert "/etc/rclone/rclone.conf is not changed: /etc/rclone/..2026 can't be" in done.stderr
    assert slipway.check_output("rclone", "listremotes") == "disk:\n"


def test_an_encrypted_configuration_wants_its_password(start: Start, tmp_path: Path) -> None:
    """
    With it, it is one as any other; without, that is said.
    """
    opened = start(
        volumes=[f"{tmp_path}:/etc/rclone"], environment={"RCLONE_CONFIG_PASS": "geheim"}, **FUSE
    )
    opened.wait_converged()
    opened.check_output("rclone", "config", "create", "disk", "alias", "remote=/etc/ssh")
    opened.check_output(
        "rclone", "config", "encryption", "set", "--password-command", "echo geheim"
    )
    opened.converge()
    wait_mounted(opened, "disk")
    closed = start(volumes=[f"{tmp_path}:/etc/rclone"])
    (entry,) = closed.wait_converged()["degraded"]

    assert "RCLONE_ENCRYPT_V0:" in (tmp_path / "rclone.conf").read_text()
    assert "/etc/rclone/rclone.conf is encrypted; set RCLONE_CONFIG_PASS" in entry["condition"]
