"""
Changes in words, and what a check's later operations are given of the earlier ones.
"""

from __future__ import annotations

from typing import Any

import pytest
from pyinfra.context import ctx_host

from slipway.contract import paths
from slipway.facts.acl import ExtendedAcls
from slipway.facts.attributes import Unchangeable
from slipway.facts.authorized_keys import KeyFile, KeyFiles
from slipway.facts.files import FileState, FileStates, FileText
from slipway.facts.mounts import Mounts
from slipway.facts.places import Place, Places
from slipway.facts.ssh import HasOtherKeys, SshdIsStale, SshdPorts, SshPortIsTaken
from slipway.facts.supervisor import Program, Supervisord, SupervisordState
from slipway.operations import (
    acl,
    differences,
    directories,
    files,
    foresight,
    sshd,
    supervisor,
)
from slipway.operations.files import File
from slipway.operations.foresight import PLAN, Change, Plan
from tests.unit.conftest import FactHost, Facts

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIYIQ5u1YIYoX6oXqZl5HC0kXqP7yKJEgWj2bcXWk1cJ one"
UP, DOWN = Program("RUNNING", 7), Program("STOPPED", 0)
CONF = str(paths.SUPERVISOR_PROGRAMS)
WEB = "[program:web]\ncommand=sleep 1\n"


class Check:
    """
    A check of operations, one after the other.
    """

    def __init__(self, facts: Facts, *, is_verbose: bool = False) -> None:
        self.plan = Plan(is_check=True, is_verbose=is_verbose)
        self.host = FactHost(facts)
        self.host.connector_data[PLAN] = self.plan

    def __call__(self, operation: Any, **arguments: Any) -> list[str]:
        """
        Return what an operation would change, as a check says it.
        """
        self.plan.changes = []
        with ctx_host.use(self.host):
            list(operation._inner(**arguments))  # noqa: SLF001
        return [change.line(is_check=True) for change in self.plan.changes]


def state(**given: Any) -> FileState:
    sound = FileState("regular file", "644", "root", "root", "sum")
    return sound._replace(**given)


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (None, "missing"),
        (state(sha256="other"), "content differs"),
        (state(mode="777"), "mode 777, should be 644"),
        (state(user="nobody"), "owner nobody:root, should be root:root"),
        (state(type="symbolic link"), "a symbolic link, should be a regular file"),
        (state(sha256="other", mode="600"), "content differs, mode 600, should be 644"),
    ],
)
def test_a_difference_is_said_in_words(seen: FileState | None, said: str) -> None:
    assert differences.between(state(), seen) == said


def test_what_is_done_follows_would_in_a_check() -> None:
    """
    And a path's newline is no second line.
    """
    assert Change("web", "start", is_act=True).line(is_check=True) == "web: would start"
    assert Change("web", "start", is_act=True).line(is_check=False) == "web: start"
    assert Change("/a\nb", "missing").line(is_check=True) == "/a\\x0ab: missing"


def supervised(program: Program) -> Supervisord:
    return Supervisord({"sshd": program}, [], [], [], "")


@pytest.mark.parametrize(
    ("program", "content", "said"),
    [
        (UP, f"{KEY}\n".encode(), []),
        (UP, None, ["sshd: would stop: no key opens a session"]),
        (DOWN, f"{KEY}\n".encode(), ["sshd: would start"]),
    ],
)
def test_keys_that_are_written_first_count(
    program: Program, content: bytes | None, said: list[str]
) -> None:
    """
    The file is gone: sshd would stop, if the operation above did not write it.
    """
    facts = {KeyFiles: {}, SupervisordState: supervised(program), SshdIsStale: False}
    check = Check({**facts, SshPortIsTaken: False, SshdPorts: [22], HasOtherKeys: False})
    if content is not None:
        check.plan.left["/root/.ssh/authorized_keys"] = content

    assert check(sshd.daemon, authorized_keys=["/root/.ssh/authorized_keys"]) == said


def test_files_that_sshd_reads_make_it_stale() -> None:
    """
    They will be newer than it, once they are written.
    """
    keys = {"/k": KeyFile(f"{KEY}\n".encode(), "600", "root", "/k")}
    check = Check({KeyFiles: keys, SupervisordState: supervised(UP), SshdIsStale: False})
    check.plan.left[str(paths.SSHD_ENVIRONMENT)] = b"SetEnv A=b\n"

    said = ["sshd: would read its files again: they are newer"]
    assert check(sshd.daemon, authorized_keys=["/k"]) == said


