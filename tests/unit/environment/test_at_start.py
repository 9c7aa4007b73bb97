"""
What services see of the environment of a start.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway.contract import exits, paths
from slipway.environment import at_start, programs, saved
from slipway.system import pid_one


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """
    A container with one program of a user's.
    """
    monkeypatch.setattr(paths, "ENVIRONMENT", tmp_path / "environment")
    monkeypatch.setattr(paths, "DEVICES", tmp_path / "gpus")
    monkeypatch.setattr(programs, "names", lambda: {"web"})
    return tmp_path


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        ({"SLIPWAY_SERVICES_OFF": "web , x"}, "web , x"),
        ({"SLIPWAY_SERVICES_OFF_FILE": "{here}/off"}, "web"),
        ({"SLIPWAY_SERVICES_OFF": "", "SLIPWAY_SERVICES_OFF_FILE": "{here}/off"}, "web"),
        ({}, None),
    ],
)
def test_supervisord_is_told_which_services_are_off(
    here: Path, given: dict[str, str], seen: str | None
) -> None:
    """
    Byte for byte as it was given, and also where a file has it.
    """
    (here / "off").write_text("web\n")
    given = {name: value.format(here=here) for name, value in given.items()}

    assert at_start.prepare(given).get("SLIPWAY_SERVICES_OFF") == seen


def test_a_service_that_nobody_knows_stops_a_strict_start(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """
    Before anything runs, as any other refusal does.
    """
    with pytest.raises(SystemExit) as ended:
        at_start.prepare({"SLIPWAY_SERVICES_OFF": "wbe", "SLIPWAY_STRICT": "true"})

    assert ended.value.code == exits.REFUSED
    assert (
        "SLIPWAY_SERVICES_OFF: names no program of this container: wbe" in capsys.readouterr().err
    )


CONTAINER = {"PATH": "/bin", "HOSTNAME": "x", "LANG": "C.UTF-8", "SSH_PUBKEY": "key", "A": "1"}


@pytest.mark.parametrize(
    ("own", "seen"),
    [
        (CONTAINER, CONTAINER),
        ({"PATH": "/sbin", "HOME": "/root", "USER": "root"}, {**CONTAINER, "PATH": "/sbin"}),
        ({"PATH": "/sbin", "SUDO_UID": "0", "TERM": "x", "LC_ALL": "C"}, CONTAINER),
        ({}, CONTAINER),
        ({"A": "2", "PATH": "/bin"}, {"A": "2", "PATH": "/bin"}),
        ({"SSH_PUBKEY": "other"}, {"SSH_PUBKEY": "other"}),
        ({"A": "1", "PATH": "/bin", "HOSTNAME": "x"}, {"A": "1", "PATH": "/bin", "HOSTNAME": "x"}),
        ({"B": "3", "HOME": "/root"}, {**CONTAINER, "B": "3"}),
    ],
)
def test_a_login_does_not_take_a_containers_variables_away(
    monkeypatch: pytest.MonkeyPatch, own: dict[str, str], seen: dict[str, str]
) -> None:
    """
    `su -`, sudo and `env -i` leave none of them; who has left some has chosen.
    """
    given = {"self": own, "1": CONTAINER}
    monkeypatch.setattr(pid_one, "number", lambda: 1)
    monkeypatch.setattr(saved, "of_process", given.__getitem__)

    assert at_start.inherited() == {**own, **{name: seen[name] for name in seen if name not in own}}
    assert seen.items() - at_start.inherited().items() <= {("PATH", "/bin")}


def test_a_first_process_that_can_not_be_read_has_given_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """
    Without CAP_SYS_PTRACE it may not be ours to read.
    """

    def environment(pid: str) -> dict[str, str]:
        if pid == "1":
            raise PermissionError
        return {"PATH": "/bin"}

    monkeypatch.setattr(pid_one, "number", lambda: 1)
    monkeypatch.setattr(saved, "of_process", environment)

    assert at_start.inherited() == {"PATH": "/bin"}
