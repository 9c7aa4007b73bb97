"""
sshd from /etc/ssh, or from a place of ours with the keys that are there.
"""

from __future__ import annotations

from hashlib import sha256
from types import SimpleNamespace

import pytest
from pyinfra.context import ctx_host

from slipway.contract import paths
from slipway.facts.authorized_keys import KeyFile, KeyFiles
from slipway.facts.files import FileState, FileStates, FileText
from slipway.facts.mounts import Mounts
from slipway.operations import ssh_place
from slipway.operations.files import File
from slipway.system.mountinfo import Mount
from tests.unit.conftest import FactHost, Facts, Run

ED25519 = "/etc/ssh/ssh_host_ed25519_key"
MAIN = "/etc/ssh/sshd_config"
DROP_IN = File("/etc/ssh/sshd_config.d/00-slipway.conf", b"HostKey /x\nPermitTunnel no\n")


def state(content: bytes = b"x", mode: str = "600", user: str = "root") -> FileState:
    """
    Return a regular file's state.
    """
    return FileState("regular file", mode, user, "root", sha256(content).hexdigest())


SOUND = {ED25519: state(), MAIN: state(mode="644"), DROP_IN.path: state(DROP_IN.content, "644")}


def mounts(*options: str, point: str = "/etc/ssh") -> list[Mount]:
    """
    Return the mounts of a container with one more.
    """
    root = Mount("/", "overlay", "overlay", frozenset({"rw"}), shared=False)
    return [root, Mount(point, "ext4", "/dev/x", frozenset(options), shared=False)]


def obstacle(facts: Facts, *, is_executing: bool = True) -> str:
    """
    Return what stands against /etc/ssh.
    """
    host = FactHost(facts)
    host.state = SimpleNamespace(is_executing=is_executing)
    with ctx_host.use(host):
        return ssh_place.obstacle(drop_ins=[DROP_IN])


@pytest.mark.parametrize(
    ("states", "options", "words"),
    [
        (SOUND, "rw", ""),
        (SOUND, "ro", ""),
        ({}, "rw", "no ed25519 host key can be made"),  # it has been tried
        ({}, "ro", "holds no ed25519 host key"),
        (SOUND | {ED25519: state(mode="644")}, "ro", "others can read"),
        (SOUND | {ED25519: state(mode="777")}, "rw", "others can read"),  # after the mending
        (SOUND | {ED25519: state(mode="644", user="1000")}, "ro", ""),  # sshd takes it
        (SOUND | {ED25519: state(b"")}, "ro", "holds no ed25519 host key"),
        (SOUND | {MAIN: state(b"")}, "ro", "holds no sshd_config"),
        ({ED25519: state(), DROP_IN.path: SOUND[DROP_IN.path]}, "ro", "holds no sshd_config"),
        (SOUND | {DROP_IN.path: state(b"PermitTunnel yes\n")}, "ro", "is not Slipway's"),
        ({ED25519: state(), MAIN: SOUND[MAIN]}, "ro", "is not Slipway's"),
    ],
)
def test_what_stands_against_etc_ssh_is_told(
    states: dict[str, FileState], options: str, words: str
) -> None:
    """
    Owner, mode and usability; what can be mended in place stands against nothing.
    """
    told = obstacle({FileStates: states, Mounts: mounts(options)})

    assert words in told
    assert bool(told) == bool(words)


def test_a_check_expects_that_a_mode_can_be_mended() -> None:
    """
    It has changed nothing yet.
    """
    facts: Facts = {FileStates: SOUND | {ED25519: state(mode="777")}, Mounts: mounts("rw")}

    assert obstacle(facts, is_executing=False) == ""


def test_a_check_expects_that_a_key_can_be_made_unless_that_was_tried() -> None:
    """
    A directory without room: sshd is served from elsewhere already.
    """
    facts: Facts = {FileStates: {}, Mounts: mounts("rw")}

    assert obstacle(facts, is_executing=False) == ""
    assert obstacle({**facts, FileText: "-f /x/sshd_config\n"}, is_executing=False)


def test_keys_that_are_there_are_copied_and_named(run: Run) -> None:
    """
    The host stays the same; the copy is root's alone, and our drop-ins come first.
    """
    facts = {
        Mounts: mounts("ro"),
        KeyFiles: {ED25519: KeyFile(b"PRIVATE", "644", "root", ED25519)},
        FileText: lambda path: "Subsystem sftp x\n" if path == MAIN else "",
    }
    commands = run(ssh_place.elsewhere, why="it is odd", drop_ins=[DROP_IN], facts=facts)
    uploads = [command for command in commands if " <- " in command]

    assert "/var/lib/slipway/ssh/.ssh_host_ed25519_key.slipway <- PRIVATE" in uploads
    assert uploads[1].splitlines()[1:] == [
        "HostKey /var/lib/slipway/ssh/ssh_host_ed25519_key",
        "# its host keys are above",
        "PermitTunnel no",
        "",
        "Include /etc/ssh/sshd_config",
    ]
    assert (
        uploads[2] == "/run/slipway/.sshd.options.slipway <- -f /var/lib/slipway/ssh/sshd_config\n"
    )
    assert "stopProcess sshd" in " ".join(commands)
    assert not any("ssh-keygen" in command for command in commands)
    (entry,) = run.host.connector_data["degraded"]
    assert str(entry).startswith("/etc/ssh: it is odd; sshd has its configuration")


