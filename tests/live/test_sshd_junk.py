"""
A line that sshd can't use costs itself: the key opens a session, and the line is named.

One container for all rows: what is written for one replaces what was written for the last.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

from .conftest import KeyPair, Slipway, wait_until

Start = Callable[..., Slipway]

DROP_IN = "/etc/ssh/sshd_config.d/50-mine.conf"
MAIN = "/etc/ssh/sshd_config"
# What drop-ins of a user's may hold, and the number of the line that is named
JUNK: dict[str, tuple[str, int]] = {
    "an unknown option": ("PermitTunnel no\nFoo bar\n", 2),
    "a bad value": ("PermitRootLogin perhaps\n", 1),
    "a missing argument": ("Port\n", 1),
    "too many arguments": ("X11Forwarding no yes\n", 1),
    "a port out of range": ("\n\nPort 99999\n", 3),
    "a Match without criteria": ("Match\n AllowUsers bob\n", 1),
    "an unknown Match": ("Match Foo x\n AllowUsers bob\n", 1),
    "not below a Match": ("Match User bob\n Port 2222\n", 2),
    "an open Match, and junk": ("Match User bob\n PermitTTY no\n Foo bar\n", 3),
    "an algorithm": ("Ciphers rot13\n", 1),
    "a key exchange": ("KexAlgorithms +nope\n", 1),
    "a key type": ("HostKeyAlgorithms ssh-foo\n", 1),
    "not UTF-8": ("\\377\\376 x\n", 1),
    "a BOM": ("\\357\\273\\277PermitTunnel no\n", 1),
    "quotes": ('AllowUsers "bob\n', 1),
    "an address of nobody's": ("ListenAddress 203.0.113.9\n", 1),
    "an address that is none": ("ListenAddress no.such.invalid\n", 1),
    "a command without its user": ("AuthorizedKeysCommand /bin/true\n", 1),
    "an Include of itself": (f"Include {DROP_IN}\n", 1),
    "SetEnv without a value": ("SetEnv A\n", 1),
    "a time": ("LoginGraceTime soon\n", 1),
    "several": ("Foo a\nPermitTunnel no\nStrictModes perhaps\nBar b\n", 3),
    "binary": ("$(head -c 3000 /dev/urandom | base64 | tr + ' ')\n", 0),
}
# What sshd can use, or does without by itself
SOUND = {
    "the same port twice": "Port 22\\nPort 22\\n",
    "a host key that is missing": "HostKey /no/such\\n",
    "a certificate that is missing": "HostCertificate /no/such\\n",
    "an Include of nothing": "Include /no/such/*.conf\\n",
    "Windows' line ends": "PermitTunnel no\\r\\n",
    "zeros": "\\000\\000\\000",
}
# Instead of a file
ODD = {
    "a FIFO": ("mkfifo {}", True),
    "a dangling link": ("ln -s /no/such {}", True),
    "a loop of links": ("ln -s {} {}", True),
    "a directory": ("mkdir {}", False),
    "closed to root": ("touch {0}; chmod 0 {0}", False),
}
FOLLOWS = """
say() { "$@" > /tmp/said 2>&1; code=$?; printf '%s\\0%s\\0' "$code" "$(cat /tmp/said)"; }
say timeout 60 slipway converge; say slipway health; say sh -c "slipway status | tr -s ' \\n' '  '"
say timeout 60 slipway check
"""


class Said(NamedTuple):
    """
    What was said of it.
    """

    converge: tuple[int, str]
    health: tuple[int, str]
    status: tuple[int, str]
    check: tuple[int, str]


def after(slipway: Slipway, commands: str) -> Said:
    """
    Run commands, converge, and ask.
    """
    output = slipway.exec("sh", "-c", f"{commands}\n{FOLLOWS}").stdout
    parts = output.split("\0")
    assert len(parts) == 9, output
    return Said(*((int(parts[at]), parts[at + 1]) for at in range(0, 8, 2)))


@pytest.fixture(scope="module")
def slipway(module_start: Start, key: KeyPair) -> Slipway:
    """
    A container whose sshd has its RSA key.
    """
    slipway = module_start(environment={"SSH_PUBKEY": key.public})
    slipway.wait_ssh(key)
    slipway.wait_converged()
    slipway.wait_host_keys()
    return slipway


def is_named(said: Said, place: str) -> bool:
    """
    Tell whether all that is asked names a place, and nothing has failed otherwise.
    """
    assert "Traceback" not in "".join(text for _, text in said)
    codes = [code for code, _ in said]
    return codes == [1, 1, 0, 1] and all(place in text for _, text in said)


def assert_well(said: Said) -> None:
    """
    All is as it should be.
    """
    assert [code for code, _ in said] == [0, 0, 0, 0], said
    assert said.health[1] == "healthy"


@pytest.mark.parametrize("name", JUNK)
def test_a_bad_line_costs_itself(slipway: Slipway, key: KeyPair, name: str) -> None:
    """
    Named with file and line by the convergence, health, status and check.
    """
    text, line = JUNK[name]
    said = after(slipway, f'rm -rf {DROP_IN}; printf "{_quoted(text)}" > {DROP_IN}')

    assert is_named(said, f"{DROP_IN}{f' line {line}' if line else ''}"), said
    slipway.wait_ssh(key)


@pytest.mark.parametrize("name", ODD)
def test_what_is_no_file_costs_nothing(slipway: Slipway, key: KeyPair, name: str) -> None:
    """
    Named where sshd would not start with it.
    """
    command, ends_sshd = ODD[name]
    said = after(slipway, f"rm -rf {DROP_IN}; {command.format(DROP_IN, DROP_IN)}")

    if ends_sshd:
        assert is_named(said, DROP_IN), said
    else:
        assert_well(said)
    assert slipway.ssh(key, "id -un").stdout == "root\n"


@pytest.mark.parametrize("name", SOUND)
def test_what_sshd_can_use_is_healthy(slipway: Slipway, key: KeyPair, name: str) -> None:
    """
    Healthy.
    """
    said = after(slipway, f'rm -rf {DROP_IN}; printf "{SOUND[name]}" > {DROP_IN}')

    assert_well(said)
    assert slipway.ssh(key, "id -un").stdout == "root\n"


def test_the_first_of_two_lines_holds(slipway: Slipway, key: KeyPair) -> None:
    """
    Sshd takes no second program for sftp; the main file's is the later one.
    """
    said = after(slipway, f"rm -rf {DROP_IN}; echo Subsystem sftp internal-sftp > {DROP_IN}")

    assert is_named(said, f"{MAIN} line "), said
    assert slipway.ssh(key, "id -un").stdout == "root\n"


def test_junk_in_the_main_file_costs_itself(slipway: Slipway, key: KeyPair) -> None:
    """
    The lines around it hold, and it is mended without a restart of the container.
    """
    slipway.exec("cp", "-p", MAIN, "/tmp/main")
    said = after(slipway, f"rm -rf {DROP_IN}; printf 'Foo bar\\nBanner /etc/motd\\n' >> {MAIN}")
    effective = "/usr/sbin/sshd -T -f /run/slipway/sshd/etc/ssh/sshd_config"
    banner = slipway.exec("sh", "-c", f"{effective} | grep ^banner").stdout
    mended = after(slipway, f"cp /tmp/main {MAIN}")

    assert is_named(said, f"{MAIN} line "), said
    assert banner == "banner /etc/motd\n"
    assert_well(mended)
    assert slipway.ssh(key, "id -un").stdout == "root\n"


def test_a_session_outlives_what_is_left_out_and_mended(slipway: Slipway, key: KeyPair) -> None:
    """
    It is the listener that is started anew.
    """
    script = (
        f"echo Foo > {DROP_IN}; slipway converge; rm {DROP_IN}; slipway converge; echo still here"
    )

    assert slipway.ssh(key, script).stdout.endswith("still here\n")


def test_after_a_hup_it_comes_back_and_what_is_mended_counts_at_once(
    slipway: Slipway, key: KeyPair
) -> None:
    """
    Sshd ends at that HUP; nobody has to converge.
    """
    slipway.wait_healthy()
    slipway.exec("sh", "-c", f"echo Foo > {DROP_IN}; kill -HUP $(cat /run/sshd.pid)")
    wait_until(lambda: f"{DROP_IN} line 1" in slipway.health().stdout, "it is named")
    slipway.wait_ssh(key)
    slipway.exec("rm", DROP_IN)
    slipway.wait_healthy()

    assert f"left out: {DROP_IN} line 1" in slipway.logs()
    assert slipway.ssh(key, "id -un").stdout == "root\n"
    assert slipway.exec("slipway", "check").code == 0


def test_a_start_with_all_of_it_ends_in_a_login(slipway: Slipway, key: KeyPair) -> None:
    """
    A file of each, before sshd has ever run in this start.
    """
    names = {}
    for number, (text, line) in enumerate(JUNK[name] for name in JUNK if "Include" not in name):
        place = f"{DROP_IN.removesuffix('.conf')}-{number}.conf"
        names[place] = f" line {line}" if line else ""
        slipway.exec("sh", "-c", f'printf "{_quoted(text)}" > {place}')
    slipway.exec("rm", "-rf", DROP_IN)  # of the row before
    slipway.container.restart(timeout=10)
    slipway.wait_ssh(key)
    slipway.wait_converged()
    health = slipway.health()
    logs = slipway.logs()
    slipway.exec("sh", "-c", f"rm {' '.join(names)}; slipway converge")

    assert health.code == 1
    missing = [place for place in names if place not in health.stdout]
    assert missing == [], health
    assert "Traceback" not in logs
    assert_well(after(slipway, ":"))


def _quoted(text: str) -> str:
    return text.replace('"', '\\"').replace("\n", "\\n")
