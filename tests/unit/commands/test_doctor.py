"""
`slipway doctor`: what works, what does not, and what would help.
"""

from __future__ import annotations

import argparse
import json

import pytest

from slipway.commands import doctor
from slipway.commands.doctor import Finding
from slipway.commands.remedies import Option
from slipway.contract import exits
from slipway.ssh.login import Obstacle
from slipway.system import supervisor_rpc

FOUND = [
    Finding("root can log in", works=False, detail="no key is there"),
    Finding(
        "remotes", works=False, detail="no /dev/fuse", options=(Option("--device", "/dev/fuse"),)
    ),
    Finding("provider", works=True, detail="docker"),
]


def test_each_ability_is_a_line_and_what_is_missing_comes_last(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """
    Options of `docker run`, as the place that runs the container takes them.
    """
    monkeypatch.setattr(doctor, "examine", lambda: FOUND)

    assert doctor.run(argparse.Namespace(json=False)) == exits.OK
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "no  root can log in           no key is there"
    assert lines[2] == "yes provider                  docker"
    assert "--device" in "\n".join(lines[3:])


def test_a_program_reads_one_document(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """
    The same findings, options as text.
    """
    monkeypatch.setattr(doctor, "examine", lambda: FOUND)
    doctor.run(argparse.Namespace(json=True))
    document = json.loads(capsys.readouterr().out)

    assert [each["feature"] for each in document] == ["root can log in", "remotes", "provider"]
    assert document[1]["options"] == [str(FOUND[1].options[0])]


def test_what_refuses_a_login_is_named_without_its_beginning() -> None:
    """
    A limit refuses nobody.
    """
    obstacles = [
        Obstacle("no key is there"),
        Obstacle("few at once", refuses=False),
    ]
    refused = doctor._can_log_in("root", obstacles, "on port 22")  # noqa: SLF001
    (accepted,) = doctor._can_log_in("root", obstacles[1:], "on port 22")  # noqa: SLF001

    assert [(each.works, each.detail) for each in refused] == [(False, "no key is there")]
    assert (accepted.works, accepted.detail) == (True, "on port 22")


def test_sshd_is_the_process_that_supervisord_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    None where supervisord does not answer, or has none.
    """

    def silent(*_words: object, **_options: object) -> object:
        raise ConnectionRefusedError

    programs: list[dict[str, object]] = [
        {"name": name, "group": name, "statename": "RUNNING", "pid": pid}
        for name, pid in (("web", 5), ("sshd", 7))
    ]
    monkeypatch.setattr(supervisor_rpc, "call", lambda *_, **__: [programs, None])
    assert doctor._sshd() == 7  # noqa: SLF001
    monkeypatch.setattr(supervisor_rpc, "call", lambda *_, **__: [programs[:1], None])
    assert doctor._sshd() == 0  # noqa: SLF001
    answers: list[object] = [["sshd"], "sshd", [{"name": "sshd"}], {}]
    for junk in answers:
        answer = [junk, None]
        monkeypatch.setattr(supervisor_rpc, "call", lambda *_, said=answer, **__: said)
        assert doctor._sshd() == 0  # noqa: SLF001
    monkeypatch.setattr(supervisor_rpc, "call", silent)
    assert doctor._sshd() == 0  # noqa: SLF001
