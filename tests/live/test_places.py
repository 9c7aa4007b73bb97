"""
Every path of the contract, broken in eight ways: a check says so, a convergence mends it, and the
key opens a session all along.

What is mounted is not ours to mend: it stays as it is, and is named. Mounts are made from within,
so that one container serves many rows.
"""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import docker
import pytest

from slipway.contract import paths

from .conftest import PREFIX, KeyPair, Slipway

Start = Callable[..., Slipway]

DIRECTORIES = [
    paths.RUN, paths.SSH, paths.SSHD_DROP_INS, paths.SSHD_CHROOT, paths.LOGS, paths.STATE,
    paths.SUPERVISOR_PROGRAMS, paths.SUPERVISORD_CONF.parent, paths.PROFILE.parent,
    paths.WORKSPACE, paths.HOME, paths.AUTHORIZED_KEYS.parent,
]  # fmt: skip
FILES = [
    paths.ENVIRONMENT, paths.SSHD_ENVIRONMENT, paths.SHELL_ENVIRONMENT, paths.LOCK, paths.REPORT,
    paths.UNFINISHED, paths.DEVICES, paths.PROCESSES, paths.HOST_KEY_LOCK, paths.SSHD_OPTIONS,
    paths.SSHD_CONFIG, paths.SSHD_ALGORITHMS, paths.SSHD_RSA_KEY, paths.MODULI, paths.SSHD_PID,
    paths.SSHD_DROP_INS / "00-slipway.conf", paths.SSH / "ssh_host_ed25519_key",
    paths.SSH / "ssh_host_ed25519_key.pub", paths.SSH / "ssh_host_rsa_key", paths.BASHRC,
    paths.PROFILE, paths.BELONGS_TO, paths.KEYS_RECORD, paths.KEYS_FALLBACK,
    paths.SUPERVISORD_CONF, paths.SUPERVISOR_PROGRAMS / "sshd.conf",
    paths.SUPERVISOR_PROGRAMS / "logtail.conf", paths.AUTHORIZED_KEYS, paths.AUTHORIZED_KEYS_MOUNT,
    paths.RCLONE_CONF, Path("/etc/motd"), Path("/etc/nsswitch.conf"),
    paths.COMMANDS / "logtail.sh", paths.COMMANDS / "supervisorctl",
]  # fmt: skip

BREAKS = {
    "absent": "rm -rf {path}",
    "empty": "rm -rf {path}; {make_empty}",
    "a directory": "rm -rf {path}; mkdir -p {path}/inside",
    "a file": "rm -rf {path}; mkdir -p $(dirname {path}); echo else > {path}",
    "a dangling link": "rm -rf {path}; mkdir -p $(dirname {path}); ln -s /nowhere{path} {path}",
    "of another owner": "[ ! -e {path} ] || chown -R 1000:1000 {path}",
    "open to all": "[ ! -e {path} ] || chmod -R 777 {path}",
}
MOUNTS = {
    "mounted": "cp -aL {path} /tmp/copy && mount --bind /tmp/copy {path}",
    "mounted read-only": "cp -aL {path} /tmp/copy && mount --bind /tmp/copy {path} && "
    "mount -o remount,bind,ro {path}",
}
# What follows: what each program said, and its exit code
FOLLOWS = """
say() { "$@" > /tmp/said 2>&1; code=$?; printf '%s\\0%s\\0' "$code" "$(cat /tmp/said)"; }
say slipway check; say slipway converge --json; say slipway check
say slipway health; say slipway status
"""


class After(NamedTuple):
    """
    What was seen after something was broken.
    """

    check: tuple[int, str]
    converge: tuple[int, str]
    again: tuple[int, str]
    health: tuple[int, str]
    status: tuple[int, str]

    @property
    def report(self) -> dict[str, Any]:
        """Return what the convergence reported."""
        document: dict[str, Any] = json.loads(self.converge[1][self.converge[1].index("{") :])
        return document


class House:
    """
    One container for many rows; a new one where the last was left in disorder.
    """

    def __init__(self, start: Start, key: KeyPair) -> None:
        self._start, self._key = start, key
        self._slipway: Slipway | None = None

    def give(self) -> Slipway:
        """
        Return a container in which all is well.
        """
        if self._slipway is None or not self._is_well(self._slipway):
            if self._slipway is not None:
                self._slipway.container.remove(force=True, v=True)
            self._slipway = self._start(
                environment={"SSH_PUBKEY": self._key.public},
                cap_add=["SYS_ADMIN"],
                security_opt=["apparmor=unconfined"],
            )
            self._slipway.wait_ssh(self._key)
            self._slipway.wait_converged()
            self._slipway.wait_host_keys()
            self._slipway.wait_healthy()
        return self._slipway

    def _is_well(self, slipway: Slipway) -> bool:
        check = slipway.exec("slipway", "check")
        login = slipway.ssh(self._key, "true")
        return check.code == slipway.health().code == login.code == 0


@pytest.fixture(scope="module")
def house(module_start: Start, key: KeyPair) -> House:
    """
    Keep a container.
    """
    return House(module_start, key)


def broken(slipway: Slipway, commands: str) -> After:
    """
    Run commands that break something, then see what Slipway makes of it.
    """
    output = slipway.exec("sh", "-c", f"cd /\n{commands}\n{FOLLOWS}").stdout
    parts = output.split("\0")
    assert len(parts) == 11, output
    return After(*((int(parts[at]), parts[at + 1]) for at in range(0, 10, 2)))