@pytest.mark.parametrize(
    ("pending", "on_disk", "left", "said"),
    [
        ({"removed": ["web"]}, "", WEB, []),  # its file would be there again
        ({"removed": ["web"]}, "", None, ["web: would stop: its file is gone"]),
        ({"changed": ["web"]}, WEB + "priority=1\n", WEB, []),  # changed behind its back
        ({}, WEB + "priority=1\n", WEB, ["web: would restart: its file changed"]),
        ({}, WEB, WEB + "; a comment\n", []),
        ({}, WEB, WEB + 'slipway_title="Web"\n', []),  # for people, as a comment is
        ({}, WEB, WEB + 'slipway_after=["db"]\n', ["web: would restart: its file changed"]),
        ({"added": ["two"]}, WEB + "[program:two]\n", WEB, []),  # two would be gone from it
        ({}, WEB, b"", ["web: would stop: its file is gone"]),
    ],
)
def test_programs_are_those_of_the_files_as_they_would_be(
    pending: dict[str, Any], on_disk: str, left: str | bytes | None, said: list[str]
) -> None:
    """
    Supervisord has read those that are there.
    """
    running = Supervisord({"web": UP}, [], [], [], "")._replace(**pending)
    check = Check({SupervisordState: running, FileText: on_disk})
    if left is not None:
        content = left if isinstance(left, bytes) else left.encode()
        check.plan.left[f"{CONF}/web.conf"] = content or None

    assert check(supervisor.update) == said
    assert check(supervisor.update) == []  # by then it would have them


def test_what_one_operation_starts_no_other_does() -> None:
    running = Supervisord({"web": DOWN}, [], [], [], "", down=("web",))
    check = Check({SupervisordState: running})

    assert check(supervisor.update) == ["web: would start"]
    assert check(supervisor.update, running=["web"]) == []


@pytest.mark.parametrize(
    ("mode", "seen_mode", "is_shown"),
    [("644", "644", True), ("600", "644", False), ("644", "600", False)],
)
def test_no_difference_of_a_secret_is_shown(mode: str, seen_mode: str, *, is_shown: bool) -> None:
    """
    One that is closed, or should be, may hold a password.
    """
    seen = {"/etc/x": state(mode=seen_mode)}
    facts = {FileStates: seen, FileText: "hunter2\n"}
    check = Check(facts, is_verbose=True)
    check(files.present, files=[File("/etc/x", b"new\n", mode=mode)])
    lines = [line for change in check.plan.changes for line in change.difference]

    assert ("-hunter2" in lines) is is_shown
    assert ("+new" in lines) is is_shown


def test_without_a_plan_nothing_is_noted() -> None:
    """
    Pyinfra's own command line reads no words.
    """
    with ctx_host.use(FactHost({})):
        foresight.change("/x", "missing")
        foresight.leave("/x", b"")

        assert foresight.left() == {}
        assert not foresight.is_left("/x")


def test_a_directory_is_named_once() -> None:
    """
    By the operation that mends it. Its ACL, which a mode does not take away, is another thing.
    """
    place = Place("directory", "directory", "777", "root")
    facts: Facts = {Places: {"/d": place}, Mounts: [], Unchangeable: {}, ExtendedAcls: ["/d"]}
    check = Check(facts)

    assert check(directories.present, directories={"/d": "755"}) == ["/d: mode 777, should be 755"]
    assert check(directories.guarded, directories={"/d": "755"}) == []
    assert check(acl.none, paths=["/d"]) == ["/d: an ACL gives others more than its mode"]


def test_a_directory_that_is_made_has_no_acl() -> None:
    """
    Whatever was in its place.
    """
    place = Place("regular file", "regular file", "777", "root")
    facts: Facts = {Places: {"/d": place}, Mounts: [], Unchangeable: {}, ExtendedAcls: ["/d"]}
    check = Check(facts)

    assert check(directories.present, directories={"/d": "755"}) == ["/d: no directory"]
    assert check(directories.guarded, directories={"/d": "755"}) == []
    assert check(acl.none, paths=["/d"]) == []
