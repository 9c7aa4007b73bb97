"""
What `slipway status` says of what was gathered.
"""

from __future__ import annotations

from typing import Any

import pytest

from slipway.commands import glance
from slipway.commands.page import WIDTH

QUIET: dict[str, Any] = {
    "health": {"healthy": True, "line": "healthy", "complaints": []},
    "when": "converged 12 s ago in 0.41 s",
    "ssh": "",
    "keys": [],
    "login": {"possible": True, "ports": [22], "obstacles": []},
    "workspace": {"path": "/workspace", "mounted": True},
    "gpus": {"vendor": "", "number": 0, "chosen": ""},
    "threads": {"number": None, "because": ""},
    "supervisord": "does not run",
    "programs": [],
    "left_out": [],
    "supervisord_notes": [],
    "mounts": [],
    "cache_shortage": "",
    "unused_caches": {},
    "rescued": [],
    "failed": [],
    "refusals": [],
    "degraded": [],
    "notes": [],
}
KEY = {"type": "ssh-ed25519", "comment": "you@laptop", "fingerprint": "SHA256:x"}
SSH = "ssh -p 2222 root@127.0.0.1"


def remote(**changes: Any) -> dict[str, Any]:
    """
    Return a mounted remote, but for some of it.
    """
    return {"name": "photos", "mounted": True, "detail": "", "pending": 0, **changes}


def program(**changes: Any) -> dict[str, Any]:
    """
    Return a program that runs, but for some of it.
    """
    told = {"name": "web", "statename": "RUNNING", "description": "pid 7", "uptime": 120}
    return {**told, "state": "ready", "waits_for": [], "why": "", **changes}


def down(**changes: Any) -> dict[str, Any]:
    """
    Return one that has ended, but for some of it.
    """
    return program(name="crash", statename="FATAL", state="failed", uptime=None, **changes)


def running(*programs: dict[str, Any]) -> dict[str, Any]:
    """
    Return what is seen of these programs.
    """
    return {"supervisord": "runs", "programs": list(programs)}


