"""
Files of users that can't be used: each is left out and named, and costs nothing else.
"""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from slipway.contract import paths
from slipway.services.options import Options
from slipway.services.program_file import Problem
from tests.unit.conftest import Run
from tests.unit.services.bad_files import BAD, GOOD, LEGAL, Bad, program
from tests.unit.services.conftest import CONFIGURATION, SLEEP, Running, until

OWN = f"[program:sshd]\n{SLEEP}"


def put(path: Path, bad: Bad) -> Path:
    """
    Make a bad file.
    """
    if bad.script:
        subprocess.run(["sh", "-c", bad.script, "sh", str(path)], check=True, timeout=5)
    else:
        path.write_bytes(bad.content)
    return path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """
    A directory with a configuration, a program of Slipway's, and a good one of a user's.
    """
    (tmp_path / "own").mkdir()
    (tmp_path / "own/sshd.conf").write_text(OWN)
    for name in ("supervisord.conf", "own.conf"):
        (tmp_path / name).write_text(CONFIGURATION.format(here=tmp_path))
    (tmp_path / "good.conf.d").write_text(GOOD)
    monkeypatch.setattr(paths, "LOGS", tmp_path)
    monkeypatch.setattr(paths, "RUN", tmp_path / "run")
    monkeypatch.setattr(paths, "OWN_PROGRAMS", tmp_path / "own")
    monkeypatch.setattr(paths, "OWN_SUPERVISORD_CONF", tmp_path / "own.conf")
    return tmp_path


Read = Callable[[], Options]


@pytest.fixture
def read(here: Path) -> Iterator[Read]:
    """
    Read all files as supervisord does when it starts.
    """
    made = []

    def read() -> Options:
        options = Options()
        made.append(options)
        options.realize(["-n", "-c", str(here / "supervisord.conf")])
        return options

    yield read
    for options in made:
        options.poller.close()


def names(options: Options) -> list[str]:
    """
    Return the groups that are run.
    """
    return sorted(group.name for group in options.process_group_configs)


@pytest.mark.parametrize("bad", BAD, ids=[bad.name for bad in BAD])
def test_a_bad_file_is_left_out_and_named(here: Path, read: Read, bad: Bad) -> None:
    """
    With its line and the reason, without a value that may be a secret; ours and the good one run.
    """
    path = put(here / "z.conf.d", bad)
    options = read()

    (problem,) = options.problems
    assert (problem.file, problem.line) == (str(path), bad.line), problem
    assert bad.words in problem.reason, problem
    assert "hush" not in str(problem)
    assert "\n" not in str(problem)
    assert names(options) == ["good", "sshd"]


@pytest.mark.parametrize(("content", "groups"), LEGAL.values(), ids=LEGAL)
def test_a_good_file_is_run_as_by_supervisor(
    here: Path, read: Read, content: bytes, groups: str
) -> None:
    """
    In any form that is legal there.
    """
    (here / "x.conf.d").write_bytes(content)
    options = read()

    if not groups and b"fcgi" in content:  # port 0 is none
        assert len(options.problems) == 1
    else:
        assert options.problems == []
    assert names(options) == sorted(["good", "sshd", *groups.split()])


def test_options_are_what_supervisor_makes_of_them(here: Path, read: Read) -> None:
    """
    Defaults of a file reach its own programs and no others.
    """
    (here / "a.conf.d").write_text("[DEFAULT]\npriority=7\nuser=root\n[program:a]\ncommand=x\n")
    (here / "b.conf.d").write_text(
        "[program:b]\ncommand=%(here)s/b %(ENV_B)s\nnumprocs=2\nprocess_name=%(process_num)d\n"
        'environment=B="1,2",C=3\nstderr_logfile=/dev/null\n'
    )
    groups = {group.name: group for group in read().process_group_configs}
    one, two = groups["b"].process_configs

    assert (groups["a"].priority, groups["b"].priority, groups["sshd"].priority) == (7, 999, 999)
    assert (one.name, two.name) == ("0", "1")
    assert one.command == f"{here}/b 1,2"
    assert one.environment == {"B": "1,2", "C": "3"}
    assert one.stderr_logfile == "/dev/null"


def test_all_of_them_together_cost_nothing_else(here: Path, read: Read) -> None:
    """
    Each is named.
    """
    made = {str(put(here / f"z{number:03}.conf.d", bad)) for number, bad in enumerate(BAD)}
    options = read()

    assert {problem.file for problem in options.problems} == made
    assert names(options) == ["good", "sshd"]


