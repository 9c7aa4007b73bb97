"""
When supervisord has sshd's ports claimed.
"""

from __future__ import annotations

import errno
import subprocess
from types import SimpleNamespace
from typing import Any

import pytest
from supervisor import events

from slipway.services.sshd_port import SshdPort, taken

BOTH = (
    b"Bind to port 22 on 0.0.0.0 failed: Address already in use.\r\n"
    b"Bind to port 22 on :: failed: Address already in use.\r\n"
    b"Cannot bind any address.\r\n"
)


@pytest.mark.parametrize(
    ("output", "ports"),
    [
        (BOTH, ["22"]),
        (b"Bind to port 22 on :: failed: Address already in use.\nServer listening\n", ["22"]),
        (b"error: Bind to port 2222 on 0.0.0.0 failed: Address already in use.\r\n", ["2222"]),
        (b"Bind to port 22 on ::1 failed: Address already in use.\n" + BOTH, ["22"]),
        (b"Bind to port 22 on 192.0.2.1 failed: Cannot assign requested address.\n", []),
        (b"Bind to port 80 on 0.0.0.0 failed: Permission denied.\n", []),
        (b"Server listening on 0.0.0.0 port 22.\n", []),
        (b"error: bind [127.0.0.1]:8888: Address already in use\n", []),
        (b"Invalid user Bind to port 22 on x failed: Address already in use\n", []),
        (b"", []),
    ],
)
def test_sshd_says_which_port_it_could_not_have(output: bytes, ports: list[str]) -> None:
    """
    Its own words alone: others' are behind some of sshd's in a line.
    """
    assert taken(output) == ports


class Supervisord:
    """
    What happens to sshd, and the claims that follow.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(events, "callbacks", [])
        monkeypatch.setattr(subprocess, "Popen", self.begin)
        self.now = 100.0
        self.claims: list[list[str]] = []
        self.is_busy = self.is_scarce = False
        self.port = SshdPort(clock=lambda: self.now)

    def begin(self, words: list[str], **_given: Any) -> Any:
        """
        Stand in for Popen.
        """
        if self.is_scarce:
            raise OSError(errno.EAGAIN, "no process")
        self.claims.append(words[words.index("slipway.services.port_claim") + 1 :])
        return SimpleNamespace(poll=lambda: None if self.is_busy else 0)

    def tell(self, kind: type[events.ProcessStateEvent], name: str = "sshd") -> None:
        """
        Have something happen to a program.
        """
        process = SimpleNamespace(config=SimpleNamespace(name=name), backoff=0, group=None, pid=7)
        events.notify(kind(process, 0, expected=False))


@pytest.fixture
def supervisord(monkeypatch: pytest.MonkeyPatch) -> Supervisord:
    """
    One in which nothing has happened.
    """
    return Supervisord(monkeypatch)


def test_what_sshd_says_is_acted_on_at_once(supervisord: Supervisord) -> None:
    """
    With the ports that it names; what follows soon waits, so that a stranger costs little.
    """
    supervisord.port.heard(BOTH)
    assert supervisord.claims == [["22"]]
    supervisord.port.heard(BOTH.replace(b" 22 ", b" 2222 "))
    supervisord.now += 4
    supervisord.port.look(None)
    assert supervisord.claims == [["22"]]
    supervisord.now += 2
    supervisord.is_busy = True
    supervisord.port.look(None)
    assert supervisord.claims == [["22"]], "the first one is still at it"
    supervisord.is_busy = False
    supervisord.port.look(None)
    supervisord.port.look(None)

    assert supervisord.claims == [["22"], ["2222"]]


@pytest.mark.parametrize("kind", [events.ProcessStateBackoffEvent, events.ProcessStateRunningEvent])
def test_a_silent_sshd_has_its_ports_looked_at(
    supervisord: Supervisord, kind: type[events.ProcessStateEvent]
) -> None:
    """
    One that has said something would have said that, too; another program is none of it.
    """
    supervisord.tell(events.ProcessStateStartingEvent)
    supervisord.port.heard(b"Server listening on 0.0.0.0 port 22.\n")
    supervisord.tell(kind)
    supervisord.tell(events.ProcessStateStartingEvent)
    supervisord.tell(kind, name="web")
    assert supervisord.claims == []
    supervisord.tell(kind)

    assert supervisord.claims == [[]]


def test_without_a_process_the_next_try_of_sshd_asks_again(supervisord: Supervisord) -> None:
    """
    A claim that could not begin ends nothing.
    """
    supervisord.is_scarce = True
    supervisord.port.heard(BOTH)
    supervisord.is_scarce = False
    supervisord.now += 10
    supervisord.port.heard(BOTH)

    assert supervisord.claims == [["22"]]
