"""
What a login waits for, or can't run, is named by health, and no more is left of its own tries.

Each row spoils something in one running container, asks health, logs in, and mends it again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from .conftest import READ_AGAIN, KeyPair, Slipway, wait_until

Start = Callable[..., Slipway]

DROP_IN = "/etc/ssh/sshd_config.d/00-a.conf"
PATIENCE = 4  # seconds for a login: one on a busy machine takes one


class Row(NamedTuple):
    """
    One thing that is wrong.
    """

    spoil: str
    mend: str
    words: str  # in health's line
    opens: bool = False  # whether `ssh true` works from outside
    is_ill: bool = True


def fifo(path: str, words: str = "", **expected: Any) -> Row:
    """
    Return a row with a FIFO where a file is, or none.
    """
    return Row(
        f"[ ! -e {path} ] || mv {path} /tmp/away; mkdir -p $(dirname {path}); mkfifo {path}",
        f"rm {path}; [ ! -e /tmp/away ] || mv /tmp/away {path}",
        words or f"sshd waits for {path}, which is a FIFO",
        **expected,
    )


def terminal(path: str) -> Row:
    """
    Return a row with a FIFO that a session with a terminal alone would wait for.
    """
    return fifo(path, f"a session with a terminal waits for {path}, which is a FIFO", opens=True)


def script(path: str, text: str, words: str, **expected: Any) -> Row:
    """
    Return a row with a program that is not there otherwise.
    """
    write = f"printf '%b\\n' {text!r} > {path}; chmod 755 {path}"
    return Row(write, f"rm {path}; pkill -f 'sleep [9]8' || true", words, **expected)


def shell(text: str, words: str) -> Row:
    """
    Return a row with another shell of root's.
    """
    change = "sed -i 's,^root:x:0:0:root:/root:.*,root:x:0:0:root:/root:{},' /etc/passwd"
    path = "/usr/local/bin/other"
    row = script(path, text, words)
    return row._replace(
        spoil=f"{row.spoil}; {change.format(path)}",
        mend=f"{change.format('/bin/bash')}; {row.mend}",
    )


def drop_in(text: str, words: str, **expected: Any) -> Row:
    """
    Return a row with lines of sshd's configuration.
    """
    return Row(f"printf '{text}\\n' > {DROP_IN}", f"rm {DROP_IN}", words, **expected)


HANGS = "it had not ended after"
LINE_1 = f"({DROP_IN} line 1)"

ROWS = {
    # What has no end
    "motd": fifo("/etc/motd"),
    "sshrc": fifo("/etc/ssh/sshrc"),
    "rc": fifo("/root/.ssh/rc"),
    "environment": fifo("/etc/environment"),
    "locale": fifo("/etc/default/locale"),
    "pam_env": fifo("/etc/security/pam_env.conf"),
    "limits": fifo("/etc/security/limits.conf"),
    ".bashrc": fifo("/root/.bashrc"),
    "bash.bashrc": fifo("/etc/bash.bashrc"),
    "sshrc, a device": Row(
        "ln -s /dev/zero /etc/ssh/sshrc", "rm /etc/ssh/sshrc", "/etc/ssh/sshrc, which is a device"
    ),
    "Banner": drop_in("Banner /tmp/banner", "sshd waits for /tmp/banner")._replace(
        spoil=f"mkfifo /tmp/banner; echo Banner /tmp/banner > {DROP_IN}",
        mend=f"rm {DROP_IN} /tmp/banner",
    ),
    "Banner, a device": drop_in("Banner /dev/zero", "healthy", opens=True, is_ill=False),
    ".profile": terminal("/root/.profile"),
    "profile": terminal("/etc/profile"),
    "profile.d": terminal("/etc/profile.d/zz.sh"),
    "wtmp": terminal("/var/log/wtmp"),
    # What does not end, or can't begin: a login of Slipway's own finds it
    "sshrc that sleeps": script(
        "/etc/ssh/sshrc", "sleep 98", f"{HANGS} 1.5 s: it waits in `sh` > `/bin/sh /etc/ssh/sshrc`"
    ),
    "rc that sleeps": script("/root/.ssh/rc", "sleep 98", "`/bin/sh /root/.ssh/rc` > `sleep`"),
    "update-motd": script("/etc/update-motd.d/00-x", "#!/bin/sh\nsleep 98", "00-x` > `sleep`"),
    "a module's program": Row(
        "printf '#!/bin/sh\\nsleep 98\\n' > /opt/hook; chmod 755 /opt/hook; "
        "sed -i '1i session optional pam_exec.so /opt/hook' /etc/pam.d/sshd",
        "sed -i 1d /etc/pam.d/sshd; pkill -f 'sleep [9]8'; rm /opt/hook",
        "PAM opens no session within 2 s",
    ),
    "a shell that sleeps": shell("#!/bin/sh\nsleep 98", "`/bin/sh /usr/local/bin/other` > `sleep`"),
    "a shell without a program": shell("#!/no/such", "other is a script for /no/such"),
    "a shell that is none": shell("hello", "/usr/local/bin/other is no program"),
    ".bashrc that ends": Row(
        "cp /root/.bashrc /tmp/b; echo 'exit 3' > /root/.bashrc",
        "cp /tmp/b /root/.bashrc",
        "the session ended with exit code 3 before any command",
    ),
    # What no client agrees to
    "HostKeyAlgorithms": drop_in("HostKeyAlgorithms ecdsa-sha2-nistp256", LINE_1),
    "HostKeyAlgorithms, certificates": drop_in(
        "HostKeyAlgorithms ssh-ed25519-cert-v01@openssh.com", LINE_1
    ),
    "KexAlgorithms": drop_in(
        "KexAlgorithms diffie-hellman-group1-sha1",
        "KexAlgorithms leaves nothing",
        is_ill=False,
    ),
    "Ciphers": drop_in("Ciphers 3des-cbc", "Ciphers leaves nothing", is_ill=False),
    "MACs": drop_in("Ciphers aes128-ctr\\nMACs hmac-md5-96", "MACs leaves nothing", is_ill=False),
    "MACs that nobody needs": drop_in("MACs hmac-md5-96", "healthy", opens=True, is_ill=False),
    # Others
    "AddressFamily": drop_in("AddressFamily inet6", "AddressFamily inet6"),
    "wrappers for some": Row(
        "echo 'sshd: 172.' > /etc/hosts.deny", "rm /etc/hosts.deny", "not from 172.", is_ill=False
    ),
    "wrappers for the others": Row(
        "echo 'sshd: ALL EXCEPT 172.' > /etc/hosts.deny",
        "rm /etc/hosts.deny",
        "root can log in from 172. alone",
        opens=True,
        is_ill=False,
    ),
    "every key has expired": Row(
        "cp -p /root/.ssh/authorized_keys /tmp/k; "
        "sed -i 's/^/expiry-time=\"20200101\" /' /root/.ssh/authorized_keys",
        "cp -p /tmp/k /root/.ssh/authorized_keys",
        "every key has expired (expiry-time) (/root/.ssh/authorized_keys)",
        is_ill=False,
    ),
    "keys of gigabytes": Row(
        "cp -p /root/.ssh/authorized_keys /tmp/k; truncate -s 3G /root/.ssh/authorized_keys",
        "cp -p /tmp/k /root/.ssh/authorized_keys",
        "is larger than 16 MB, so no key in it can be told",
    ),
    "no terminals": Row(
        "mv /dev/ptmx /dev/away", "mv /dev/away /dev/ptmx", "no session has a terminal", opens=True
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_what_keeps_a_session_is_named(slipway: Slipway, key: KeyPair, name: str) -> None:
    """
    By health, as soon as it is there; mended, all is well.
    """
    row = ROWS[name]
    try:
        slipway.check_output("sh", "-c", f"{row.spoil}\n{READ_AGAIN} || true")
        health = slipway.health()
        opened = slipway.opens_within(PATIENCE, key)
    finally:
        slipway.check_output("sh", "-c", f"{row.mend}\n{READ_AGAIN} || true")

    assert row.words in health.stdout
    assert health.code == int(row.is_ill), health
    assert opened is row.opens
    wait_until(lambda: slipway.health().stdout == "healthy\n", f"healthy: {slipway.health()}")


def test_what_health_tries_leaves_nothing(slipway: Slipway, key: KeyPair) -> None:
    """
    No process of a login that hangs, no key, and no line in sshd's log.
    """
    left = (
        "grep -h -e 127.83.76.80 -e Accepted /var/log/supervisor/sshd*; pgrep -f 'sleep [9]7'; "
        "ls -A /run/slipway-trial/keys /run/slipway-trial/pair; true"
    )
    before = slipway.check_output("sh", "-c", left)
    slipway.check_output("sh", "-c", "echo 'sleep 97' > /etc/ssh/sshrc")
    for _ in range(3):
        wait_until(lambda: "`sleep`" in slipway.health().stdout, "what hangs is named")
    slipway.check_output("rm", "/etc/ssh/sshrc")
    slipway.wait_healthy()

    assert slipway.check_output("sh", "-c", left) == before
    assert slipway.opens_within(PATIENCE, key)


def test_a_keys_owner_meets_no_other_rules(slipway: Slipway) -> None:
    """
    Rules for this machine alone are no obstacle: nobody comes from there.
    """
    for rule in (
        f"printf 'Match Address 127.0.0.0/8\\n PermitRootLogin no\\n' > {DROP_IN}",
        f"printf 'Match Address 127.83.76.80\\n ForceCommand /bin/false\\n' > {DROP_IN}",
        "echo 'sshd: 127.' > /etc/hosts.deny",
    ):
        slipway.check_output("sh", "-c", f"{rule}; {READ_AGAIN}")
        health = slipway.health()
        slipway.check_output("sh", "-c", f"rm -f {DROP_IN} /etc/hosts.deny; {READ_AGAIN}")

        assert health.code == 0, (rule, health)
        assert "own failed" not in health.stdout