def test_a_group_may_name_programs_of_other_files(here: Path, read: Read) -> None:
    """
    Before it and behind it; one whose member is left out is left out itself, the rest is run.
    """
    (here / "a.conf.d").write_text("[program:a]\ncommand=x\n")
    (here / "g.conf.d").write_text("[group:g]\nprograms=a,z\n")
    (here / "z.conf.d").write_text("[program:z]\ncommand=x\n")
    assert names(read()) == ["g", "good", "sshd"]
    (here / "z.conf.d").write_text("[program:z]\n")
    options = read()

    assert names(options) == ["a", "good", "sshd"]
    assert [Path(problem.file).name for problem in options.problems] == ["z.conf.d", "g.conf.d"]
    assert "z is in no file that can be used" in options.problems[1].reason


def test_the_first_of_two_with_one_name_is_run(here: Path, read: Read) -> None:
    """
    In the order of the files' names.
    """
    (here / "a.conf.d").write_text("[program:x]\ncommand=first\n")
    (here / "b.conf.d").write_text("[program:x]\ncommand=second\n")
    options = read()
    (group,) = [group for group in options.process_group_configs if group.name == "x"]

    assert group.process_configs[0].command == "first"
    assert [Path(problem.file).name for problem in options.problems] == ["b.conf.d"]


def test_ours_are_read_from_where_slipway_is(here: Path, read: Read) -> None:
    """
    A copy in conf.d is no user's file; a changed one is, and is left out.
    """
    (here / "sshd.conf").write_text(OWN)
    (here / "supervisord.conf").write_text(CONFIGURATION.format(here=here) + f" {here}/sshd.conf\n")
    assert read().problems == []
    (here / "sshd.conf").write_text("[program:sshd]\ncommand=mine\n")
    options = read()
    (sshd,) = [group for group in options.process_group_configs if group.name == "sshd"]

    assert sshd.process_configs[0].command == "sleep 1000"
    assert len(options.problems) == 1


def test_dev_null_is_an_empty_file(here: Path, read: Read) -> None:
    """
    Linked or mounted in a file's place, as people mask what they don't want.
    """
    (here / "none.conf.d").symlink_to("/dev/null")
    options = read()

    assert options.problems == []
    assert "good" in names(options)


FACTORY = "rpcinterface_factory"
MAIN = {
    "a directory": "is a directory",
    "nothing at all": "[supervisord]",
    "no section header": "before any section",
    "no directory for its log": "does not exist",
    "a bad number": "invalid literal",
    "a bad boolean": "boolean",
    "a bad level": "logging level",
    "an unknown variable": "",
    "no interface of that name": "cannot be resolved",
    "a port without a number": "port",
    "an include without files": "files",
    "an include's variable": "",
    "bytes": "not UTF-8",
}


def broken_main(here: Path, kind: str) -> bytes:
    """
    Return a main file that can't be used.
    """
    good = CONFIGURATION.format(here=here)
    return {
        "nothing at all": "",
        "no section header": "x\n" + good,
        "no directory for its log": good.replace("logfile=", "logfile=/no"),
        "a bad number": good.replace("silent=", "minfds=many\nsilent="),
        "a bad boolean": good.replace("silent=true", "silent=maybe"),
        "a bad level": good.replace("silent=", "loglevel=loud\nsilent="),
        "an unknown variable": good.replace("silent=", "environment=A=%(ENV_NOPE)s\nsilent="),
        "no interface of that name": f"{good}[rpcinterface:x]\nsupervisor.{FACTORY}=a:b\n",
        "a port without a number": good + "[inet_http_server]\nport=x\n",
        "an include without files": good.replace("files=", "filez="),
        "an include's variable": good.replace("files=", "files=%(ENV_NOPE)s"),
    }.get(kind, "\xff").encode("latin-1")


@pytest.mark.parametrize(("kind", "words"), MAIN.items(), ids=MAIN)
def test_a_main_file_that_can_not_be_used_is_replaced(
    here: Path, read: Read, kind: str, words: str
) -> None:
    """
    By Slipway's own, which includes the user's programs, too; it is named.
    """
    path = here / "supervisord.conf"
    content = broken_main(here, kind)
    path.unlink()
    if kind == "a directory":
        path.mkdir()
    else:
        path.write_bytes(content)
    options = read()

    (problem,) = options.problems
    assert problem.file == str(path)
    assert words in problem.reason
    assert problem.reason.endswith("Slipway's own is used instead")
    assert names(options) == ["good", "sshd"]


