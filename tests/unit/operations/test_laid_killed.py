"""
A run that is killed at any moment: what it leaves is ours still, and somebody's work is not.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pyinfra.api import FileUploadCommand
from pyinfra.context import ctx_host

from slipway.connectors.native import Inside
from slipway.contract.refusal import Note
from slipway.facts import files as facts
from slipway.facts.files import FileStates, FileText
from slipway.operations import files, laid
from slipway.operations.files import File
from slipway.operations.foresight import PLAN, Plan
from slipway.system import atomic
from tests.unit.conftest import FactHost

NAMES = ("motd", "shells")
CHANGES = {"open", "os.chmod", "os.mkdir", "os.remove", "os.rename"}  # audit events of Python
PROGRAMS = ("chmod", "mkdir", "mv", "rm", "sync")
KILLER = """#!/bin/sh
read -r left < {count}
[ "$left" -gt 0 ] || {{ kill -9 "$PPID"; exit 1; }}
echo "$((left - 1))" > {count}
exec {program} "$@"
"""
MOST = 200  # moments at which a run may be killed


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """
    A place in which files are ours, with a record of its own.
    """
    for name in ("etc", "bin", "state"):
        (tmp_path / name).mkdir()
    for program in PROGRAMS:
        real = f"/usr/bin/{program}" if Path(f"/usr/bin/{program}").exists() else f"/bin/{program}"
        killer = tmp_path / "bin" / program
        killer.write_text(KILLER.format(count=tmp_path / "count", program=real))
        killer.chmod(0o755)
    monkeypatch.setattr(laid, "_OURS", (f"{tmp_path}/etc/",))
    monkeypatch.setattr(laid, "RUN", tmp_path / "run")
    monkeypatch.setattr(laid, "LAID", tmp_path / "state/laid")
    monkeypatch.setattr(laid, "REPLACED", tmp_path / "state/replaced")
    return tmp_path


def lay(root: Path, content: str, *, is_shell: bool = False) -> list[Note]:
    """
    Lay our files as a convergence does, and return what is noted. Raises OSError as it fails.
    """
    host = FactHost(
        {
            FileStates: lambda paths: FileStates().process(
                facts._listed(paths).stdout.decode().splitlines()  # noqa: SLF001
            ),
            FileText: lambda path: Path(path).read_text() if Path(path).is_file() else "",
        }
    )
    host.data["live"] = True
    host.connector_data[PLAN] = Plan(is_check=False)
    wanted = [File(str(root / "etc" / name), f"{name} {content}\n".encode()) for name in NAMES]
    with ctx_host.use(host):
        for command in files.present._inner(files=wanted):  # noqa: SLF001
            do(root, command, is_shell=is_shell)
    noted: list[Any] = host.connector_data.get("notes", [])
    return noted


def do(root: Path, command: Any, *, is_shell: bool) -> None:
    if isinstance(command, FileUploadCommand):
        atomic.write(Path(command.dest), command.src.getvalue(), durable=False)  # type: ignore[union-attr]
    elif isinstance(command, Inside) and not is_shell:
        done = command.act()
        if done.code:
            raise OSError(done.stderr.decode())
    else:
        script = command.get_raw_value()
        path = f"{root}/bin:/usr/bin:/bin" if is_shell else "/usr/bin:/bin"
        subprocess.run(["/bin/sh", "-c", script], check=True, env={"PATH": path})


def is_killed(root: Path, content: str, *, moment: int, is_shell: bool) -> bool:
    """
    Lay the files in a process that is killed at a moment; tell whether it was before its end.
    """
    (root / "count").write_text(f"{moment if is_shell else MOST}\n")
    child = os.fork()
    if not child:
        try:
            if not is_shell:
                _die_at(moment)
            lay(root, content, is_shell=is_shell)
        except BaseException:  # noqa: BLE001 - never on into what the parent does
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0


def _die_at(moment: int) -> None:
    left = moment

    def count(event: str, given: tuple[Any, ...]) -> None:
        nonlocal left
        if event in CHANGES and not (event == "open" and not given[2] & os.O_CREAT):
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1

    sys.addaudithook(count)


@pytest.mark.parametrize("after", ["first", "second", "third"])
@pytest.mark.parametrize("is_shell", [False, True])
def test_whatever_a_killed_run_leaves_is_ours(root: Path, after: str, *, is_shell: bool) -> None:
    """
    The next run takes none of it for somebody's, whichever version it lays; but it takes a change.
    """
    moments = 0
    for moment in range(MOST):
        lay(root, "first")
        moments = moment
        if not is_killed(root, "second", moment=moment, is_shell=is_shell):
            break

        assert lay(root, after) == [], f"{moment}"
        assert [(root / "etc" / name).read_text() for name in NAMES] == [
            f"{name} {after}\n" for name in NAMES
        ]
        assert not (root / "state/replaced").exists()
        (root / "etc/motd").write_text("somebody's\n")
        assert [note.variable for note in lay(root, "first")] == [f"{root}/etc/motd"]
        kept = root / "state/replaced" / str(root / "etc/motd").lstrip("/")
        assert kept.read_text() == "somebody's\n"
        subprocess.run(["rm", "-rf", root / "state/replaced"], check=True)
    assert moments > len(PROGRAMS)


@pytest.mark.parametrize("is_shell", [False, True])
@pytest.mark.parametrize(
    "odd",
    [
        "rmdir state; : > state",
        "rmdir state; ln -s nowhere/at/all state; : > nowhere",
        "rmdir state; ln -s state state",
    ],
)
def test_files_do_not_wait_for_their_record(root: Path, odd: str, *, is_shell: bool) -> None:
    """
    Where it can't be written they are laid all the same, and it is said; no draft is left.
    """
    (root / "count").write_text(f"{MOST}\n")
    subprocess.run(["sh", "-ec", odd], check=True, cwd=root)
    with pytest.raises((OSError, subprocess.CalledProcessError)):
        lay(root, "first", is_shell=is_shell)

    assert [(root / "etc" / name).read_text() for name in NAMES] == [
        f"{name} first\n" for name in NAMES
    ]
    assert [*root.glob("etc/.*"), *root.glob("run/.*")] == []


@pytest.mark.parametrize("is_shell", [False, True])
@pytest.mark.parametrize("name", ["laid", ".laid.slipway"])
def test_what_is_in_the_records_place_is_kept(root: Path, name: str, *, is_shell: bool) -> None:
    """
    Beside it, as everywhere.
    """
    (root / "count").write_text(f"{MOST}\n")
    (root / "state" / name / "inside").mkdir(parents=True)
    lay(root, "first", is_shell=is_shell)

    assert (root / "state/laid").read_text().count("\n") == len(NAMES)
    assert (root / "state" / f"{name}.replaced/inside").is_dir()
