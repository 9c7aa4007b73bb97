"""
supervisord's socket taken away: nobody takes its supervisord for none, and it makes another.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import KeyPair, Slipway, wait_until

Start = Callable[..., Slipway]

SOCKET = "/run/supervisor.sock"
PYTHON = "/opt/slipway/venv/bin/python3 -Ic"
BIND = f"import socket; socket.socket(socket.AF_UNIX, socket.{{kind}}).bind('{SOCKET}')"
TAKEN = {
    "removed": f"rm {SOCKET}",
    "with its number": f"rm {SOCKET} /run/supervisord.pid",
    "a directory": f"rm {SOCKET}; mkdir {SOCKET}; touch {SOCKET}/mine",
    "a file": f"rm {SOCKET}; echo mine > {SOCKET}",
    "a FIFO": f"rm {SOCKET}; mkfifo {SOCKET}",
    "a dangling link": f"ln -sfn /nowhere {SOCKET}",
    "a dead socket": f'rm {SOCKET}; {PYTHON} "{BIND.format(kind="SOCK_STREAM")}"',
    "datagrams": f'rm {SOCKET}; {PYTHON} "{BIND.format(kind="SOCK_DGRAM")}"',
}
# Somebody else answers there: what he says, by which nothing of supervisord's is known
ANSWERS = {
    "a length that is none": "HTTP/1.0 200 OK\\r\\nContent-Length: many\\r\\n\\r\\n<?xml",
    "words for programs": (
        "HTTP/1.0 200 OK\\r\\n\\r\\n<?xml version='1.0'?><methodResponse><params><param><value>"
        "<array><data><value>sshd</value><value>sshd</value></data></array></value></param>"
        "</params></methodResponse>"
    ),
}
SERVER = f"""
import socket
listener = socket.socket(socket.AF_UNIX)
listener.bind("{SOCKET}")
listener.listen()
while True:
    client, _ = listener.accept()
    try:
        client.recv(65536)
        client.sendall(b"{{answer}}")
    except OSError:  # a look whether somebody listens
        pass
    client.close()
"""


@pytest.fixture(scope="module")
def slipway(module_start: Start, key: KeyPair) -> Slipway:
    """
    One for all rows.
    """
    slipway = module_start(environment={"SSH_PUBKEY": key.public})
    slipway.wait_ssh(key)
    slipway.wait_host_keys()
    slipway.wait_healthy()
    return slipway


def supervisords(slipway: Slipway) -> list[str]:
    """
    Return the numbers of all that run.
    """
    return slipway.check_output("pgrep", "-x", "supervisord").split()


@pytest.mark.parametrize("how", TAKEN)
def test_one_whose_socket_is_taken_away_runs_on(slipway: Slipway, key: KeyPair, how: str) -> None:
    """
    Frozen, so that it can't mend it: named by all, and no second one is begun. Then it mends it.
    """
    (pid,) = supervisords(slipway)
    slipway.check_output("sh", "-c", f"kill -STOP {pid}; {TAKEN[how]}")
    health = slipway.health()
    status = slipway.exec("slipway", "status")
    began = slipway.exec("slipway", "start") if how == "removed" else health
    login = slipway.ssh(key, "true")
    slipway.check_output("kill", "-CONT", pid)

    assert (health.code, status.code, began.code, login.code) == (1, 1, 1, 0)
    assert f"`kill -CONT {pid}`" in health.stdout
    assert f"kill -CONT {pid}" in " ".join(status.stdout.split())
    check = slipway.exec("slipway", "check")  # it waits until there is a socket again
    assert (check.code, check.stdout) == (0, "nothing would change\n"), check
    slipway.wait_healthy()
    assert supervisords(slipway) == [pid]
    assert "Traceback" not in slipway.logs()


@pytest.mark.parametrize("what", ANSWERS)
def test_anothers_answer_is_no_answer(slipway: Slipway, key: KeyPair, what: str) -> None:
    """
    All who ask say so, with their exit codes; and it is over when he is gone.
    """
    script = SERVER.format(answer=ANSWERS[what]).replace("'", "'\\''")
    python = PYTHON.removesuffix(" -Ic")
    slipway.check_output(
        "sh", "-c", f"rm {SOCKET}; printf %s '{script}' > /tmp/server.py; setsid {python} -I"
        " /tmp/server.py > /dev/null 2>&1 & echo $! > /tmp/server"
    )  # fmt: skip
    wait_until(lambda: slipway.exec("test", "-S", SOCKET).code == 0, "he has the socket")
    said = {
        word: slipway.exec("slipway", word)
        for word in ("check", "converge", "health", "status", "start")
    }
    doctor = slipway.exec("slipway", "doctor")
    login = slipway.ssh(key, "true")
    slipway.check_output("sh", "-c", "kill $(cat /tmp/server)")

    assert {word: done.code for word, done in said.items()} == dict.fromkeys(said, 1)
    for done in said.values():
        assert "supervisord does not answer" in " ".join((done.stdout + done.stderr).split())
    assert (doctor.code, login.code) == (0, 0)
    assert "Traceback" not in "".join(map(str, [*said.values(), doctor]))
    wait_until(lambda: slipway.exec("slipway", "converge").code == 0, "it converges")
    slipway.wait_healthy()
