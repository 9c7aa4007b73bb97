import hashlib
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from pyinfra.context import ctx_host

from slipway.connectors.native import Inside, Result
from slipway.contract import paths
from slipway.facts.files import FileState, FileStates, FileText
from slipway.facts.mounts import Mounts
from slipway.facts.ssh import (
    HostKeyIsInTheMaking,
    HostKeys,
    WeakModuli,
)
from slipway.facts.supervisor import Supervisord, SupervisordState
from slipway.operations import ssh
from slipway.system.mountinfo import Mount
from tests.unit.conftest import FactHost, Facts, Run

RUNNING = Supervisord({}, [], [], [], "")
ED25519 = b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + bytes(32)


def test_host_keys_that_are_missing_are_made_by_one_program(run: Run) -> None:
    """
    All of them at once; those that are there are no word of it.
    """
    facts = {HostKeys: {"ecdsa"}}

    assert run(ssh.host_keys, types=["ed25519", "ecdsa", "a b"], facts=facts) == [
        "/opt/slipway/venv/bin/python3 -I -m slipway.ssh.host_key ed25519 'a b'"
    ]


def test_inside_a_host_key_takes_no_process_but_ssh_keygens(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """
    No shell and no second Python: sshd waits for it.
    """
    started: list[str] = []
    start = subprocess.Popen.__init__

    def note(process: Any, words: list[str], *arguments: Any, **keywords: Any) -> None:
        started.append(words[0])
        start(process, words, *arguments, **keywords)

    monkeypatch.setattr(subprocess.Popen, "__init__", note)
    monkeypatch.setattr(paths, "SSH", tmp_path)
    with ctx_host.use(FactHost({HostKeys: set()})):
        (command,) = ssh.host_keys._inner(types=["ed25519"])  # noqa: SLF001

    assert isinstance(command, Inside)
    assert command.act() == Result(b"")
    assert started == ["ssh-keygen"]


HERE = [Mount("/", "overlay", "overlay", frozenset(), shared=False, settings=("upperdir=/l/1",))]
DIGEST = hashlib.sha256(b"overlay / upperdir=/l/1").hexdigest()
RECORD = "/var/lib/slipway/container"


def foreign(
    run: Run,
    noted: str,
    *,
    mounts: list[Mount] = HERE,
    states: Mapping[str, FileState] = MappingProxyType({}),
) -> list[str]:
    """
    Return what is done about host keys, with this noted about whose they are.
    """
    facts = {Mounts: mounts, FileText: noted and f"{noted}\n", HostKeys: {"rsa", "ed25519"}}
    facts[FileStates] = dict(states)
    return run(ssh.no_foreign_host_keys, record=RECORD, facts=facts)


def test_host_keys_of_another_container_are_removed(run: Run) -> None:
    """
    Both parts of each, before it is noted whose the next are.
    """
    remove, *note = foreign(run, "of another")

    assert remove == (
        "rm -f -- /etc/ssh/ssh_host_ed25519_key /etc/ssh/ssh_host_ed25519_key.pub "
        "/etc/ssh/ssh_host_rsa_key /etc/ssh/ssh_host_rsa_key.pub"
    )
    assert f"/var/lib/slipway/.container.slipway <- {DIGEST}\n" in note


def test_the_keys_that_sshd_had_elsewhere_are_removed_as_well(run: Run) -> None:
    """
    The layer has them, too.
    """
    spare = f"{paths.STATE}/ssh/ssh_host_ed25519_key"
    there = {spare: FileState("regular file", "600", "root", "root", "")}
    remove, *_ = foreign(run, "of another", states=there)

    assert remove.endswith(f" {spare}")


def test_what_can_not_be_removed_ends_nothing(run: Run) -> None:
    """
    On a read-only root nothing is; they are not used either (ssh_place).
    """
    root = HERE[0]._replace(options=frozenset({"ro"}))

    assert foreign(run, "of another", mounts=[root]) == []
    assert foreign(run, "", mounts=[root]) == []  # nor are they noted as this container's


def test_a_first_start_notes_whose_the_keys_are(run: Run) -> None:
    """
    What was there before is kept: somebody put it there.
    """
    assert not [command for command in foreign(run, "") if command.startswith("rm -f -- /etc")]


def test_this_containers_host_keys_stay(run: Run) -> None:
    """
    However often it is restarted; and where nothing tells containers apart.
    """
    assert foreign(run, DIGEST) == []
    assert foreign(run, "of another", mounts=[]) == []


@pytest.mark.parametrize("point", ["/etc/ssh", "/etc"])
def test_host_keys_on_a_volume_stay(run: Run, point: str) -> None:
    """
    They belong to whoever mounts it, in as many containers as he likes.
    """
    volume = Mount(point, "ext4", "/dev/x", frozenset(), shared=False)

    commands = foreign(run, "of another", mounts=[*HERE, volume])
    assert not [command for command in commands if command.startswith("rm -f -- /etc")]


def test_a_single_host_key_that_is_mounted_stays(run: Run) -> None:
    """
    The others are removed.
    """
    key = Mount("/etc/ssh/ssh_host_rsa_key", "ext4", "/dev/x", frozenset(), shared=False)

    remove, *_ = foreign(run, "of another", mounts=[*HERE, key])
    assert "/etc/ssh/ssh_host_rsa_key " not in f"{remove} "
    assert "/etc/ssh/ssh_host_ed25519_key" in remove


def test_host_keys_of_other_types_stay(run: Run) -> None:
    """
    The slow one is another operation's to make, and the user's are not ours.
    """
    present = {"ed25519", "rsa", "ecdsa"}

    assert run(ssh.host_keys, types=["ed25519"], facts={HostKeys: present}) == []


def test_an_image_holds_no_host_key_at_all(run: Run) -> None:
    """
    Neither quick nor slow ones.
    """
    commands = run(ssh.host_keys, types=[], facts={HostKeys: {"rsa"}})

    assert commands == ["rm -f /etc/ssh/ssh_host_rsa_key /etc/ssh/ssh_host_rsa_key.pub"]


def test_supervisord_begins_a_slow_host_key(run: Run) -> None:
    """
    It outlives the convergence, and somebody has to reap it.
    """
    missing = {HostKeys: {"ed25519"}, HostKeyIsInTheMaking: False, SupervisordState: RUNNING}
    (command,) = run(ssh.slow_host_key, kind="rsa", facts=missing)

    assert "makeHostKey" in command


def test_a_slow_host_key_is_begun_once(run: Run) -> None:
    """
    Not while it is being made, nor when it is there, nor where no sshd will need it.
    """
    there: list[Facts] = [
        {HostKeys: {"rsa"}},
        {HostKeys: set(), HostKeyIsInTheMaking: True},
        {HostKeys: set(), HostKeyIsInTheMaking: False, SupervisordState: None},
    ]
    for facts in there:
        assert run(ssh.slow_host_key, kind="rsa", facts=facts) == []


def test_weak_moduli_are_left_out_of_a_new_file(run: Run) -> None:
    """
    Comments stay, and the old file is there until the new one is whole.
    """
    (command,) = run(ssh.strong_moduli, bits=3072, facts={WeakModuli: True})

    assert "awk '/^#/ || $5 >= 3071' /etc/ssh/moduli > /etc/ssh/.moduli.slipway" in command
    assert command.endswith("mv -T /etc/ssh/.moduli.slipway /etc/ssh/moduli")
    assert run(ssh.strong_moduli, bits=3072, facts={WeakModuli: False}) == []


MAIN = "/etc/ssh/sshd_config"
PACKAGES = "UsePAM yes\n#Subsystem sftp x\nSubsystem\tsftp\t/usr/lib/openssh/sftp-server{}\nX no\n"
ROOT = Mount("/", "overlay", "overlay", frozenset({"rw"}), shared=False)


def sftp(run: Run, text: str, *mounts: Mount) -> list[str]:
    """
    Return the commands for a main file with this text.
    """
    facts = {FileText: text, Mounts: [ROOT, *mounts]}
    commands: list[str] = run(ssh.internal_sftp, configuration=MAIN, facts=facts)
    return commands


@pytest.mark.parametrize("options", ["", " -f AUTH -l INFO"])
def test_sshd_serves_sftp_itself(run: Run, options: str) -> None:
    """
    The package's line is changed, with what options it has, and nothing else is.
    """
    commands = sftp(run, PACKAGES.format(options))
    expected = PACKAGES.replace("/usr/lib/openssh/sftp-server", "internal-sftp").format(options)

    assert f"/etc/ssh/.sshd_config.slipway <- {expected}" in commands
    assert sftp(run, expected) == []


@pytest.mark.parametrize(
    "line", ["Subsystem sftp /opt/sftp\n", "Subsystem sftp /usr/lib/openssh/sftp-server2\n", ""]
)
def test_another_program_for_sftp_is_its_authors(run: Run, line: str) -> None:
    """
    As a file without the line is.
    """
    assert sftp(run, line) == []


@pytest.mark.parametrize(
    "mount",
    [
        Mount(MAIN, "ext4", "/dev/sda", frozenset({"rw"}), shared=False),
        Mount("/etc", "ext4", "/dev/sda", frozenset({"ro"}), shared=False),
    ],
    ids=["file", "read-only directory"],
)
def test_a_main_file_that_is_mounted_stays(run: Run, mount: Mount) -> None:
    """
    And what that costs is named.
    """
    assert sftp(run, PACKAGES.format(""), mount) == []
    (degraded,) = run.host.connector_data["degraded"]
    assert (degraded.feature, "internal-sftp" in degraded.condition) == ("sftp", True)
