"""
sshd's port is sshd's, whoever was quicker.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.live.conftest import KeyPair, Slipway, wait_until

Start = Callable[..., Slipway]
CONF = "/etc/supervisor/conf.d"
# Listens as soon as it can, at an address and with options, and says so
SERVER = """
import os, socket, sys, time
host, *options = sys.argv[1:]
while True:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if "reuseport" in options:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        listener.bind((host, 22))
        listener.listen()
        break
    except OSError:
        listener.close()
        time.sleep(0.05)
open("/tmp/mine", "w").close()
time.sleep(1000)
"""
WEB = "[program:web]\ncommand={command}\nautorestart=true\nstopwaitsecs=1\nstopasgroup=true\n"
COMMANDS = {
    "every address": "python3 /server.py 0.0.0.0",
    "one address": "python3 /server.py 127.0.0.1",
    "IPv6 and IPv4": "python3 /server.py :: reuseport",
    "a shell's child": "sh -c 'python3 /server.py 0.0.0.0 & wait'",
}


def put(slipway: Slipway, path: str, text: str) -> None:
    """
    Write a file.
    """
    slipway.check_output("sh", "-c", 'printf %s "$2" > "$1"', "sh", path, text)


@pytest.fixture(scope="module")
def settled(module_start: Callable[..., Slipway], key: KeyPair) -> Slipway:
    """
    A container that many rows share.
    """
    slipway = module_start(environment={"SSH_PUBKEY": key.public})
    put(slipway, "/server.py", SERVER)
    slipway.wait_ssh(key)
    slipway.wait_host_keys()
    return slipway


@pytest.mark.parametrize("where", COMMANDS)
def test_a_program_that_takes_it_while_sshd_is_down_gives_it_back(
    settled: Slipway, key: KeyPair, where: str
) -> None:
    """
    At whatever address; it starts again, and the log names it.
    """
    settled.check_output("rm", "-f", "/tmp/mine")
    before = settled.logs().count("was taken by web:web")
    settled.check_output("supervisorctl", "stop", "sshd")
    put(settled, f"{CONF}/web.conf", WEB.format(command=COMMANDS[where]))
    settled.check_output("supervisorctl", "update", "web")
    wait_until(lambda: settled.exec("test", "-e", "/tmp/mine").code == 0, "it has the port")
    settled.check_output("sh", "-c", "supervisorctl start sshd || :")
    settled.wait_ssh(key)

    wait_until(
        lambda: "RUNNING" in settled.exec("supervisorctl", "status", "web").stdout,
        "it runs behind sshd",
    )
    assert settled.logs().count("was taken by web:web") > before
    settled.check_output("rm", f"{CONF}/web.conf")
    settled.check_output("supervisorctl", "update", "web")


def test_a_strangers_server_is_left_alone_and_named(settled: Slipway, key: KeyPair) -> None:
    """
    Somebody has started it by hand.
    """
    settled.check_output("supervisorctl", "stop", "sshd")
    by_hand = "setsid python3 /server.py 0.0.0.0 < /dev/null > /dev/null 2>&1 &"
    settled.check_output("sh", "-c", by_hand)
    held = "grep -q ':0016 00000000:0000 0A' /proc/net/tcp"
    wait_until(lambda: settled.exec("sh", "-c", held).code == 0, "it has the port")
    assert settled.exec("slipway", "converge").code == 0
    report = settled.report()

    assert report is not None
    assert [entry["feature"] for entry in report["degraded"]] == ["sshd"]
    assert settled.exec("pgrep", "-f", "/server.py").code == 0
    settled.check_output("pkill", "-f", "/server.py")
    assert settled.exec("slipway", "converge").code == 0
    settled.wait_ssh(key)


def test_a_start_is_sshds_first(start: Start, key: KeyPair) -> None:
    """
    A program that would take the port at once finds it taken, and one that ends is started behind.
    """
    slipway = start(environment={"SSH_PUBKEY": key.public})
    slipway.wait_ssh(key)
    put(slipway, f"{CONF}/web.conf", WEB.format(command="python3 -m http.server 22"))
    slipway.container.restart(timeout=10)
    slipway.wait_ssh(key)
    log = slipway.check_output("cat", "/var/log/supervisor/supervisord.log")
    began = [line.split("'")[1] for line in log.splitlines() if "spawned: " in line]

    assert began[began.index("web") - 1] == "sshd"
    assert "was taken by web" not in slipway.logs()