LAYER = ("upperdir=/l/1",)
THIS = sha256(b"overlay / upperdir=/l/1").hexdigest()


@pytest.mark.parametrize(
    ("noted", "options", "volume", "is_told"),
    [
        ("of another", {"ro"}, "", True),
        ("of another", {"ro"}, "/workspace", True),
        ("of another", {"ro"}, "/etc/ssh", False),  # whoever mounts it has it so
        ("of another", {"ro"}, "/etc", False),
        ("of another", {"rw"}, "", False),  # they have been removed, or will be
        (THIS, {"ro"}, "", False),
        ("", {"ro"}, "", True),  # a tmpfs hides the note
    ],
)
def test_an_images_keys_are_not_used(
    run: Run, noted: str, options: set[str], volume: str, *, is_told: bool
) -> None:
    """
    A read-only root keeps those of a committed image: none is served, and one is made anew.
    """
    root = Mount("/", "overlay", "overlay", frozenset(options), shared=False, settings=LAYER)
    more = [Mount(volume, "ext4", "/dev/x", frozenset({"ro"}), shared=False)] if volume else []
    facts: Facts = {
        Mounts: [root, Mount("/run", "tmpfs", "tmpfs", frozenset({"rw"}), shared=False), *more],
        FileStates: SOUND,
        KeyFiles: {ED25519: KeyFile(b"PRIVATE", "600", "root", ED25519)},
        FileText: lambda path: f"{noted}\n" if path == str(paths.BELONGS_TO) else "",
    }
    told = obstacle(facts)
    commands = run(ssh_place.elsewhere, why="it is odd", drop_ins=[DROP_IN], facts=facts)

    assert ("the image's" in told) == is_told
    assert any("ssh-keygen" in command for command in commands) == is_told
    assert any(" <- PRIVATE" in command for command in commands) != is_told


def test_where_there_is_no_key_one_is_made_and_kept(run: Run) -> None:
    """
    In /run where nothing else can be written; the next run finds it.
    """
    facts: Facts = {Mounts: mounts("ro", point="/var/lib/slipway"), KeyFiles: {}}
    commands = run(ssh_place.elsewhere, why="none", drop_ins=[], facts=facts)
    own = "/run/slipway/ssh/ssh_host_ed25519_key"
    made = {own: KeyFile(b"PRIVATE", "600", "root", own)}
    again = run(ssh_place.elsewhere, why="none", drop_ins=[], facts={**facts, KeyFiles: made})

    assert any("ssh-keygen -q -t ed25519" in command and own in command for command in commands)
    assert any("Subsystem sftp" in command for command in commands)
    assert not any("ssh-keygen" in command for command in again)


def test_etc_ssh_is_used_again_when_it_can_be(run: Run) -> None:
    """
    And nothing is done where it always was.
    """
    again = run(
        ssh_place.elsewhere, why="", drop_ins=[], facts={FileText: "-f /var/lib/slipway/ssh/x\n"}
    )

    assert again[-1] == "rm -f -- /run/slipway/sshd.options"
    assert run(ssh_place.elsewhere, why="", drop_ins=[], facts={}) == []


def test_host_keys_are_roots_alone(run: Run) -> None:
    """
    On a volume another's key stays his; one that is mounted itself is left alone.
    """
    rsa = "/etc/ssh/ssh_host_rsa_key"
    states = {ED25519: state(mode="644", user="1000"), rsa: state(mode="400")}

    assert run(ssh_place.private_host_keys, facts={FileStates: states}) == [
        f"chown 0:0 -- {ED25519}",
        f"chmod 600 -- {ED25519} || true",
    ]
    assert run(ssh_place.private_host_keys, facts={FileStates: states, Mounts: mounts("rw")}) == [
        f"chmod 600 -- {ED25519} || true"
    ]
    assert (
        run(
            ssh_place.private_host_keys,
            facts={FileStates: states, Mounts: mounts("rw", point=ED25519)},
        )
        == []
    )


@pytest.mark.parametrize(
    ("states", "is_written"),
    [
        ({MAIN: state()}, False),
        ({}, True),
        ({MAIN: state(b"")}, True),
        ({MAIN: FileState("symbolic link", "777", "root", "root", "")}, True),
    ],
)
def test_a_main_file_is_there(run: Run, states: dict[str, FileState], *, is_written: bool) -> None:
    """
    Without one no drop-in of ours is read.
    """
    commands = run(ssh_place.main_configuration, facts={FileStates: states, Mounts: []})

    assert any("Include /etc/ssh/sshd_config.d" in each for each in commands) == is_written
