"""
`service.program`: what is written, and what is refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from pyinfra.api import OperationError
from pyinfra.context import ctx_host

from slipway.facts.files import FileStates, FileText
from slipway.facts.users import KnownUser
from slipway.operations import service
from slipway.operations.files import File
from slipway.operations.foresight import PLAN, Plan
from tests.unit.conftest import FactHost, Run

PATH = "/etc/supervisor/conf.d/web.conf"
FACTS: Mapping[Any, Any] = {FileStates: {}, FileText: "", KnownUser: True}
WEB: Mapping[str, Any] = {"program": "web", "command": ["serve", "--now"]}


def content(run: Run, **given: Any) -> str:
    """
    Return the file that a declaration has.
    """
    commands = run(service.program, **{**WEB, **given}, facts=FACTS)
    (upload,) = (line for line in commands if " <- " in line)
    return upload.partition(" <- ")[2]


def test_a_program_is_one_file_of_roots(run: Run) -> None:
    """
    Complete, in the form that Slipway's own have, and nothing is run.
    """
    commands = run(
        service.program,
        **WEB,
        title="Web",
        user="www-data",
        directory="/srv",
        environment={"MODE": "fast"},
        port=8080,
        ready="http://127.0.0.1:8080/",
        ready_status=204,
        ready_within=9,
        after=["db", "queue"],
        stop_seconds=4,
        facts=FACTS,
    )

    assert f"mv -T -- {PATH}" not in commands[0]
    assert any("chmod 600" in line and PATH in line for line in commands)
    (upload,) = (line for line in commands if " <- " in line)
    assert (
        upload.partition(" <- ")[2]
        == """\
