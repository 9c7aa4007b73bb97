"""
A line that sshd can't use costs itself. A function with sshd's words stands for it here.
"""

from __future__ import annotations

import glob
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from slipway.contract import paths
from slipway.ssh import configuration, usable
from slipway.ssh.copies import LeftOut, Unusable
from slipway.system import slow, supervisor_rpc


class Sshd:
    """
    Takes keywords of letters that don't begin with Bad, and says the rest in sshd's words.
    """

    def __init__(self, main: Path) -> None:
        self.main = str(main)

    def __call__(self, words: list[str], **_: Any) -> subprocess.CompletedProcess[bytes]:
        """Do what `sshd -t [-f FILE]` does."""
        self.bad: list[str] = []
        main = words[words.index("-f") + 1] if "-f" in words else self.main
        try:
            self._look(main, 0)
        except ValueError as error:
            self.bad.append(str(error))
        said = "\r\n".join(self.bad).encode()
        return subprocess.CompletedProcess(words, 255 if said else 0, b"", said)

    def _look(self, path: str, depth: int) -> None:
        if not Path(path).is_file():
            return
        for number, line in enumerate(Path(path).read_text().split("\n"), 1):
            keyword, _, rest = line.strip().partition(" ")
            where = f"{path} line {number}"
            if keyword == "Include":
                if depth > 15:
                    raise ValueError(f"{path}: Too many recursive configuration includes")
                for quoted, bare in re.findall(r'"([^"]*)"|(\S+)', rest):
                    for each in sorted(glob.glob(quoted or bare)):  # noqa: PTH207
                        self._look(each, depth + 1)
            elif keyword == "Fatal" or line == "Match":
                raise ValueError(f"{where}: unsupported option")
            elif keyword == "Silent":
                raise ValueError("it is silent about which line")
            elif keyword.startswith("Bad") or (
                keyword[:1] not in ("#", "") and not keyword.isalpha()
            ):
                self.bad.append(f"{path}: line {number}: Bad configuration option: {keyword}")


