"""
Whose work a file is that differs from ours: an older version's, or somebody's.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from pyinfra.context import ctx_host

from slipway.contract import paths
from slipway.contract.refusal import Note
from slipway.facts.files import FileState, FileStates, FileText
from slipway.facts.mounts import Mounts
from slipway.operations import files
from slipway.operations.files import File
from slipway.operations.foresight import PLAN, Plan
from slipway.operations.laid import _KEEP
from slipway.system.mountinfo import Mount
from tests.unit.conftest import FactHost, _text

MOTD = File("/etc/motd", b"ours\n")
COPY = f"{paths.REPLACED}/etc/motd"


def digest(content: bytes) -> str:
    return sha256(content).hexdigest()


def seen(content: bytes) -> FileState:
    return MOTD.expected._replace(sha256=digest(content))


def laid(  # noqa: PLR0913 - each is a choice of the test's
    there: bytes,
    *,
    record: str,
    live: bool = True,
    kept: bool = True,
    file: File = MOTD,
    mounts: Sequence[Mount] = (),
) -> tuple[list[str], list[Note]]:
    """
    Return the commands that lay a file, and what is noted.
    """

    def states(paths: list[str]) -> dict[str, FileState]:
        copies = {COPY: seen(there)} if kept else {}
        return {
            path: state
            for path, state in {file.path: seen(there), **copies}.items()
            if path in paths
        }

    host = FactHost({FileStates: states, FileText: record, Mounts: list(mounts)})
    host.data["live"] = live
    host.connector_data[PLAN] = Plan(is_check=False)
    with ctx_host.use(host):
        commands = [_text(each) for each in files.present._inner(files=[file])]  # noqa: SLF001
    notes: list[Any] = host.connector_data.get("notes", [])
    return commands, notes


def is_kept(commands: list[str]) -> bool:
    return any(f"place=/etc/motd; copy={COPY};" in command for command in commands)


@pytest.mark.parametrize(
    ("record", "live", "kept"),
    [
        (f"{digest(b'older')}  /etc/motd\n", True, False),  # ours of an older version
        (f"{digest(b'other')}  /etc/motd\n", True, True),
        (f"{digest(b'other')}  /etc/motd\n", False, True),  # an image's author had changed it
        ("", True, True),
        ("", False, False),  # the base's own
        ("nonsense\n", True, True),
    ],
)
def test_somebodys_work_is_kept(record: str, *, live: bool, kept: bool) -> None:
    """
    In a directory of root's alone, with its mode; and it is named.
    """
    commands, notes = laid(b"older", record=record, live=live)

    assert is_kept(commands) is kept
    assert [note.variable for note in notes] == (["/etc/motd"] if kept else [])
    assert all(COPY in note.text for note in notes)
    assert any(command == "/etc/.motd.slipway <- ours\n" for command in commands)
    if kept:
        assert f"chmod 00700 {paths.REPLACED}" in commands[0]


@pytest.mark.parametrize(
    ("record", "written"),
    [
        ([], ["ours\n"]),
        (["older"], ["older", "ours\n"]),
        (["oldest", "older"], ["older", "ours\n"]),
        (["older", "oldest"], ["older", "ours\n"]),
        (["other"], ["ours\n"]),
        (["ours\n", "other"], ["ours\n"]),
        (["ours\n", "older"], ["older", "ours\n"]),
        (["ours\n"], None),  # as it must be already
        (["older", "ours\n"], None),
    ],
)
def test_what_is_laid_is_recorded_before(record: list[str], written: list[str] | None) -> None:
    """
    What is laid comes last, and before it what is there until then, if it is ours.
    """
    lines = "".join(f"{digest(each.encode())}  /etc/motd\n" for each in record)
    commands, _ = laid(b"older", record=lines)
    uploads = [each for each in commands if each.startswith("/run/slipway/.record.slipway <- ")]
    expected = "".join(f"{digest(each.encode())}  /etc/motd\n" for each in written or [])

    assert uploads == ([f"/run/slipway/.record.slipway <- {expected}"] if written else [])
    assert (commands[-1].find(f" {paths.LAID} ;") > 0) is bool(written)
    assert commands[-1].find(f" {paths.LAID} ;") < commands[-1].find(" /etc/motd ;")


def test_what_else_is_recorded_stays() -> None:
    commands, _ = laid(b"older", record=f"{digest(b'x')}  /etc/other\n")
    (written,) = [each for each in commands if " <- " in each and "record" in each]

    assert f"{digest(b'ours' + bytes([10]))}  /etc/motd\n" in written
    assert f"{digest(b'x')}  /etc/other\n" in written


def test_a_record_of_a_read_only_place_is_kept_elsewhere() -> None:
    """
    Until the container's next start, as all notes are.
    """
    mount = Mount(str(paths.STATE), "ext4", "/dev/x", frozenset({"ro"}), shared=False)
    commands, _ = laid(b"older", record="", mounts=[mount])

    assert "-- /run/slipway/.laid.slipway /run/slipway/laid ;" in commands[-1]
    assert str(paths.LAID) not in commands[-1]


def test_what_could_not_be_kept_is_replaced_all_the_same() -> None:
    commands, (note,) = laid(b"older", record="", kept=False)

    assert "could not be kept" in note.text
    assert any(command == "/etc/.motd.slipway <- ours\n" for command in commands)


def test_what_belongs_to_one_start_is_nobodys_work() -> None:
    """
    Variables change with each start; nothing of them is kept anywhere.
    """
    file = File("/run/slipway/environment.sh", b"new", mode="600")
    commands, notes = laid(b"older", record="", file=file)

    assert not [command for command in commands if str(paths.STATE) in command]
    assert notes == []


# What stands in a file's place, for a shell; what of it is kept, and what must not be read
PLACES = {
    "a file": ("echo mine > file", "mine\n"),
    "an empty one": (": > file", ""),
    "with CRLF": ("printf 'a\\r\\n' > file", "a\r\n"),
    "a link": ("echo far > target; ln -s target file", "-> target"),
    "a dangling link": ("ln -s /nowhere file", "-> /nowhere"),
    "a loop": ("ln -s file file", "-> file"),
    "a link to a FIFO": ("mkfifo target; ln -s target file", "-> target"),
    "a FIFO": ("mkfifo file", None),
    "a device": ("ln -s x y; mknod file c 1 5 2>/dev/null || mkfifo file", None),
    "gigabytes": ("truncate -s 3G file", None),
}


@pytest.mark.parametrize(("make", "kept"), PLACES.values(), ids=PLACES)
def test_what_is_kept_is_kept_as_it_was(tmp_path: Path, make: str, kept: str | None) -> None:
    """
    A link as a link; and nobody waits for what is no file.
    """
    _run(tmp_path, f"{make}; {KEEP}")
    copy = tmp_path / "kept/copy"
    there = f"-> {copy.readlink()}" if copy.is_symlink() else None
    if copy.is_file() and not copy.is_symlink():
        there = copy.read_bytes().decode()

    assert there == kept


def test_each_version_is_kept_once_up_to_a_bound(tmp_path: Path) -> None:
    """
    The last one under its own name; one that comes again is not kept again.
    """
    for text in ("one", "two", "two", "three"):
        _run(tmp_path, f"echo {text} > file; chmod 640 file; {KEEP}")
    kept = tmp_path / "kept"
    texts = {path.name: path.read_text() for path in kept.iterdir()}
    assert texts == {"copy": "three\n", "copy.~1~": "one\n", "copy.~2~": "two\n"}
    assert (kept / "copy").stat().st_mode & 0o777 == 0o640
    for number in range(30):
        _run(tmp_path, f"echo {number} > file; {KEEP}")

    assert (kept / "copy").read_text() == "29\n"
    assert len([*kept.iterdir()]) == 21


KEEP = f"place=$PWD/file; copy=$PWD/kept/copy; {_KEEP}"


def _run(place: Path, script: str) -> None:
    subprocess.run(["sh", "-ec", script], cwd=place, check=True, timeout=20)


@pytest.mark.parametrize(
    ("record", "mounts", "notes"),
    [
        (f"{digest(b'older')}  /etc/motd\n", [], ["/etc/motd"]),
        ("", [], []),  # it has never been there
        (
            f"{digest(b'older')}  /etc/motd\n",
            [Mount("/etc", "tmpfs", "x", frozenset({"rw"}), shared=False)],
            [],
        ),
    ],
)
def test_a_file_that_was_removed_is_named(
    record: str, mounts: list[Mount], notes: list[str]
) -> None:
    """
    Not where a mount has taken its place.
    """
    host = FactHost({FileStates: {}, FileText: record, Mounts: mounts})
    host.data["live"] = True
    host.connector_data[PLAN] = Plan(is_check=False)
    with ctx_host.use(host):
        list(files.present._inner(files=[MOTD]))  # noqa: SLF001

    assert [note.variable for note in host.connector_data.get("notes", [])] == notes


@pytest.mark.parametrize("kind", ["symbolic link", "fifo", "directory"])
def test_what_is_no_file_is_named(kind: str) -> None:
    """
    Somebody has put it there; a directory is moved aside.
    """
    there = MOTD.expected._replace(type=kind, sha256="")
    record = f"{digest(b'older')}  /etc/motd\n"
    host = FactHost({FileStates: {"/etc/motd": there}, FileText: record, Mounts: []})
    host.data["live"] = True
    host.connector_data[PLAN] = Plan(is_check=False)
    with ctx_host.use(host):
        commands = [_text(each) for each in files.present._inner(files=[MOTD])]  # noqa: SLF001
    (note,) = host.connector_data["notes"]

    assert note.variable == "/etc/motd"
    assert is_kept(commands) is (kind != "directory")
