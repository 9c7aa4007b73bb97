"""
supervisord's programs, and what its files would change.
"""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, dumps

import pytest

from slipway.facts.supervisor import Program, Supervisord, SupervisordState
from slipway.system import supervisor_rpc
from tests.unit.facts.conftest import ask


def _process(group: str, state: str, pid: int) -> dict[str, Any]:
    return {"name": group, "group": group, "statename": state, "pid": pid, "spawnerr": ""}


def _answer(*results: Any) -> list[str]:
    return dumps(((list(results)),), methodresponse=True).splitlines()


def test_supervisord_tells_programs_and_pending_changes() -> None:
    """
    Both come in one answer.
    """
    processes = [_process("sshd", "RUNNING", 7), _process("a&b <c>", "FATAL", 0)]
    pending = [[["new"], ["other"], ["old"]]]

    assert SupervisordState().process(_answer(processes, pending)) == Supervisord(
        {"sshd": Program("RUNNING", 7), "a&b <c>": Program("FATAL", 0)},
        added=["new"],
        changed=["other"],
        removed=["old"],
        broken="",
    )


def test_without_changes_no_file_is_read_for_it() -> None:
    """
    The programs are the same, and nothing is pending.
    """
    processes = [_process("sshd", "RUNNING", 7)]
    command = SupervisordState().command(changes=False).get_raw_value()

    assert "getAllProcessInfo" in command
    assert "reloadConfig" not in command
    assert SupervisordState().process(_answer(processes)) == Supervisord(
        {"sshd": Program("RUNNING", 7)}, added=[], changed=[], removed=[], broken=""
    )


def test_each_process_of_a_group_has_a_state_of_its_own() -> None:
    """
    Only what starts with the container and was stopped, or given up, is down.
    """
    first = {**_process("worker", "STOPPED", 0), "name": "a", "start": 5, "autostart": True}
    second = {**_process("worker", "RUNNING", 7), "name": "b", "start": 5, "autostart": True}
    manual = {**_process("manual", "STOPPED", 0), "start": 5, "autostart": False}
    state = SupervisordState().process(_answer([first, second, manual], [[[], [], []]]))

    assert state is not None
    assert state.down == ("worker:a",)
    assert state.programs == {
        "worker:a": Program("STOPPED", 0),
        "worker:b": Program("RUNNING", 7),
        "manual": Program("STOPPED", 0, autostart=False),
    }


def test_supervisord_says_what_is_broken() -> None:
    """
    A configuration that can't be read costs the programs' state nothing.
    """
    fault = {"faultCode": 92, "faultString": "CANT_REREAD: File contains no section headers"}
    state = SupervisordState().process(_answer([_process("sshd", "RUNNING", 7)], fault))

    assert state is not None
    assert state.broken == "CANT_REREAD: File contains no section headers"
    assert (state.added, state.changed, state.removed) == ([], [], [])
    assert state.programs == {"sshd": Program("RUNNING", 7)}


def test_where_no_supervisord_runs_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    An image build, say; nor behind a socket that nobody listens to.
    """
    gone = tmp_path / "gone"
    monkeypatch.setattr("slipway.facts.supervisor.SUPERVISOR_SOCKET", gone)
    without = ask(SupervisordState())
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(gone))

    assert (without, ask(SupervisordState())) == (None, None)


def test_a_supervisord_that_ends_is_none() -> None:
    """
    A convergence under way while the container stops has nothing to tell it.
    """
    ending = {"faultCode": 6, "faultString": "SHUTDOWN_STATE"}
    unknown = {"faultCode": 1, "faultString": "UNKNOWN_METHOD"}

    assert SupervisordState().process(_answer(ending, ending)) is None
    with pytest.raises(supervisor_rpc.Fault, match="UNKNOWN_METHOD"):
        SupervisordState().process(_answer(unknown, ending))


def test_supervisord_that_refuses_everything_is_an_error() -> None:
    """
    Silence would look like a build.
    """
    answer = dumps(Fault(1, "UNKNOWN_METHOD"), methodresponse=True).splitlines()

    with pytest.raises(supervisor_rpc.Fault):
        SupervisordState().process(answer)