def failures(after: After) -> list[str]:
    """
    Return what is not as it has to be in any case.
    """
    said = "".join(text for _, text in after)
    return [
        what
        for what, is_so in {
            "a traceback": "Traceback" in said,
            f"converge says {after.converge}": after.converge[0] != 0,
            f"check says {after.check}": after.check[0] not in (0, 2),
            f"check says again {after.again}": after.again[0] != 0,
            f"health says {after.health}": after.health[0] != 0,
        }.items()
        if is_so
    ]


ROWS = [
    (str(path), how)
    for path in (*DIRECTORIES, *FILES)
    for how in BREAKS
    # What a user writes there is his, and sshd's complaint of it is named: test_sshd.py
    if (path, how) != (paths.SSHD_CONFIG, "a file")
]


@pytest.mark.parametrize(("path", "how"), ROWS)
def test_what_is_broken_is_found_and_mended(
    house: House, key: KeyPair, path: str, how: str
) -> None:
    """
    No traceback; 2 from the check where the convergence mends something, then 0; and a login.
    """
    slipway = house.give()
    is_directory = path in map(str, DIRECTORIES)
    make_empty = f"mkdir -p {path}" if is_directory else f"mkdir -p $(dirname {path}); : > {path}"
    after = broken(slipway, BREAKS[how].format(path=path, make_empty=make_empty))

    assert failures(after) == []
    changed = after.report["totals"]["changed"]
    assert after.check[0] == (2 if changed else 0), (after.check, after.report["operations"])
    assert slipway.ssh(key, "id -un").stdout == "root\n"


# /run/slipway is what no container does without
MOUNTABLE = [str(path) for path in (*DIRECTORIES, *FILES) if not path.is_relative_to(paths.RUN)]


@pytest.mark.parametrize("how", MOUNTS)
@pytest.mark.parametrize("path", MOUNTABLE)
def test_what_is_mounted_stays_and_costs_nothing_else(
    house: House, key: KeyPair, path: str, how: str
) -> None:
    """
    Neither with what is right nor, read-only, with what is not.
    """
    slipway = house.give()
    made = f"[ -e {path} ] || {{ mkdir -p $(dirname {path}); : > {path}; }}"
    after = broken(slipway, f"{made}\n{MOUNTS[how].format(path=path)}")
    login = slipway.ssh(key, "id -un")
    slipway.exec("sh", "-c", f"umount {path}; rm -rf /tmp/copy; [ -s {path} ] || rm -f {path}")

    assert failures(after) == []
    assert login.stdout == "root\n"


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
    Make volumes, with what commands put there.
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
        with contextlib.suppress(docker.errors.APIError):
            each.remove(force=True)


@pytest.mark.parametrize("name", GIVEN)
def test_what_is_mounted_at_the_start_costs_no_login(
    start: Start, key: KeyPair, prepared: Callable[[str], str], name: str
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
    public = slipway.check_output("sh", "-c", SCAN)

    assert report["totals"]["failed"] == 0, slipway.logs()
    assert (given.degraded in features) if given.degraded else features == []
    assert slipway.converge()["totals"]["failed"] == 0
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
@pytest.mark.parametrize("path", MOUNTED_FILES)
def test_a_file_that_is_mounted_stays_and_is_named(
    start: Start, key: KeyPair, tmp_path: Path, path: str, mode: str
) -> None:
    """
    Healthy, degraded by its name, the file byte for byte, and everything else in its place.
    """
    mine = tmp_path / "mine"
    mine.write_text("# mine\n")
    slipway = start(environment={"SSH_PUBKEY": key.public}, volumes=volume(str(mine), path, mode))
    slipway.wait_ssh(key)
    report = slipway.wait_converged()
    slipway.wait_healthy()

    assert [entry["feature"] for entry in report["degraded"]] == [path]
    assert report["totals"]["failed"] == 0
    assert f"degraded {path}" in slipway.health().stdout
    assert mine.read_text() == "# mine\n"
    assert slipway.exec("slipway", "check").code == 0


HANG = """
mkdir -p /tmp/source /mnt/silent && cp /root/.ssh/authorized_keys /tmp/source/keys
/opt/slipway/venv/bin/rclone mount /tmp/source /mnt/silent --daemon
ln -sfn {target} {path}
kill -STOP $(pidof rclone)
"""


@pytest.mark.parametrize(
    "path", ["/root/.ssh/authorized_keys", "/etc/motd", "/etc/bash.bashrc", "/var/lib/slipway/keys"]
)
def test_a_fuse_mount_that_hangs_hangs_nothing_of_ours(
    start: Start, key: KeyPair, path: str
) -> None:
    """
    A link of the user's leads there: check, converge and health answer, and no other file waits.
    """
    slipway = start(
        environment={"SSH_PUBKEY": key.public},
        cap_add=["SYS_ADMIN"],
        devices=["/dev/fuse"],
        security_opt=["apparmor=unconfined"],
    )
    slipway.wait_ssh(key)
    slipway.wait_converged()
    slipway.exec("sh", "-c", HANG.format(target="/mnt/silent/keys", path=path))
    codes = [
        slipway.exec("timeout", "60", "slipway", *words).code
        for words in (("check",), ("converge",), ("check",), ("health",))
    ]
    slipway.exec("sh", "-c", "kill -CONT $(pidof rclone); umount -l /mnt/silent")

    assert codes[0] in (0, 2)
    assert codes[1:] == [0, 0, 0]


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