; Web
; Declared by `service.program`: what is changed here lasts until the next convergence.
[program:web]
command=serve --now
autostart=true
autorestart=true
startsecs=3
startretries=10
stopwaitsecs=4
stopasgroup=true
priority=100
redirect_stderr=true
stdout_logfile=/var/log/supervisor/%(program_name)s.log
stdout_logfile_maxbytes=5MB
stdout_logfile_backups=1
user=www-data
directory=/srv
environment=PORT="8080",MODE="fast"
slipway_title="Web"
slipway_port=8080
slipway_after=["db", "queue"]
slipway_ready="http://127.0.0.1:8080/"
slipway_ready_status=[204]
slipway_ready_within=9
"""
    )


def test_what_is_declared_already_is_left_alone(run: Run) -> None:
    """
    No command, and that is said.
    """
    file = File(PATH, content(run).encode(), mode="600")
    facts = {**FACTS, FileStates: {PATH: file.expected}}

    assert run(service.program, **WEB, facts=facts) == []
    assert run.host.noops == ["web is declared"]


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"command": "serve  --title 'a b'"}, 'slipway_command=["serve", "--title", "a b"]'),
        ({"command": b"caf\xe9"}, 'slipway_command=["caf\\udce9"]'),
        (
            {"command": "serve $HOME; rm -rf /"},
            'slipway_command=["serve", "$HOME;", "rm", "-rf", "/"]',
        ),
        ({"environment": {"A": b"\xff"}}, 'slipway_environment={"A": "\\udcff"}'),
        ({"environment": {"a-b": "c"}}, 'slipway_environment={"a-b": "c"}'),
        ({"environment": {"A": "x ; y %"}}, 'slipway_environment={"A": "x \\u003b y \\u0025"}'),
        ({"directory": "/a b"}, 'slipway_directory="/a b"'),
        ({"port": 80, "environment": {"PORT": "80"}}, 'environment=PORT="80"'),
        ({"after": "db"}, 'slipway_after=["db"]'),
        ({"ready": ["true"]}, 'slipway_ready=["true"]'),
        ({"ready": "http://[::1]:80/?a=b"}, 'slipway_ready="http://[::1]:80/?a=b"'),
    ],
)
def test_what_supervisor_can_not_say_is_said_in_json(
    run: Run, given: dict[str, Any], line: str
) -> None:
    """
    A text is split into words, and nothing in it is run or expanded.
    """
    assert line in content(run, **given).splitlines()


REFUSED = [
    ({"program": ""}, "program: must be letters"),
    ({"program": "a b"}, "program: must be letters"),
    ({"program": "a/b"}, "program: must be letters"),
    ({"program": "../x"}, "program: must be letters"),
    ({"program": "a\n[program:b]"}, "program: must be letters"),
    ({"program": "x" * 65}, "program: must be letters"),
    ({"program": "-x"}, "program: must be letters"),
    ({"program": "ü"}, "program: must be letters"),
    ({"program": "web%d"}, "program: must be letters"),
    ({"program": "sshd"}, "program: the name is Slipway's own"),
    ({"program": "SSHD"}, "program: the name is Slipway's own"),
    ({"program": "supervisord"}, "program: the name is Slipway's own"),
    ({"program": "all"}, "program: the name is Slipway's own"),
    ({"program": "remote-far"}, "program: the name is Slipway's own"),
    ({"command": []}, "command: is empty"),
    ({"command": ""}, "command: is empty"),
    ({"command": ["", "x"]}, "command: is empty"),
    ({"command": "serve 'a"}, "command: a quote is not closed"),
    ({"command": ["a", 3]}, "command: 3 is no text"),
    ({"command": ["a\0b"]}, "command: has a NUL byte"),
    ({"command": ["\ud800"]}, "command: has a surrogate"),
    ({"user": "a b"}, "user: 'a b' is no account's name"),
    ({"user": "root\nx=y"}, "user: "),
    ({"directory": "srv"}, "directory: must be an absolute path"),
    ({"directory": "/a\0"}, "directory: has a NUL byte"),
    ({"environment": {"": "x"}}, "environment: '' is no variable's name"),
    ({"environment": {"A=B": "x"}}, "environment: 'A=B' is no variable's name"),
    ({"environment": {"A": "\0"}}, "environment A: has a NUL byte"),
    ({"environment": {"A": 3}}, "environment A: 3 is no text"),
    ({"environment": {"PORT": "81"}, "port": 80}, "environment: PORT is '81', and port is 80"),
    ({"port": -1}, "port: must be a whole number, 0 to 65535"),
    ({"port": 65536}, "port: must be a whole number, 0 to 65535"),
    ({"port": True}, "port: must be a whole number"),
    ({"ready": "tcp"}, "ready: tcp is the port, and none is given"),
    ({"ready": "udp", "port": 80}, "ready: 'udp' is neither tcp nor an http:// URL"),
    ({"ready": "https://h/"}, "ready: 'https://h/' is neither"),
    ({"ready": "http://h:0/"}, "ready: 'http://h:0/' is neither"),
    ({"ready": "http://h:65536/"}, "ready: "),
    ({"ready": "http:///x"}, "ready: "),
    ({"ready": "http://h/a b"}, "ready: "),
    ({"ready": "http://h/\r\nX: y"}, "ready: "),
    ({"ready": "http://u:p@h/"}, "ready: "),
    ({"ready": ["", "x"]}, "ready: is empty"),
    ({"ready_status": 200}, "ready_status: is for a URL in `ready`"),
    (
        {"ready": "http://h/", "ready_status": 99},
        "ready_status: must be a whole number, 100 to 599",
    ),
    ({"ready_within": 0}, "ready_within: must be a whole number, 1 to 86400"),
    ({"stop_seconds": -1}, "stop_seconds: must be a whole number, 0 to 86400"),
    ({"after": [""]}, "after: '' is no program's name"),
    ({"after": ["a b"]}, "after: 'a b' is no program's name"),
    ({"after": ["a,b"]}, "after: 'a,b' is no program's name"),
    ({"after": ["web"]}, "after: web -> web is a circle"),
    ({"link": "/lab"}, "link: is a page on the port, and none is given"),
    ({"link": "lab", "port": 80}, "link: must begin with / and be quoted"),
    ({"link": "/a b", "port": 80}, "link: must begin with / and be quoted"),
    ({"link": "/a\nb", "port": 80}, "link: must begin with / and be quoted"),
    ({"title": "a\n[program:b]"}, "title: must be one printable line"),
]


@pytest.mark.parametrize(("given", "words"), REFUSED, ids=[str(given) for given, _ in REFUSED])
def test_a_bad_argument_is_refused_by_name(run: Run, given: dict[str, Any], words: str) -> None:
    """
    With the program's, before anything is written.
    """
    with pytest.raises(OperationError) as refused:
        run(service.program, **{**WEB, **given}, facts=FACTS)

    name = given.get("program", "web")
    assert str(refused.value).startswith(f"program {name!r}: {words}")


def test_all_that_is_wrong_is_said_at_once(run: Run) -> None:
    """
    Nobody builds an image three times for three typing errors.
    """
    with pytest.raises(OperationError) as refused:
        run(service.program, **{**WEB, "port": -1, "title": "\n", "command": ""}, facts=FACTS)

    assert str(refused.value) == (
        "program 'web': command: is empty; port: must be a whole number, 0 to 65535; "
        "title: must be one printable line"
    )


def test_an_account_that_is_missing_is_refused_and_a_check_names_it(run: Run) -> None:
    """
    In a check an operation before it may be about to make it.
    """
    facts = {**FACTS, KnownUser: False}
    with pytest.raises(OperationError, match="there is no account 'web'; make it first"):
        run(service.program, **WEB, user="web", facts=facts)
    host = FactHost(facts)
    plan = host.connector_data[PLAN] = Plan(is_check=True)
    with ctx_host.use(host):
        assert list(service.program._inner(**WEB, user="web"))  # noqa: SLF001

    assert [each.line(is_check=True) for each in plan.changes] == [
        "web: an account that is missing",
        f"{PATH}: missing",
    ]


@pytest.mark.parametrize(
    ("after", "circle"),
    [
        ({"a": ["b"], "b": ["a"]}, "b -> a -> b"),
        ({"a": ["b"], "b": ["c"], "c": ["a"]}, "c -> a -> b -> c"),
        ({"a": ["x", "b"], "b": ["y", "c"], "c": ["z", "b"]}, "c -> b -> c"),
        ({"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]}, ""),
        ({"a": ["d"], "b": ["d"], "c": ["a", "b"]}, ""),
    ],
)
def test_a_circle_is_refused_where_it_is_closed(after: dict[str, list[str]], circle: str) -> None:
    """
    A diamond is none, nor is what is declared before those that it waits for.
    """
    host, closed = FactHost(FACTS), ""
    with ctx_host.use(host):
        for name, names in after.items():
            try:
                list(service.program._inner(program=name, command="x", after=names))  # noqa: SLF001
            except OperationError as error:  # noqa: PERF203 - the last one's
                closed = str(error)

    assert closed == (circle and f"program {circle[0]!r}: after: {circle} is a circle")


def test_a_program_is_declared_once(run: Run) -> None:
    """
    The same again is nothing; another with its name is refused.
    """
    host = FactHost(FACTS)
    with ctx_host.use(host):
        for command in (["serve", "--now"], "serve --now"):
            list(service.program._inner(program="web", command=command))  # noqa: SLF001
        with pytest.raises(OperationError, match="'web': is declared twice, and differently"):
            list(service.program._inner(program="web", command="other"))  # noqa: SLF001