class Place:
    """
    sshd's files in a directory of their own.
    """

    def __init__(self, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.drop_ins = here / "ssh/sshd_config.d"
        self.drop_ins.mkdir(parents=True)
        self.main = here / "ssh/sshd_config"
        self.main.write_text(f"Include {self.drop_ins}/*.conf\nPort 22\n")
        monkeypatch.setattr(slow, "run", Sshd(self.main))
        monkeypatch.setattr(paths, "SSH", here / "ssh")
        monkeypatch.setattr(paths, "SSHD_CONFIG", self.main)
        monkeypatch.setattr(paths, "SSHD_DROP_INS", self.drop_ins)
        monkeypatch.setattr(paths, "SSHD_OPTIONS", here / "options")
        monkeypatch.setattr(paths, "SSHD_COPIES", here / "copies")
        monkeypatch.setattr(paths, "SSHD_LEFT_OUT", here / "left-out")
        monkeypatch.setattr(paths, "SSHD_LOCK", here / "lock")
        monkeypatch.setattr(paths, "SSHD_PID", here / "pid")
        monkeypatch.setattr(usable, "PATIENCE", 0)

    def left_out(self, text: str, name: str = "x.conf") -> list[tuple[int, str]]:
        """
        Write a drop-in; returns what is left out of it, and has seen that sshd can use the rest.
        """
        (self.drop_ins / name).write_text(text)
        found = usable.settle()
        assert found == usable.left_out()
        assert usable.complaint(configuration.options()) == ""
        assert {each.file for each in found} <= {str(self.drop_ins / name)}
        return [(each.line, each.reason) for each in found]

    def lines(self) -> list[tuple[str, int, str]]:
        """
        Return file, number and keyword of what sshd reads.
        """
        return [
            (Path(line.path).name, line.number, line.keyword) for line in configuration.read().lines
        ]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """
    A configuration that sshd can use.
    """
    return Place(tmp_path, monkeypatch)


BAD, SILENT = "Bad configuration option: Bad", "it is silent about which line"

# A drop-in's text, which of its lines are left out, and why
TABLE: list[tuple[str, list[tuple[int, str]]]] = [
    ("Good\n", []),
    ("Bad\n", [(1, BAD)]),
    ("Good\nBad\nGood\n", [(2, BAD)]),
    ("Bad\nGood\nFatal\nBad x\n", [(1, BAD), (3, "unsupported option"), (4, BAD)]),
    ("Fatal\nFatal\nFatal", [(number, "unsupported option") for number in (1, 2, 3)]),
    ("Good\r\nFatal\r\n", [(2, "unsupported option")]),
    ("Match\nFatal\nBad\n", [(1, "unsupported option")]),
    ("Silent\n", [(1, "it is silent about which line")]),
    ("Good\nSilent\nGood\n", [(2, "it is silent about which line")]),
    ("Bad\nGood\nSilent\n", [(1, BAD), (3, "it is silent about which line")]),
    ("\ufeffGood\n", [(1, "Bad configuration option: \ufeffGood")]),
    ("Silent\nSilent\n", [(0, "it is silent about which line")]),
    (
        "Silent\nBad\nFatal\n",
        [(1, "it is silent about which line"), (2, BAD), (3, "unsupported option")],
    ),
    ("Bad\n" * 50, [(0, "sshd can't use 50 lines of it: it is left out whole")]),
]


@pytest.mark.parametrize(("text", "left_out"), TABLE)
def test_a_bad_line_costs_itself(place: Place, text: str, left_out: list[tuple[int, str]]) -> None:
    """
    It is named with its file and number; sshd takes all others.
    """
    assert place.left_out(text) == left_out


def test_what_stays_keeps_its_place(place: Place) -> None:
    """
    Its order, its file's name and its line's number.
    """
    (place.drop_ins / "a.conf").write_text("First\n")
    place.left_out("Bad\n\nSecond\n")

    assert place.lines() == [
        ("sshd_config", 1, "include"),
        ("a.conf", 1, "first"),
        ("x.conf", 3, "second"),
        ("sshd_config", 2, "port"),
    ]


def test_a_match_that_is_left_out_takes_its_block_along(place: Place) -> None:
    """
    What it was to hold for some must not hold for all.
    """
    place.left_out("Before\nMatch\nFor some\nAlso\nMatch all\nFor others\n")

    assert [line for line in place.lines() if line[0] == "x.conf"] == [
        ("x.conf", 1, "before"),
        ("x.conf", 5, "match"),
        ("x.conf", 6, "for"),
    ]


@pytest.mark.parametrize("kind", ["fifo", "dangling", "loop", "directory", "empty", "link"])
def test_what_is_no_file_costs_no_other(place: Place, kind: str) -> None:
    """
    It is named, but for a directory, of which sshd reads nothing.
    """
    odd = place.drop_ins / "odd.conf"
    match kind:
        case "fifo":
            os.mkfifo(odd)
        case "dangling":
            odd.symlink_to("/no/such")
        case "loop":
            odd.symlink_to(odd)
        case "directory":
            odd.mkdir()
        case "link":
            (place.drop_ins / "else").write_text("Good\n")
            odd.symlink_to("else")
        case _:
            odd.touch()
    (place.drop_ins / "x.conf").write_text("Bad\nGood\n")
    found = usable.settle()
    names = {Path(each.file).name for each in found}

    assert names == {"x.conf"} | ({"odd.conf"} if kind in ("fifo", "dangling", "loop") else set())
    assert ("x.conf", 2, "good") in place.lines()


def test_an_include_of_itself_is_left_out(place: Place) -> None:
    """
    The rest of the file counts.
    """
    path = place.drop_ins / "x.conf"
    found = place.left_out(f"Good\nInclude {path}\n")

    assert found == [(2, f"{path}: Too many recursive configuration includes")]


def test_a_main_file_of_junk_leaves_the_drop_ins(place: Place) -> None:
    """
    Ours are among them.
    """
    (place.drop_ins / "00-slipway.conf").write_text("Ours\n")
    place.main.write_text("Bad\n" * 30)
    (found,) = usable.settle()

    assert (found.file, found.line) == (str(place.main), 0)
    assert ("00-slipway.conf", 1, "ours") in place.lines()


def test_files_of_ours_are_the_last_to_go(place: Place) -> None:
    """
    Where nothing else helps, all others are left out; where that does not, sshd can't be served.
    """
    ours = place.drop_ins / "00-slipway.conf"
    ours.write_text("Ours\n")
    assert place.left_out("Silent\nGood\nSilent\n") == [(0, "it is silent about which line")]
    ours.write_text("Silent\n")

    with pytest.raises(Unusable, match="it is silent"):
        usable.settle()


def test_what_is_mended_counts_again(place: Place) -> None:
    """
    Nothing is left of it.
    """
    assert place.left_out("Bad\n")
    assert configuration.options() == ["-f", f"{paths.SSHD_COPIES}{place.main}"]
    assert place.left_out("Good\n") == []
    assert configuration.options() == []
    assert ("x.conf", 1, "good") in place.lines()


def test_an_address_of_nobodys_costs_no_login(place: Place) -> None:
    """
    Sshd ends where it can listen at none; `sshd -t` does not tell.
    """
    why = "no address of this container's"

    assert place.left_out("ListenAddress 203.0.113.1\nListenAddress [2001:db8::1]:22\n") == [
        (1, why),
        (2, why),
    ]
    assert place.left_out("ListenAddress 203.0.113.1\nListenAddress 127.0.0.1:2222\n") == []
    assert place.left_out("ListenAddress localhost\n") == []


def test_a_place_of_our_own_is_mended_too(place: Place, tmp_path: Path) -> None:
    """
    There the main file is Slipway's, and includes the user's.
    """
    own = tmp_path / "own"
    own.write_text(f"Ours\nInclude {place.main}\n")
    paths.SSHD_OPTIONS.write_text(f"-f {own}\n")
    place.left_out("Bad\n")

    assert configuration.options() == ["-f", f"{paths.SSHD_COPIES}{own}"]
    assert place.lines()[0] == ("own", 1, "ours")


@pytest.mark.parametrize("text", ["", "{", "[1]", '[["/x"]]', "null"])
def test_a_record_that_is_broken_is_none(place: Place, text: str) -> None:
    """
    It is written whole, and anybody may break it.
    """
    paths.SSHD_LEFT_OUT.write_text(text)

    assert usable.left_out() == []


@pytest.mark.parametrize(
    ("before", "after", "calls"),
    [
        ("Good\n", "Good\n", ["signalProcess"]),
        ("Good\n", "Bad\n", ["stopProcess", "startProcess"]),
        ("Bad\n", "Bad\nBad\n", ["signalProcess"]),
        ("Bad\n", "Good\n", ["stopProcess", "startProcess"]),
    ],
)
def test_from_files_to_copies_it_is_started_anew(
    place: Place, monkeypatch: pytest.MonkeyPatch, before: str, after: str, calls: list[str]
) -> None:
    """
    A HUP would have it read what it read before.
    """
    made: list[str] = []

    def call(_socket: Path, asked: list[supervisor_rpc.Call], *, timeout: float) -> list[bool]:
        made.extend(method.removeprefix("supervisor.") for method, _ in asked)
        return [True]

    monkeypatch.setattr(supervisor_rpc, "call", call)
    place.left_out(before)
    (place.drop_ins / "x.conf").write_text(after)

    assert usable.reload()
    assert made == calls


def test_what_is_left_out_is_told_in_one_line() -> None:
    """
    With the number of the line, where it is not the whole file.
    """
    assert str(LeftOut("/x", 3, "odd")) == "/x line 3: odd"
    assert str(LeftOut("/x", 0, "odd")) == "/x: odd"


def test_one_that_is_killed_has_said_nothing_of_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A name service that can't be asked ends sshd so: no file of its own is left out for that.
    """
    killed = subprocess.CompletedProcess([], -11, b"", b"")
    monkeypatch.setattr("slipway.system.slow.run", lambda *_, **__: killed)
    monkeypatch.setattr(usable, "Copies", None)

    with pytest.raises(Unusable, match="killed by signal 11"):
        usable.settle()
