"""
What somebody mounts stays as it is and is named, and costs no login; what is missing is replaced.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import docker
import pytest

from .conftest import PREFIX, KeyPair, Slipway, wait_until

Start = Callable[..., Slipway]


class Given(NamedTuple):
    """
    What is mounted into a container from its start, and what is named for it.
    """

    options: dict[str, Any]
    degraded: str = ""  # a feature
    before: str = ""  # run where the volume is at /v


def volume(name: str, bind: str, mode: str = "rw") -> dict[str, dict[str, str]]:
    """
    Return a volume as the engine's client takes it.
    """
    return {name: {"bind": bind, "mode": mode}}


KEYGEN = "ssh-keygen -qt ed25519 -N '' -f /v/ssh_host_ed25519_key; cp /etc/ssh/sshd_config /v"
# V stands for a volume of the test's own, at /v in the container that prepares it
GIVEN = {
    "tmpfs /root": Given({"tmpfs": {"/root": ""}}),
    "tmpfs /root/.ssh": Given({"tmpfs": {"/root/.ssh": ""}}),
    "tmpfs /run": Given({"tmpfs": {"/run": ""}}),
    "tmpfs /run/sshd of another": Given({"tmpfs": {"/run/sshd": "uid=1000,mode=777"}}),
    "tmpfs /var/log": Given({"tmpfs": {"/var/log": ""}}),
    "tmpfs /var/lib/slipway": Given({"tmpfs": {"/var/lib/slipway": ""}}),
    "tmpfs /etc/ssh": Given({"tmpfs": {"/etc/ssh": ""}}),
    "a volume at /root": Given({"volumes": volume("V", "/root")}),
    "/root of another": Given(
        {"volumes": volume("V", "/root")}, "authorized_keys", "chown 1000:1000 /v; touch /v/x"
    ),
    "/root that all may write to": Given(
        {"volumes": volume("V", "/root")}, "authorized_keys", "chmod 777 /v; touch /v/x"
    ),
    "/root read-only": Given(
        {"volumes": volume("V", "/root", "ro")}, "authorized_keys", "touch /v/x"
    ),
    "/root/.ssh of another": Given(
        {"volumes": volume("V", "/root/.ssh")}, "authorized_keys", "chown 1000 /v; touch /v/x"
    ),
    "an empty /etc/ssh": Given({"volumes": volume("V", "/etc/ssh")}, "", "touch /v/x"),
    "an empty /etc/ssh, read-only": Given(
        {"volumes": volume("V", "/etc/ssh", "ro")}, "/etc/ssh", "touch /v/x"
    ),
    "host keys 0777": Given(
        {"volumes": volume("V", "/etc/ssh")}, "", f"{KEYGEN}; chmod 777 /v/ssh_host_*"
    ),
    "host keys 0644, read-only": Given(
        {"volumes": volume("V", "/etc/ssh", "ro")}, "/etc/ssh", f"{KEYGEN}; chmod 644 /v/ssh_host_*"
    ),
    "host keys of another": Given(
        {"volumes": volume("V", "/etc/ssh")}, "", f"{KEYGEN}; chown 1000 /v/ssh_host_*"
    ),
    "no sshd_config, read-only": Given(
        {"volumes": volume("V", "/etc/ssh", "ro")}, "/etc/ssh", f"{KEYGEN}; rm /v/sshd_config"
    ),
    "conf.d read-only": Given(
        {"volumes": volume("V", "/etc/profile.d", "ro")}, "/etc/profile.d/slipway.sh", "touch /v/x"
    ),
}
MOUNTED_FILES = [
    "/etc/motd", "/etc/bash.bashrc", "/etc/profile.d/slipway.sh",
    "/etc/ssh/sshd_config.d/00-slipway.conf", "/etc/nsswitch.conf", "/usr/local/bin/logtail.sh",
]  # fmt: skip


@pytest.fixture
def prepared(engine: docker.DockerClient, image: str) -> Iterator[Callable[[str], str]]:
    """
    Make volumes, with what commands put there; take it before `start`, as one in use stays.
    """
    made = []

    def make(commands: str) -> str:
        name = f"{PREFIX}{uuid.uuid4().hex[:12]}"
        made.append(engine.volumes.create(name))
        engine.containers.run(
            image,
            ["-c", commands],
            entrypoint="sh",
            remove=True,
            name=f"{name}-made",
            volumes=volume(name, "/v"),
        )
        return name

    yield make
    for each in made:
        each.remove(force=True)


@pytest.mark.parametrize("name", GIVEN)
def test_what_is_mounted_at_the_start_costs_no_login(
    prepared: Callable[[str], str], start: Start, key: KeyPair, name: str
) -> None:
    """
    The key opens a session, now and after a restart; what is not as promised is named.
    """
    given = GIVEN[name]
    options = given.options
    if given.before or "volumes" in options:
        own = prepared(given.before or ":")
        options = {"volumes": {own: options["volumes"]["V"]}}
    slipway = start(environment={"SSH_PUBKEY": key.public}, **options)
    slipway.wait_ssh(key)
    report = slipway.wait_converged()
    slipway.wait_healthy()
    features = [entry["feature"] for entry in report["degraded"]]

    assert report["totals"]["failed"] == 0, slipway.logs()
    assert (given.degraded in features) if given.degraded else features == []
    assert slipway.converge()["totals"]["failed"] == 0
    wait_until(lambda: not slipway.is_making_host_key(), "the RSA host key is in its place")
    public = slipway.check_output("sh", "-c", SCAN)
    assert slipway.exec("slipway", "check").code == 0
    assert "Traceback" not in slipway.logs()
    slipway.restart()
    slipway.wait_ssh(key)
    if options.get("tmpfs") != {"/etc/ssh": ""}:  # which is empty again
        assert slipway.check_output("sh", "-c", SCAN) == public
    if "ssh_host" in given.before:
        theirs = slipway.check_output("cut", "-d ", "-f2", "/etc/ssh/ssh_host_ed25519_key.pub")
        assert theirs in public


SCAN = "ssh-keyscan -t ed25519 127.0.0.1 2>/dev/null | cut -d' ' -f3"


@pytest.mark.parametrize("mode", ["rw", "ro"])
def test_files_that_are_mounted_stay_and_are_named(
    start: Start, key: KeyPair, tmp_path: Path, mode: str
) -> None:
    """
    Healthy, degraded by their names, each byte for byte, and everything else in its place.
    """
    given = {path: tmp_path / path.replace("/", "-") for path in MOUNTED_FILES}
    for file in given.values():
        file.write_text("# mine\n")
    volumes = {str(file): {"bind": path, "mode": mode} for path, file in given.items()}
    slipway = start(environment={"SSH_PUBKEY": key.public}, volumes=volumes)
    slipway.wait_ssh(key)
    report = slipway.wait_converged()
    slipway.wait_healthy()

    assert sorted(entry["feature"] for entry in report["degraded"]) == sorted(MOUNTED_FILES)
    assert report["totals"]["failed"] == 0
    assert all(f"degraded {path}" in slipway.health().stdout for path in MOUNTED_FILES)
    assert {file.read_text() for file in given.values()} == {"# mine\n"}
    assert slipway.exec("slipway", "check").code == 0


OWN = "[program:{name}]\ncommand=/bin/sleep 1000\n"
# What is mounted over files of ours: nothing at all, and programs of the same name
MASKED = ["/etc/motd", "/etc/profile.d/slipway.sh", "/etc/ssh/sshd_config", "/etc/bash.bashrc"]


def test_dev_null_and_programs_that_are_mounted_over_ours(
    start: Start, key: KeyPair, tmp_path: Path
) -> None:
    """
    Healthy, degraded by name; what runs is Slipway's, and a check announces nothing.
    """
    (tmp_path / "cron.conf").write_text(OWN.format(name="cron"))
    programs = "/etc/supervisor/conf.d"
    volumes = {
        "/dev/null": {"bind": f"{programs}/sshd.conf", "mode": "rw"},
        str(tmp_path / "cron.conf"): {"bind": f"{programs}/cron.conf", "mode": "ro"},
    }
    masked = [f"/dev/null:{path}" for path in MASKED]
    binds = [f"{source}:{each['bind']}:{each['mode']}" for source, each in volumes.items()]
    slipway = start(environment={"SSH_PUBKEY": key.public}, volumes=[*binds, *masked])
    slipway.wait_ssh(key)
    report = slipway.wait_converged()
    slipway.wait_healthy()
    named = {entry["feature"] for entry in report["degraded"]}

    assert report["totals"]["failed"] == 0
    assert named >= {*MASKED, f"{programs}/sshd.conf", f"{programs}/cron.conf"}
    assert slipway.exec("slipway", "check").stdout == "nothing would change\n"
    assert slipway.exec("pgrep", "-fx", "/bin/sleep 1000").code == 1


HANG = """
mkdir -p /tmp/source /workspace/silent && cp /root/.ssh/authorized_keys /tmp/source/keys
/opt/slipway/venv/bin/rclone mount /tmp/source /workspace/silent --daemon
for path in {paths}; do ln -sfn /workspace/silent/keys $path; done
kill -STOP $(pidof rclone)
"""
LINKED = ["/root/.ssh/authorized_keys", "/etc/motd", "/etc/bash.bashrc", "/var/lib/slipway/keys"]


def test_a_fuse_mount_that_hangs_hangs_nothing_of_ours(start: Start, key: KeyPair) -> None:
    """
    Links of the user's lead there: check, converge, health and status come back.

    sshd itself waits there for a key that it knows from nowhere else, and health says so. For the
    keys that are given it looks there last.
    """
    slipway = start(
        environment={"SSH_PUBKEY": key.public},
        cap_add=["SYS_ADMIN"],
        devices=["/dev/fuse"],
        security_opt=["apparmor=unconfined"],
    )
    slipway.wait_ssh(key)
    slipway.wait_converged()
    slipway.exec("sh", "-c", HANG.format(paths=" ".join(LINKED)))
    codes = [
        slipway.exec("timeout", "60", "slipway", *words).code
        for words in (("check",), ("converge",), ("check",), ("health",), ("status",))
    ]
    opens, health = slipway.opens_within(4, key), slipway.health()
    slipway.exec("sh", "-c", "kill -CONT $(pidof rclone); umount -l /workspace/silent")

    assert codes[0] in (0, 2)
    assert codes[1:] == [0, 0, 0, 0]
    assert opens
    assert "waits for all keys but those that were given: /root/.ssh/auth" in health.stdout


def test_a_read_only_root_says_all_that_it_lacks_at_once(start: Start) -> None:
    """
    In one line, in words of `docker run`; with these options it starts.
    """
    slipway = start(read_only=True)
    code = slipway.container.wait(timeout=30)["StatusCode"]
    (line,) = slipway.logs().splitlines()

    assert code == 1
    for option in ("/run", "/tmp", "/var/log/supervisor", "/var/lib/slipway"):
        assert f"--tmpfs {option}" in line


@pytest.mark.parametrize("place", ["/tmp", "/var/log/supervisor", "/var/lib/slipway"])
def test_a_read_only_place_is_replaced_and_named(start: Start, key: KeyPair, place: str) -> None:
    """
    A read-only root with /run alone, or all but one of the others.
    """
    places = {"/run", "/tmp", "/var/log/supervisor", "/var/lib/slipway"} - {place}
    slipway = start(
        environment={"SSH_PUBKEY": key.public},
        read_only=True,
        tmpfs=dict.fromkeys(places, ""),
    )
    slipway.wait_ssh(key)
    report = slipway.wait_converged()
    slipway.wait_healthy()

    assert report["totals"]["failed"] == 0
    assert place in [entry["feature"] for entry in report["degraded"]]


def test_keys_that_were_copied_in_with_another_owner_open_a_session(
    start: Start, key: KeyPair, tmp_path: Path
) -> None:
    """
    `docker cp` keeps the owner of the host's file, and of its directory.
    """
    slipway = start()
    slipway.wait_converged()
    slipway.exec(
        "sh", "-c", f"mkdir -p /root/.ssh; echo '{key.public}' > /root/.ssh/authorized_keys"
    )
    slipway.exec("sh", "-c", "chown -R 1000:1000 /root/.ssh; chmod -R 777 /root/.ssh")
    slipway.converge()
    slipway.wait_ssh(key)

    assert slipway.check_output("stat", "-c", "%a %U", "/root/.ssh").strip() == "700 root"
    assert slipway.exec("slipway", "check").code == 0
