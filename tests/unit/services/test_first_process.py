"""
Who the container's first process is.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway.services import first_process
from slipway.system import pid_one
from tests.unit.conftest import lay_processes


@pytest.mark.parametrize(
    "words",
    [
        "/usr/bin/tini -s -- /usr/bin/env python3 -I -m slipway.commands.entrypoint",
        "/sbin/docker-init -- /usr/bin/tini -s -- python3 -I -m slipway.commands.entrypoint bash",
        "/opt/slipway/venv/bin/python3 -I -m slipway.services.supervisord -n",
        "/sbin/docker-init -- slipway-init",
        "/sbin/docker-init -- /usr/local/bin/slipway-init A=1 bash",
    ],
)
def test_ours_ends_in_order(tmp_path: Path, words: str) -> None:
    """
    Nothing is to be said.
    """
    lay_processes(tmp_path, {1: (0, words)})

    assert first_process.warning(tmp_path) == ""


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("sleep infinity", "sleep"),
        ("/bin/bash -c 'slipway start; sleep infinity'", "bash"),
        ("tail -f /dev/null", "tail"),
        ("/usr/sbin/sshd -D", "sshd"),
        ("bash -c /setup;/usr/local/bin/slipway-init", "bash"),
        ("", "another program"),
    ],
)
def test_anothers_is_named_with_the_way_out(tmp_path: Path, words: str, name: str) -> None:
    """
    What does not hold, and what to do.
    """
    lay_processes(tmp_path, {1: (0, words)})

    said = first_process.warning(tmp_path)
    assert said.startswith(f"the container's first process is {name}: ")
    assert "exec slipway-init" in said


@pytest.mark.parametrize("is_machine", [True, False])
def test_pid_1_of_another_container_may_end_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_machine: bool
) -> None:
    """
    The machine's own, which has the kernel's threads beside it, does not.
    """
    ours = "/usr/bin/tini -s -- /usr/bin/env python3 -I -m slipway.commands.entrypoint"
    lay_processes(tmp_path, {1: (0, "/catatonit -P"), 2: (0, ""), 40: (0, ours)})
    monkeypatch.setattr(pid_one, "number", lambda _proc: 40)
    if is_machine:
        (tmp_path / "2/comm").write_text("kthreadd\n")

    said = first_process.warning(tmp_path)
    assert said.startswith("PID 1 is catatonit, of another container: ") is not is_machine
    assert bool(said) is not is_machine


@pytest.mark.parametrize(
    ("words", "row", "is_lost"),
    [
        ("timeout 1h slipway-init", "SigCgt:\t0000000000004000", False),
        ("sudo slipway-init", "SigBlk:\t0000000000004000", False),
        ("dumb-init slipway-init", "SigCgt:\t0000000000000000", False),
        ("/sbin/docker-init -- slipway-init", "SigCgt:\t0000000000000000", False),
        ("catatonit -- slipway-init", "SigCgt:\t0000000000000000", False),
        ("setsid --wait slipway-init", "SigCgt:\t0000000000000000", True),
        ("flock /tmp/x slipway-init", "SigCgt:\t0000000000010000", True),
        ("xargs slipway-init", "SigIgn:\t0000000000004000", True),
        ("su -c slipway-init", "SigCgt:\t0000000000004000", True),
        ("/usr/sbin/runuser -u root -- slipway-init", "SigCgt:\t0000000000004000", True),
        ("script -qc slipway-init /dev/null", "SigCgt:\t0000000000004000", True),
    ],
)
def test_a_wrapper_has_to_hear_a_stop_and_to_wait(
    tmp_path: Path,
    words: str,
    row: str,
    is_lost: bool,  # noqa: FBT001
) -> None:
    """
    By the signals that it catches or waits for; some kill what they run two seconds later.
    """
    lay_processes(tmp_path, {1: (0, words)})
    (tmp_path / "1/status").write_text(f"Name:\tx\nSigQ:\t1/2\n{row}\nThreads:\t1\n")

    assert bool(first_process.warning(tmp_path)) == is_lost


def test_where_it_can_not_be_read_nothing_is_known(tmp_path: Path) -> None:
    assert first_process.warning(tmp_path / "none") == ""