@pytest.mark.parametrize(
    ("seen", "line"),
    [
        ({}, "HEALTHY   converged 12 s ago in 0.41 s"),
        ({"health": {"healthy": False, "complaints": ["x"]}}, "UNHEALTHY converged 12 s ago in"),
        ({"health": {"healthy": False, "complaints": ["a is b"]}}, "          a is b"),
        ({}, "services  supervisord does not run here"),
        (
            {"ssh": SSH, "keys": [KEY]},
            "ssh       ssh -p 2222 root@127.0.0.1   1 key: you@laptop",
        ),
        ({}, "ssh       port 22 of the container   no key: nobody can log in"),
        (
            {"keys": [KEY, {**KEY, "comment": ""}]},
            "ssh       port 22 of the container   2 keys: you@laptop, ssh-ed25519",
        ),
        ({"keys": [KEY] * 7}, "          7 keys: you@laptop, you@laptop"),
        (
            {"ssh": SSH, "workspace": {"path": "/workspace", "mounted": False}},
            "workspace /workspace                   not mounted: lost with the container",
        ),
        (
            {"workspace": {"path": "/w", "mounted": True, "passing": "a tmpfs, in memory"}},
            "a tmpfs, in memory: lost with the container",
        ),
        ({"login": {"ports": [22, 2222], "obstacles": []}}, "port 22, 2222 of the container"),
        ({"login": {"ports": [22], "obstacles": ["root can't"]}}, "ssh       root can't"),
        ({"gpus": {"vendor": "nvidia", "number": 2, "chosen": ""}}, "gpus      nvidia 2: all"),
        ({"gpus": {"vendor": "wsl", "number": None, "chosen": "X=0"}}, "gpus      wsl: X=0"),
        ({"threads": {"number": 2, "because": "quota"}}, "threads   2: quota"),
        (
            running(program(name="sshd"), program()),
            "services  ● sshd 2m  ● web 2m",
        ),
        (
            running(down(exit=3, last_line="boom", next_try=20, description="too quick")),
            'services  ✗ crash failed: exit 3, "boom", next try in 20 s',
        ),
        (running(down(description="no such file")), "✗ crash failed: no such file"),
        (
            running(program(state="starting", why="nothing listens on port 80")),
            "○ web starting: nothing listens on port 80",
        ),
        (running(program(state="starting", late=True)), "✗ web starting"),
        (
            running(program(state="waiting", statename="STOPPED", waits_for=["db", "mq"])),
            "○ web waiting (for db, mq)",
        ),
        (running(program(state="stopped", statename="STOPPED")), "○ web stopped"),
        (
            running(
                program(state="stopped", statename="EXITED", description="Nov 26; done, with 0")
            ),
            "○ web stopped: done, with 0",
        ),
        (running(program(state="off", statename="STOPPED")), "○ web off"),
        (running(program(state="", statename="FATAL")), "✗ web failed: pid 7"),
        (running(program(state="", statename="RUNNING")), "● web 2m"),
        (running(program(name="remote-far", remote=True)), ""),
        (running(program(link="http://h/x")), "link      http://h/x"),
        (
            {"mounts": [remote(), remote(name="bad", mounted=False, detail="couldn't connect")]},
            "remotes   ● photos mounted, 0 waiting  ✗ bad: couldn't connect",
        ),
        ({"mounts": [remote(mounted=False, pending=2)]}, "● photos copied, 2 waiting"),
        ({"mounts": [remote(pending=None)]}, "● photos mounted, does not tell what waits"),
        (
            {"mounts": [remote(pending=3, detail="does not answer: refused")]},
            "✗ photos does not answer: refused, 3 waiting",
        ),
        ({"mounts": [remote(mounted=False, detail="is starting")]}, "○ photos is starting"),
        ({"left_out": [{"file": "/f", "line": 3, "reason": "bad"}]}, "left out  /f line 3: bad"),
        ({"left_out": [{"file": "/f", "line": 0, "reason": "bad"}]}, "left out  /f: bad"),
        ({"supervisord_notes": ["ulimit nofile: 9"]}, "note      ulimit nofile: 9"),
        ({"cache_shortage": "1 MiB"}, "cache     short of room: 1 MiB"),
        ({"unused_caches": {"/c": 1}}, "cache     /c: 1 file in it waits for its upload, and no"),
        ({"unused_caches": {"/c": 2}}, "cache     /c: 2 files in it wait for their upload, and no"),
        ({"rescued": ["/r/a"]}, "rescued   /r/a: not sure to be whole"),
        ({"rescued": [f"/r/{number}" for number in range(23)]}, "rescued   and 3 more"),
        (
            {"refusals": [{"variable": "A", "rule": "must", "effect": "unset"}]},
            "refused   A: must (unset)",
        ),
        ({"degraded": [{"feature": "F", "condition": "c"}]}, "degraded  F: c"),
        ({"notes": [{"variable": "A", "text": "quotes"}]}, "noted     A: quotes"),
    ],
)
def test_what_was_seen_is_said_in_a_line(seen: dict[str, Any], line: str) -> None:
    """
    One a thing, with what is to be known of it.
    """
    said = glance.render({**QUIET, **seen})

    assert [each for each in said if line in each] != []


def test_a_quiet_container_has_four_lines() -> None:
    """
    Nothing is said of what is not there.
    """
    assert [line.split()[0] for line in glance.render(QUIET)] == [
        "HEALTHY",
        "ssh",
        "workspace",
        "services",
    ]


def test_no_line_is_longer_than_a_terminal_is_wide() -> None:
    """
    However much there is to say. A word that is longer than a line stays whole: it may be a path.
    """
    said = "everything is as bad as it can be and somebody has to do something about it " * 3
    seen = {
        **QUIET,
        **running(*[program(name=f"program{number}") for number in range(30)], down(why=said)),
        "health": {"healthy": False, "complaints": [said]},
        "ssh": f"ssh -p 2222 root@{'a' * 40}.example.org",
        "keys": [{**KEY, "comment": f"somebody{number}@example.org"} for number in range(9)],
        "mounts": [remote(name=f"remote{number}", detail=said) for number in range(3)],
        "refusals": [{"variable": "A", "rule": said, "effect": said}],
    }
    lines = glance.render(seen)

    assert [line for line in lines if len(line) > WIDTH] == []
    assert " ".join(" ".join(lines).split()).count(said.strip()) >= 7