def test_a_main_file_of_debian_has_what_slipway_needs(here: Path, read: Read) -> None:
    """
    Its interface, its socket without a password, root; the user's own socket is one more.
    """
    (here / "supervisord.conf").write_text(
        f"[unix_http_server]\nfile={here}/mine.sock\nusername=a\npassword=b\n"
        f"[supervisord]\nuser=nobody\nlogfile={here}/x.log\nchildlogdir={here}\n"
        "[rpcinterface:supervisor]\n"
        "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n"
        "[program:main]\ncommand=x\n"
        f"[include]\nfiles = {here}/*.conf.d\n"
    )
    options = read()

    assert options.problems == []
    assert names(options) == ["good", "main", "sshd"]
    assert options.user == "root"
    assert options.serverurl == f"unix://{here}/socket"
    assert [each["file"] for each in options.server_configs] == [
        f"{here}/socket",
        f"{here}/mine.sock",
    ]
    ((name, factory, _),) = options.rpcinterface_factories
    assert (name, factory.__module__) == ("supervisor", "slipway.services.rpc_interface")


class Limits:
    """
    Limits that may be raised up to a number, by no more than their owner's right.
    """

    RLIMIT_NOFILE, RLIMIT_NPROC, RLIM_INFINITY = "nofile", "nproc", -1

    def __init__(self, soft: int, hard: int, most: int) -> None:
        self.now = {"nofile": (soft, hard), "nproc": (soft, hard)}
        self.most = most

    def getrlimit(self, kind: str) -> tuple[int, int]:
        """As resource has it."""
        return self.now[kind]

    def setrlimit(self, kind: str, limits: tuple[int, int]) -> None:
        """As resource has it."""
        soft, hard = limits
        if -1 < hard < soft:
            raise ValueError("current limit exceeds maximum limit")
        if -1 < self.most < hard:
            raise ValueError("not allowed to raise maximum limit")
        self.now[kind] = limits


@pytest.mark.parametrize(
    ("soft", "hard", "most", "becomes"),
    [
        (512, 512, 512, (512, 512)),
        (512, 512, -1, (1024, 1024)),
        (512, 4096, 4096, (1024, 4096)),
        (512, 800, 800, (800, 800)),
        (512, -1, -1, (1024, -1)),
        (1, 1, 1, (1, 1)),
        (-1, -1, -1, (-1, -1)),
        (4096, 8192, 8192, (4096, 8192)),
    ],
)
def test_limits_are_raised_as_far_as_that_goes(
    monkeypatch: pytest.MonkeyPatch,
    soft: int,
    hard: int,
    most: int,
    becomes: tuple[int, int],
) -> None:
    """
    And no number of them ends the start: what is less than supervisord wants is a note.
    """
    limits = Limits(soft, hard, most)
    monkeypatch.setattr("slipway.services.unlimited.resource", limits)
    options = Options()
    options.minfds = options.minprocs = 1024
    options.set_rlimits_or_exit()
    options.poller.close()

    assert limits.now == {"nofile": becomes, "nproc": becomes}
    noted = [note.partition(",")[0] for note in options.notes]
    is_less = -1 < becomes[0] < 1024
    assert noted == ([f"ulimit {name}: {becomes[0]}" for name in limits.now] if is_less else [])


@pytest.fixture
def with_own(running: Running) -> Running:
    """
    A supervisord with a program of Slipway's.
    """
    (running.here / "own").mkdir()
    (running.here / "own/sshd.conf").write_text(OWN)
    return running


def left_out(running: Running) -> list[Problem]:
    """
    Return what it tells of files.
    """
    told = running.call("getProblems")["left_out"]
    return [Problem(**problem) for problem in told]


def test_it_starts_whatever_the_files_are(with_own: Running) -> None:
    """
    All bad files, a FIFO among them, and a main file that is none: it answers, and says so.
    """
    for number, bad in enumerate(BAD):
        put(with_own.here / f"z{number:03}.conf.d", bad)
    with_own.has(good=GOOD)
    (with_own.here / "supervisord.conf").write_text("what is this\n")
    with_own.start()

    assert set(with_own.states()) == {"good:good", "sshd:sshd"}
    assert len(left_out(with_own)) == len(BAD) + 1
    log = (with_own.here / "supervisord.log").read_text()
    assert log.count("left out: ") == len(BAD) + 1
    assert "hush" not in log
    assert with_own.call("startProcess", "sshd", False) is not None
    assert with_own.end() == 0


