"""
Declared programs under a real supervisord: what arrives in their processes.
"""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from typing import Any

import pytest

from slipway.contract import paths
from slipway.services.declaration import Declared, Program, relocated
from tests.unit.services.conftest import Running, declared, until

WRITE = 'printf "%s\\0" "$PWD" "$VALUE" "$@" > {out}.draft; mv {out}.draft {out}; exec sleep 1000'
HOSTILE = {
    "plain": "jupyter",
    "nothing": "",
    "blanks": "  a  b\t",
    "a newline": "one\ntwo",
    "a last newline": "one\n",
    "carriage return": "a\r\nb\r",
    "a comment": "a ; b",
    "another comment": "a # b",
    "a comment at once": "; b",
    "semicolons": "a;b;;",
    "a percent": "date +%Y-%m",
    "an expansion": "%(program_name)s %(ENV_PATH)s %(here)s",
    "a wide expansion": "%99999999s",
    "an URL": "http://h/a%20b?c=d&e=%20000#f",
    "quotes": 'it\'s "quoted" `now`',
    "one quote": "'",
    "backslashes": "\\ \\n \\\\",
    "shell": "$(touch x) ${HOME} && || > < * ? ~",
    "a section": "[program:other]",
    "an option": "\ncommand=false\n",
    "commas": 'A="b",C=d',
    "JSON": '{"a": ["b"]}',
    "an escape of JSON": "\\u0025 \\u003b",
    "umlauts": "für größere Löcher €",
    "beyond the plane": "\U0001f680",
    "a line separator": "a\u2028b\x85c\x0bd\x0ce",
    "no UTF-8": b"caf\xe9 \xff\xfe".decode("utf-8", "surrogateescape"),
    "controls": "\x01\x1b[31m\x7f",
    "a byte order mark": "\ufeffa",
    "a dash": "--",
    "long": "x" * 5000,
}


def test_what_is_declared_arrives_byte_for_byte(running: Running) -> None:
    """
    In words, variables and directories, whatever supervisor's own parser makes of it.
    """
    for number, value in enumerate(HOSTILE.values()):
        place = running.here / f"place{number}"
        if value and len(value) < 100:
            place /= value.replace("/", "_")
        place.mkdir(parents=True)
        declared(
            running,
            f"p{number}",
            ["sh", "-c", WRITE.format(out=running.here / f"out{number}"), "sh", value, "end"],
            environment={"VALUE": value, "OTHER": "other"},
            directory=str(place),
        )
    running.start()
    arrived = {}
    for number, (name, value) in enumerate(HOSTILE.items()):
        out = running.here / f"out{number}"
        until(out.exists, f"{name} runs")
        where, variable, word, end = os.fsdecode(out.read_bytes()).split("\0")[:4]
        arrived[name] = (Path(where).name if value and len(value) < 100 else value, variable, word)
        assert end == "end", name

    assert arrived == {
        name: (value.replace("/", "_") if len(value) < 100 else value, value, value)
        for name, value in HOSTILE.items()
    }
    assert running.call("getProblems")["left_out"] == []


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({}, "command=/opt/x/bin/jupyter lab --port 8888"),
        ({}, "stopwaitsecs=2"),
        ({}, 'slipway_title="x"'),
        ({"title": "JupyterLab"}, "; JupyterLab"),
        ({"user": "nobody"}, "user=nobody"),
        ({"directory": "/workspace"}, "directory=/workspace"),
        ({"environment": {"A": "b", "C": "d"}}, 'environment=A="b",C="d"'),
        ({"autostart": False}, "autostart=false"),
        ({"declared": Declared(after=("redis",))}, 'slipway_after=["redis"]'),
        ({"declared": Declared(ready="http://h/", within=9)}, 'slipway_ready="http://h/"'),
        ({"declared": Declared(ready="http://h/", within=9)}, "slipway_ready_within=9"),
        ({"declared": Declared(link="/lab?t=a%2F")}, 'slipway_link="/lab?t=a\\u00252F"'),
        ({"declared": Declared(ready=("true", "x y"))}, 'slipway_ready=["true", "x y"]'),
    ],
)
def test_a_plain_declaration_is_a_file_that_people_read(given: dict[str, Any], line: str) -> None:
    """
    In supervisor's own words wherever it has them.
    """
    command = ("/opt/x/bin/jupyter", "lab", "--port", "8888")
    lines = Program("x", command, **given).text().splitlines()

    assert line in lines
    assert "slipway_command" not in "".join(lines)


@pytest.mark.skipif(os.geteuid() != 0, reason="another user's program needs root")
def test_a_programs_user_has_a_home(running: Running) -> None:
    """
    As his login would have it; what is declared besides wins.
    """
    nobody = pwd.getpwnam("nobody")
    running.here.chmod(0o777)
    for parent in running.here.parents:
        if parent.stat().st_mode & 0o5 != 0o5:
            parent.chmod(parent.stat().st_mode | 0o5)
    out = running.here / "out"
    script = f'echo "$HOME $USER $LOGNAME $(id -un)" > {out}; sleep 1000'
    declared(running, "his", ["sh", "-c", script], user="nobody", environment={"USER": "me"})
    running.start()
    until(lambda: out.exists() and out.read_text(), "it runs")

    assert out.read_text().split() == [nobody.pw_dir, "me", "nobody", "nobody"]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("after", '"redis"'),
        ("after", "[redis]"),
        ("ready", "{}"),
        ("ready_within", "soon"),
        ("command", "{}"),
        ("port", '"80"'),
    ],
)
def test_an_option_of_ours_that_nobody_can_read_is_named(
    running: Running, option: str, value: str
) -> None:
    """
    With its line, as one of supervisor's own is; the file is left out, and costs no other.
    """
    running.has(
        bad=f'[program:bad]\ncommand=sleep 9\nslipway_title="x"\nslipway_{option}={value}\n'
    )
    running.start()
    (problem,) = running.call("getProblems")["left_out"]

    assert (problem["line"], problem["reason"]) == (
        4,
        f"[program:bad] slipway_{option}: is nothing that `service.program` writes",
    )


def test_a_title_alone_restarts_nothing(running: Running) -> None:
    """
    It is for people; whatever else is declared makes another program.
    """
    declared(running, "x", ["sleep", "1000"], title="One")
    running.start()
    declared(running, "x", ["sleep", "1000"], title="Other")
    assert running.state().changed == []
    for given in (
        {"ready": ("true",)},
        {"after": ("y",)},
        {"ready": ("true",), "within": 9},
        {"environment": {"A": "; %"}},
        {"stop_seconds": 1},
    ):
        declared(running, "x", ["sleep", "1000"], **given)
        assert running.state().changed == ["x"], given


def test_a_declared_program_runs_where_logs_have_no_place(
    tmp_path: Path,
) -> None:
    """
    Its log is then where Slipway's are; what its command says of that directory stays.
    """
    text = Program("x", ("cat", f"{paths.LOGS}/a"), title="X").text()

    assert relocated(text, paths.LOGS) == text
    assert relocated(text, tmp_path) == text.replace(
        f"stdout_logfile={paths.LOGS}", f"stdout_logfile={tmp_path}"
    )
    user = text.replace("slipway_title", "x_title")
    assert relocated(user, tmp_path) == user
