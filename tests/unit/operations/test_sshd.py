"""
sshd runs while a key is there, and what it is served without is a complaint.
"""

from __future__ import annotations

from base64 import b64encode

import pytest

from slipway.contract import paths
from slipway.facts.authorized_keys import KeyFile, KeyFiles
from slipway.facts.files import FileText
from slipway.facts.ssh import HasOtherKeys, SshdIsStale, SshdPorts, SshPortIsTaken
from slipway.facts.supervisor import Program, Supervisord, SupervisordState
from slipway.operations import sshd
from tests.unit.conftest import Facts, Run

RUNNING = Supervisord({}, [], [], [], "")
ED25519 = b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + bytes(32)
KEYS = {"/keys": KeyFile(b"ssh-ed25519 " + b64encode(ED25519) + b"\n", "600", "root", "/keys")}


def facts_of(state: str, *, stale: bool = False) -> Facts:
    """
    Return what is known of a container with a key.
    """
    supervisord = RUNNING._replace(programs={"sshd": Program(state, 7)})
    return {
        SupervisordState: supervisord,
        KeyFiles: KEYS,
        SshdIsStale: stale,
        SshdPorts: [22],
        SshPortIsTaken: False,
    }


def test_sshd_reads_only_what_it_can_use(run: Run) -> None:
    """
    It would end otherwise; where none runs its own start leaves out what it can't use.
    """
    stale = run(sshd.daemon, authorized_keys=["/keys"], facts=facts_of("RUNNING", stale=True))
    fresh = run(sshd.daemon, authorized_keys=["/keys"], facts=facts_of("RUNNING"))
    down = run(sshd.daemon, authorized_keys=["/keys"], facts=facts_of("STOPPED", stale=True))

    assert stale == ["/opt/slipway/venv/bin/python3 -I -m slipway.ssh.usable reload"]
    assert (fresh, down) == ([], ["startProcess sshd"])


def test_sshd_waits_only_where_all_of_its_ports_are_anothers(run: Run) -> None:
    """
    It listens on those that are left, whatever their numbers.
    """
    facts = {**facts_of("STOPPED"), SshdPorts: [2222, 22], SshPortIsTaken: lambda port: port == 22}
    one_left = run(sshd.daemon, authorized_keys=["/keys"], facts=facts)
    facts = {**facts, SshPortIsTaken: True}

    assert one_left == ["startProcess sshd"]
    assert run(sshd.daemon, authorized_keys=["/keys"], facts=facts) == []
    assert run.host.noops == ["another server has port 2222, 22"]


@pytest.mark.parametrize(("has_other", "commands"), [(True, ["startProcess sshd"]), (False, [])])
def test_a_key_that_is_in_no_file_of_ours_counts(
    run: Run,
    has_other: bool,  # noqa: FBT001
    commands: list[str],
) -> None:
    """
    A CA's (TrustedUserCAKeys), say.
    """
    facts = {**facts_of("STOPPED"), KeyFiles: {}, HasOtherKeys: has_other}

    assert run(sshd.daemon, authorized_keys=["/keys"], facts=facts) == commands


LEFT_OUT = '[["/etc/ssh/sshd_config.d/x.conf", 2, "Bad configuration option: Foo"]]'


def test_a_line_that_is_left_out_is_a_complaint(run: Run) -> None:
    """
    Also when nothing changed; its file is asked for, wherever it lies.
    """
    record = str(paths.SSHD_LEFT_OUT)
    asked = []

    def is_stale(*, besides: list[str]) -> bool:
        asked.append(besides)
        return False

    facts = {
        **facts_of("RUNNING"),
        FileText: lambda path: LEFT_OUT if path == record else "",
        SshdIsStale: is_stale,
    }
    (command,) = run(sshd.daemon, authorized_keys=["/keys"], facts=facts)

    assert "left out: /etc/ssh/sshd_config.d/x.conf line 2: Bad configuration option" in command
    assert asked == [["/etc/ssh/sshd_config.d/x.conf"]]