def test_a_file_is_applied_when_it_is_mended(with_own: Running, run: Run) -> None:
    """
    By a convergence, which says what is left out and applies the rest, and by `supervisorctl`.
    """
    with_own.start()
    with_own.has(bad=program("autorestart=maybe").decode(), good=GOOD)
    (complaint,) = with_own.converge(run)
    assert complaint == (
        f"left out: {with_own.here}/bad.conf.d line 3: "
        "[program:bad] autorestart: invalid 'autorestart' value 'maybe'"
    )
    assert set(with_own.states()) == {"good:good", "sshd:sshd"}
    with_own.has(bad=program("autorestart=true").decode())
    assert with_own.converge(run) == []

    assert set(with_own.states()) == {"bad:bad", "good:good", "sshd:sshd"}
    assert left_out(with_own) == []
    assert "no longer left out" in (with_own.here / "supervisord.log").read_text()


def test_what_no_xml_has_is_spelt_out(with_own: Running, run: Run) -> None:
    """
    Names of files are bytes, and reasons quote what is in them.
    """
    name = os.fsencode(with_own.here) + b"/\xff\x07.conf.d"
    Path(os.fsdecode(name)).write_bytes(program("autorestart=\x01\u2028x"))
    with_own.has(
        good=f"{GOOD}stdout_logfile={with_own.here}/\x02.log\n",
        far=f"[program:far]\n{SLEEP}directory=/no/\x03\nstartretries=0\n",
    )
    with_own.start()
    until(lambda: with_own.states()["far:far"] == "FATAL", "it is given up")
    (complaint,) = with_own.converge(run)

    assert f"{with_own.here}/\\udcff\\x07.conf.d line 3: " in complaint
    assert "'\\x01\\u2028x'" in complaint
    assert "\\x03 does not exist" in with_own.programs()["far:far"]["spawnerr"]
    assert complaint.removeprefix("left out: ") in (with_own.here / "supervisord.log").read_text()


def test_what_runs_goes_on_when_its_file_is_broken(with_own: Running, run: Run) -> None:
    """
    Also in a group of several files; it ends when the file is removed.
    """
    with_own.has(good=GOOD, a=f"[program:a]\n{SLEEP}", b=f"[program:b]\n{SLEEP}")
    with_own.has(g="[group:g]\nprograms=a,b\n")
    with_own.start()
    until(lambda: "RUNNING" in with_own.states()["g:a"], "it runs")
    before = {name: each["pid"] for name, each in with_own.programs().items()}
    with_own.has(good="[program:good]\n", b="[program:b]\n")
    (complaint,) = with_own.converge(run)

    assert {name: each["pid"] for name, each in with_own.programs().items()} == before
    assert "(good as before)" in complaint
    assert "(g as before)" in complaint
    (with_own.here / "good.conf.d").unlink()
    with_own.converge(run)
    assert set(with_own.states()) == {"g:a", "g:b", "sshd:sshd"}


def test_a_socket_that_can_not_be_made_costs_its_program_alone(with_own: Running) -> None:
    """
    FastCGI's; the same for a port of the main file.
    """
    precious = with_own.here / "precious"
    precious.write_text("mine")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        text = CONFIGURATION.format(here=with_own.here)
        (with_own.here / "supervisord.conf").write_text(
            f"{text}[inet_http_server]\nport=127.0.0.1:{port}\n"
        )
        socket_of = f"socket=tcp://127.0.0.1:{port}\nstartretries=0\n"
        with_own.has(
            fast=f"[fcgi-program:fast]\n{SLEEP}{socket_of}",
            far="[fcgi-program:far]\ncommand=x\nsocket=unix:///no/such/place\nstartretries=0\n",
            over=f"[fcgi-program:over]\n{SLEEP}socket=unix://{precious}\nstartretries=0\n",
            good=GOOD,
        )
        with_own.start()
        until(lambda: with_own.states()["fast:fast"] == "FATAL", "it is given up")
        until(lambda: with_own.states()["far:far"] == "FATAL", "it is given up")

        until(lambda: with_own.states()["over:over"] == "FATAL", "it is given up")

    assert "its socket can't be made" in with_own.programs()["fast:fast"]["spawnerr"]
    assert "is no socket: it stays" in with_own.programs()["over:over"]["spawnerr"]
    assert precious.read_text() == "mine"
    assert [problem.reason for problem in left_out(with_own)] == [
        "[inet_http_server]: Address already in use"
    ]
    until(lambda: with_own.states()["good:good"] == "RUNNING", "the others run")


def test_a_working_directory_is_told_in_words(running: Running) -> None:
    """
    One that comes later starts the program then: a remote's mount, say.
    """
    place = running.here / "later"
    running.has(web=f"[program:web]\n{SLEEP}startretries=100\ndirectory={place}\n")
    running.start()
    until(
        lambda: f"working directory {place} does not" in running.programs()["web:web"]["spawnerr"],
        "it is told",
    )
    place.mkdir()

    until(lambda: running.states()["web:web"] == "RUNNING", "it runs")
