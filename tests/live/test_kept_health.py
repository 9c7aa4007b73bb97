"""
Health is answered by what supervisord keeps of it, for as long as nothing of that changes.
"""

from __future__ import annotations

from collections.abc import Callable

from slipway.ssh.banner import ADDRESS

from .conftest import KeyPair, Slipway, wait_until

VERDICT = "/run/slipway-health/verdict"
AWAY = "mv /opt/slipway/venv/bin/python3 /tmp/away"
BACK = "mv /tmp/away /opt/slipway/venv/bin/python3"
SSHD = "$(cat /run/sshd.pid)"
SUPERVISORD = "$(cat /run/supervisord.pid)"
ONCE = ("[program:once]", "command=/bin/sleep 1000", "autorestart=false", "startsecs=0")
WRITE = f"printf '%s\\n' {' '.join(map(repr, ONCE))} >/etc/supervisor/conf.d/once.conf"

# What breaks it, what health says of it then, what mends it
CHANGES: dict[str, tuple[str, str, str]] = {
    "sshd is frozen": (f"kill -STOP {SSHD}", "sshd does not answer", f"kill -CONT {SSHD}"),
    "a program was killed": (
        "kill -KILL $(supervisorctl pid once)",
        "once is EXITED",
        "supervisorctl start once",
    ),
    "anybody may write the keys": (
        "chmod 666 /root/.ssh/authorized_keys",
        "/root/.ssh/authorized_keys",
        "chmod 600 /root/.ssh/authorized_keys",
    ),
    "a convergence was cut off": (
        "touch /run/slipway/unfinished",
        "cut off half-way",
        "rm /run/slipway/unfinished",
    ),
    "sshd's configuration": (
        "echo Nonsense yes >/etc/ssh/sshd_config.d/99-x.conf",
        "Nonsense",
        "rm /etc/ssh/sshd_config.d/99-x.conf",
    ),
    "a GPU is gone": (
        "mv /dev/nvidia0 /tmp/gone",
        "GPU: ",
        "mv /tmp/gone /dev/nvidia0",
    ),
    "supervisord is frozen": (
        f"kill -STOP {SUPERVISORD}",
        "supervisord does not answer",
        f"kill -CONT {SUPERVISORD}",
    ),
}


def without_python(slipway: Slipway, before: str = "true") -> str:
    """
    Return what HEALTHCHECK says where there is no Python to be started.
    """
    script = f"{AWAY}; {before}; slipway health --kept 2>&1; {BACK}"
    return slipway.check_output("sh", "-c", script)


def test_what_is_kept_is_true(start: Callable[..., Slipway], key: KeyPair) -> None:
    """
    No Python answers while all is as it was; each change is seen, named, and over when it is over.
    """
    slipway = start(environment={"SSH_PUBKEY": key.public}, devices=["/dev/null:/dev/nvidia0"])
    slipway.wait_healthy()
    slipway.check_output("sh", "-c", f"{WRITE} && supervisorctl update")

    def is_kept() -> bool:
        slipway.exec("slipway", "health", "--kept")  # nothing is kept for nobody
        return slipway.exec("test", "-e", VERDICT).code == 0

    def is_ill() -> bool:
        return slipway.exec("slipway", "health", "--kept").code == 1

    for kind, (breaks, words, mends) in CHANGES.items():
        wait_until(is_kept, f"a verdict before: {kind}")
        assert without_python(slipway).startswith("healthy"), kind
        slipway.check_output("sh", "-c", breaks)
        wait_until(is_ill, kind, seconds=10)
        assert words in slipway.health().stdout, kind
        slipway.check_output("sh", "-c", mends)
        slipway.wait_healthy()
    wait_until(is_kept, "a verdict at the end")
    older = without_python(slipway, f"sed -Ei 's/^([0-9]+) [0-9]+/\\1 1/' {VERDICT}")
    assert "healthy" not in older  # another supervisord's, with the number of this one
    assert ADDRESS not in slipway.check_output("slipway", "logs", "sshd")
