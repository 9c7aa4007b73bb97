"""
What stands against root's login is named by health and doctor, and a real login agrees.

Each row spoils something in one running container, tries, mends it and tries again. Rows with
capabilities, ports and keys have containers of their own.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from .conftest import READ_AGAIN, KeyPair, Slipway, wait_until

Start = Callable[..., Slipway]

DROP_IN = "/etc/ssh/sshd_config.d/00-a.conf"
OTHER_DROP_IN = "/etc/ssh/sshd_config.d/zz.conf"
PASSWD = "root:x:0:0:root:{home}:{shell}"


class Row(NamedTuple):
    """
    One thing that is wrong, or another's choice.
    """

    spoil: str
    mend: str
    words: str  # in health's line and doctor's
    opens: bool = False  # whether `ssh true` works from outside
    has_terminal: bool = False
    is_ill: bool = False
    tried: bool | None = False  # what doctor's own login comes to; None: either


def drop_in(text: str, words: str = "", path: str = DROP_IN, **expected: Any) -> Row:
    """
    Return a row with a drop-in; what names it has its path.
    """
    return Row(f"printf '{text}\\n' > {path}", f"rm {path}", words or path, **expected)


def passwd(*, program: str = "/bin/bash", home: str = "/root") -> str:
    """
    Return the command that gives root this line, with the shell `program`.
    """
    return f"sed -i 's,^root:.*,{PASSWD.format(home=home, shell=program)},' /etc/passwd"


def pam(line: str, words: str, **expected: Any) -> Row:
    """
    Return a row with a line before all others of sshd's PAM.
    """
    return Row(
        f"sed -i '1i {line}' /etc/pam.d/sshd", "sed -i 1d /etc/pam.d/sshd", words, **expected
    )


LINE_1 = f"({DROP_IN} line 1)"
LINE_2 = f"({DROP_IN} line 2)"
OPEN: dict[str, Any] = {"opens": True, "has_terminal": True, "tried": True}

ROWS = {
    # The configuration refuses
    "PermitRootLogin no": drop_in("PermitRootLogin no", f"PermitRootLogin no {LINE_1}"),
    "PermitRootLogin forced": drop_in("PermitRootLogin forced-commands-only", LINE_1, tried=None),
    "AllowUsers bob": drop_in("# x\nAllowUsers bob", f"AllowUsers bob {LINE_2}"),
    "AllowUsers, later": drop_in("AllowUsers bob alice", path=OTHER_DROP_IN),
    "DenyUsers root": drop_in("DenyUsers bob\nDenyUsers ro*", f"DenyUsers ro* {LINE_2}"),
    "AllowGroups bob": drop_in("AllowGroups bob", LINE_1),
    "DenyGroups root": drop_in("DenyGroups root", LINE_1),
    "Match User root": drop_in("Match User root\n PermitRootLogin no", LINE_2),
    "Match all": drop_in("Match all\n DenyUsers root", LINE_2),
    "PubkeyAuthentication no": drop_in("PubkeyAuthentication no", LINE_1),
    "AuthenticationMethods, password": drop_in(
        "AuthenticationMethods publickey,password\nPasswordAuthentication yes", LINE_1
    ),
    "AuthenticationMethods, twice": drop_in("AuthenticationMethods publickey,publickey", LINE_1),
    "AuthorizedKeysFile none": drop_in("AuthorizedKeysFile none", LINE_1),
    "AuthorizedKeysFile elsewhere": drop_in("AuthorizedKeysFile /etc/keys/%%u", LINE_1),
    "PubkeyAcceptedAlgorithms": drop_in("PubkeyAcceptedAlgorithms rsa-sha2-512", LINE_1),
    "RevokedKeys missing": drop_in("RevokedKeys /no/such", LINE_1),
    "RevokedKeys, all of them": Row(
        f"cp /root/.ssh/authorized_keys /etc/revoked; echo RevokedKeys /etc/revoked > {DROP_IN}",
        f"rm {DROP_IN} /etc/revoked",
        "RevokedKeys /etc/revoked has every key",
        tried=True,
    ),
    "RevokedKeys, a list": Row(
        "ssh-keygen -q -k -f /etc/revoked /root/.ssh/authorized_keys; "
        f"echo RevokedKeys /etc/revoked > {DROP_IN}",
        f"rm {DROP_IN} /etc/revoked",
        "RevokedKeys /etc/revoked has every key",
        tried=True,
    ),
    "MaxAuthTries 0": drop_in("MaxAuthTries 0", LINE_1),
    "MaxSessions 0": drop_in("MaxSessions 0", LINE_1),
    "PerSourceMaxStartups 0": drop_in("PerSourceMaxStartups 0", path=OTHER_DROP_IN),
    "ListenAddress": drop_in("ListenAddress 127.0.0.1", LINE_1, tried=True),
    "an Include of a user's": Row(
        f"echo DenyUsers root > /etc/ssh/more; echo Include more > {DROP_IN}",
        f"rm {DROP_IN} /etc/ssh/more",
        "DenyUsers root (/etc/ssh/more line 1)",
    ),
    # It limits
    "Match Address": drop_in(
        "Match Address 172.16.0.0/12\n PermitRootLogin no", "not from 172.16.0.0/12", tried=True
    ),
    "AllowUsers with an address": drop_in(
        "AllowUsers root@10.0.0.0/8", "root can log in from 10.0.0.0/8 alone"
    ),
    "ForceCommand": drop_in("ForceCommand /bin/false", "runs `/bin/false` alone"),
    "ChrootDirectory": drop_in("ChrootDirectory /var/empty", "see /var/empty alone"),
    "PermitTTY no": drop_in("PermitTTY no", LINE_1, opens=True),
    "PasswordAuthentication yes": drop_in(
        "PasswordAuthentication yes", f"PasswordAuthentication yes {LINE_1}", **OPEN
    ),
    "Match LocalAddress": drop_in(
        "Match LocalAddress *,!127.0.0.1\n DenyUsers root", LINE_2, tried=True
    ),
    # PAM, which no file tells all about
    "PAM, a rule for accounts": pam("account required pam_deny.so", "PAM refuses it (account)"),
    "PAM, a rule for sessions": pam(
        "session required pam_deny.so", "PAM refuses it (session)", is_ill=True
    ),
    "PAM, a module that is missing": pam(
        "account required pam_nope.so", "Module is unknown", is_ill=True
    ),
    "PAM, its files are missing": Row(
        "mv /etc/pam.d/common-account /tmp/o",
        "mv /tmp/o /etc/pam.d/common-account",
        "its files can't be read",
        is_ill=True,
    ),
    "PAM, no memory": Row(
        "echo 'root hard as 1000' > /etc/security/limits.d/o.conf",
        "rm /etc/security/limits.d/o.conf",
        "no room for a shell",
        is_ill=True,
    ),
    # The account
    "shell nologin": Row(passwd(program="/usr/sbin/nologin"), passwd(), "is /usr/sbin/nologin"),
    "shell false": Row(passwd(program="/bin/false"), passwd(), "root's shell is /bin/false"),
    "shell missing": Row(
        passwd(program="/bin/zsh"), passwd(), "/bin/zsh does not exist", is_ill=True
    ),
    "shell not executable": Row(
        f"touch /opt/sh; {passwd(program='/opt/sh')}", passwd(), "is not executable", is_ill=True
    ),
    "home elsewhere": Row(
        f"mkdir -p /h; {passwd(home='/h')}",
        passwd(),
        "sshd reads no key in this home",
        is_ill=True,
        tried=None,
    ),
    "locked, without PAM": Row(
        f"passwd -q -l root; echo UsePAM no > {DROP_IN}",
        f"usermod -p '*' root; rm {DROP_IN}",
        "root's account is locked",
    ),
    "expired": Row("chage -E 1 root", "chage -E -1 root", "account has expired (/etc/shadow)"),
    "password to be changed": Row(
        "chage -d 0 root", "chage -d 20000 root", "password has expired", tried=None
    ),
    "no line in shadow": Row(
        "cp -a /etc/shadow /etc/shadow.o; sed -i /^root/d /etc/shadow",
        "mv /etc/shadow.o /etc/shadow",
        "no line there",
        is_ill=True,
    ),
    "TCP wrappers": Row(
        "echo sshd: ALL > /etc/hosts.deny", "rm /etc/hosts.deny", "(/etc/hosts.deny line 1)"
    ),
    # Owners and modes
    "/root/.ssh 777": Row(
        "chmod 777 /root/.ssh", "chmod 700 /root/.ssh", "mode 777", is_ill=True, tried=True
    ),
    "authorized_keys of another": Row(
        "chown 1000 /root/.ssh/authorized_keys",
        "chown 0 /root/.ssh/authorized_keys",
        "belongs to user 1000",
        is_ill=True,
        tried=True,
    ),
    "/root of another": Row(
        "chown 1000 /root", "chown 0 /root", "/root belongs to user 1000", is_ill=True, tried=True
    ),
    "no key any more": Row(
        "mv /root/.ssh/authorized_keys /root/.ssh/k",
        "mv /root/.ssh/k /root/.ssh/authorized_keys",
        "no key is there",
        tried=True,
    ),
    "a directory for a file": Row(
        "mkdir /root/.ssh/authorized_keys_mount",
        "rmdir /root/.ssh/authorized_keys_mount",
        "/root/.ssh/authorized_keys_mount is a directory",
        **OPEN,
    ),
    # sshd goes on as it is, and would not start again
    "/run/sshd of another": Row(
        "chown 1000 /run/sshd",
        "chown 0 /run/sshd",
        "must be owned by root",
        is_ill=True,
        tried=None,
    ),
}

# What looks like an obstacle, and is none
HARMLESS = {
    "AllowUsers root": drop_in("AllowUsers bob root"),
    "AllowGroups root": drop_in("AllowGroups root"),
    "DenyUsers bob": drop_in("DenyUsers bob"),
    "Match User bob": drop_in("Match User bob\n PermitRootLogin no"),
    "a later line": drop_in("PermitRootLogin no", path=OTHER_DROP_IN),
    "a comment": drop_in("# PermitRootLogin no"),
    "AuthenticationMethods, either": drop_in(
        "AuthenticationMethods publickey,password publickey\nMaxAuthTries 9"
    ),
    "AuthorizedKeysFile in full": drop_in(
        "AuthorizedKeysFile /root/.ssh/authorized_keys /var/lib/slipway/authorized_keys"
    ),
    "UsePAM no": drop_in("UsePAM no"),
    "a PAM line that says nothing": pam("what is this line", ""),
    "a pid file elsewhere": drop_in("PidFile /tmp/pid"),
    "MaxAuthTries 1": drop_in("MaxAuthTries 1"),
    "ForceCommand for another": drop_in("Match User bob\n ForceCommand /bin/false"),
    "ChrootDirectory /": drop_in("ChrootDirectory /"),
    "locked, with PAM": Row("passwd -q -l root", "usermod -p '*' root", ""),
    "no shell named": Row(passwd(program=""), passwd(), ""),
    "/etc/nologin": Row("echo x > /etc/nologin", "rm /etc/nologin", ""),
    "wrappers for another": Row("echo in.ftpd: ALL > /etc/hosts.deny", "rm /etc/hosts.deny", ""),
    "wrappers with an exception": Row(
        "echo ALL: ALL > /etc/hosts.deny; echo sshd: ALL > /etc/hosts.allow",
        "rm /etc/hosts.deny /etc/hosts.allow",
        "",
    ),
    ".ssh 775": Row("chmod 775 /root/.ssh", "chmod 700 /root/.ssh", ""),
    "authorized_keys 644": Row(
        "chmod 644 /root/.ssh/authorized_keys", "chmod 600 /root/.ssh/authorized_keys", ""
    ),
    "StrictModes no": Row(
        f"echo StrictModes no > {DROP_IN}; chmod 777 /root/.ssh",
        f"rm {DROP_IN}; chmod 700 /root/.ssh",
        "",
    ),
}


def has_terminal(slipway: Slipway, key: KeyPair) -> bool:
    """
    Tell whether `ssh -tt` works from outside.
    """
    return slipway.ssh_with(["-tt"], key, "true").code == 0


def doctor(slipway: Slipway) -> dict[str, list[dict[str, Any]]]:
    """
    Return doctor's findings by feature.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for finding in slipway.as_json("slipway", "doctor", "--json"):
        found.setdefault(finding["feature"], []).append(finding)
    return found


def change(slipway: Slipway, script: str) -> None:
    """
    Run a script, and have sshd read its files again.
    """
    slipway.check_output("sh", "-c", f"{script}\n{READ_AGAIN} || true")


@pytest.mark.parametrize("name", ROWS)
def test_an_obstacle_is_named(slipway: Slipway, key: KeyPair, name: str) -> None:
    """
    By health with file and line, as a note where somebody may want it so; by doctor, too; and a
    real login ends as they say. Mended, all is well.
    """
    row = ROWS[name]
    try:
        change(slipway, row.spoil)
        opens = slipway.ssh(key, "true").code == 0
        terminal = has_terminal(slipway, key) if opens else False
        health, findings = slipway.health(), doctor(slipway)
        status = slipway.status()
    finally:
        change(slipway, row.mend)

    assert (opens, terminal) == (row.opens, row.has_terminal)
    assert row.words in health.stdout
    assert health.code == int(row.is_ill), health
    every = itertools.chain.from_iterable(findings.values())
    details = [each["detail"] for each in every if not each["works"]]
    assert any(row.words in detail for detail in details), findings
    assert row.words in status
    if row.tried is not None:
        assert findings["a login of its own"][0]["works"] is row.tried
    wait_until(lambda: slipway.health().stdout == "healthy\n", f"healthy: {slipway.health()}")
    assert slipway.ssh(key, "true").code == 0


@pytest.mark.parametrize("name", HARMLESS)
def test_what_stands_against_nobody_is_not_named(slipway: Slipway, key: KeyPair, name: str) -> None:
    """
    A login works, and health and doctor say no word.
    """
    row = HARMLESS[name]
    try:
        change(slipway, row.spoil)
        opens = slipway.ssh(key, "true").code == 0
        health, findings = slipway.health(), doctor(slipway)
    finally:
        change(slipway, row.mend)

    assert opens
    assert health.stdout == "healthy\n"
    assert findings["root can log in"][0]["works"]
    assert findings["a login of its own"][0]["works"], findings
    assert slipway.ssh(key, "true").code == 0


@pytest.mark.parametrize(
    "spoil",
    [
        "sed -i /^Include/d /etc/ssh/sshd_config",
        "sed -i s/^Include/#Include/ /etc/ssh/sshd_config",
        "sed -i 's,^Include.*,Include /etc/ssh/other.d/*.conf,' /etc/ssh/sshd_config",
        "printf 'UsePAM yes\\nSubsystem sftp internal-sftp\\n' > /etc/ssh/sshd_config",
    ],
)
def test_a_lost_include_is_drift(slipway: Slipway, key: KeyPair, spoil: str) -> None:
    """
    Without it none of our hardening holds: check says so, converge puts the line back.
    """
    change(slipway, f"cp -a /etc/ssh/sshd_config /root/kept; {spoil}")
    try:
        before = slipway.health(), slipway.exec("slipway", "check")
        slipway.converge()
        after = slipway.health(), slipway.exec("slipway", "check")
        effective = slipway.check_output("sshd", "-T")
    finally:
        change(slipway, "mv /root/kept /etc/ssh/sshd_config")

    assert "PasswordAuthentication yes" in before[0].stdout
    assert before[1].code == 2, before
    assert (after[0].stdout, after[1].code) == ("healthy\n", 0)
    assert "passwordauthentication no" in effective
    assert slipway.ssh(key, "true").code == 0


def test_all_that_is_wrong_is_said(slipway: Slipway) -> None:
    """
    Not the first thing alone.
    """
    change(slipway, f"echo PermitRootLogin no > {DROP_IN}; chmod 777 /root/.ssh")
    line = slipway.health().stdout
    broken = slipway.exec("sh", "-c", f"{passwd(program='/bin/zsh')}; slipway health").stdout
    change(slipway, f"rm {DROP_IN}; chmod 700 /root/.ssh; {passwd()}")

    assert "mode 777" in line
    assert "mode 777" in broken
    assert "/bin/zsh does not exist" in broken


def test_the_trial_leaves_nothing(slipway: Slipway) -> None:
    """
    Also when it is killed in the middle: neither its key pair nor a line that lets it in.
    """
    slipway.check_output("slipway", "doctor")
    keys = "/run/slipway-trial/keys/root"
    left = f"ls -A /run/slipway-trial/pair {keys} 2>/dev/null"
    # HEALTHCHECK may be at a trial of its own
    wait_until(lambda: slipway.exec("sh", "-c", left).stdout == "", "all is gone", 5)
    kill = (
        f"slipway doctor & until line=$(grep . {keys} 2>/dev/null); do "
        'kill -0 $! || exit 1; done; kill -9 $!; echo "$line"'
    )
    line = slipway.check_output("timeout", "20", "sh", "-c", kill)

    options = (
        r'restrict,pty,user-rc,command="/bin/true && exit 42",'
        r'from="127[\d.]+,127[\d.]+",expiry-time="\d{8}" '
    )
    assert re.match(options, line)
    wait_until(lambda: slipway.exec("sh", "-c", left).stdout == "", "all is gone")
    assert slipway.exec("slipway", "check").code == 0


@pytest.mark.parametrize(
    ("dropped", "opens", "terminal", "ill"),
    [
        (["SETUID"], False, False, True),
        (["SETGID"], False, False, True),
        (["SYS_CHROOT"], False, False, True),
        (["ALL"], False, False, True),
        (["AUDIT_WRITE"], True, False, False),
        (
            ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "SETPCAP"],
            True,
            True,
            None,
        ),
    ],
)
def test_a_missing_capability_is_named(  # noqa: PLR0913, PLR0917 - a row of the table
    start: Start,
    key: KeyPair,
    dropped: list[str],
    opens: bool,  # noqa: FBT001
    terminal: bool,  # noqa: FBT001
    ill: bool | None,  # noqa: FBT001
) -> None:
    """
    Without the one no session opens, without the other none has a terminal; the rest costs neither.
    """
    slipway = start(environment={"SSH_PUBKEY": key.public}, cap_drop=dropped)
    slipway.wait_converged()
    wait_until(lambda: " starting" not in slipway.status(), "it settles")
    health, findings = slipway.health(), doctor(slipway)

    assert (slipway.ssh(key, "true").code == 0) is opens
    assert has_terminal(slipway, key) is terminal
    assert findings["a login of its own"][0]["works"] is terminal
    if ill is None:
        assert health.stdout == "healthy\n"
    else:
        assert health.code == int(ill), health
        names = ["SETUID", "SETGID", "SYS_CHROOT"] if dropped == ["ALL"] else dropped
        assert all(name in health.stdout for name in names)
        assert all(name in slipway.logs() for name in names)


def test_a_port_that_may_not_be_used_is_named(start: Start, key: KeyPair) -> None:
    """
    As podman has it.
    """
    slipway = start(
        environment={"SSH_PUBKEY": key.public},
        cap_drop=["NET_BIND_SERVICE"],
        sysctls={"net.ipv4.ip_unprivileged_port_start": "1024"},
    )
    slipway.wait_converged()

    wait_until(lambda: "NET_BIND_SERVICE" in slipway.health().stdout, "named")
    assert slipway.health().code == 1


def test_another_port_works_everywhere(start: Start, key: KeyPair, tmp_path: Path) -> None:
    """
    Health asks there, status says it, and nothing believes in 22.
    """
    port = tmp_path / "00-a.conf"
    port.write_text("Port 2222\n")
    slipway = start(
        environment={"SSH_PUBKEY": key.public},
        volumes={str(port): {"bind": DROP_IN, "mode": "ro"}},
        ports={"22/tcp": ("127.0.0.1", None), "2222/tcp": ("127.0.0.1", None)},
    )
    slipway.wait_converged()
    wait_until(lambda: slipway.ssh_with([], key, "true", port=2222).code == 0, "a login")

    assert slipway.health().stdout == "healthy\n"
    assert "ssh port 2222 of the container" in slipway.status()
    assert doctor(slipway)["a login of its own"][0]["works"]
    slipway.check_output("kill", "-STOP", slipway.check_output("cat", "/run/sshd.pid").strip())
    assert slipway.health().stdout == "unhealthy: sshd does not answer on port 2222\n"


def test_no_key_is_said_with_what_to_do(start: Start, key: KeyPair) -> None:
    """
    In log, status and health's note; gone as soon as there is one.
    """
    slipway = start()
    slipway.wait_converged()
    health = slipway.health()

    assert health.code == 0
    for text in (health.stdout, slipway.logs(), slipway.status()):
        assert "root can't log in: no key is there: give one in SSH_PUBKEY" in text
    script = f"mkdir -p -m 700 /root/.ssh; echo '{key.public}' > /root/.ssh/authorized_keys"
    slipway.check_output("sh", "-c", script)
    slipway.wait_ssh(key)
    wait_until(lambda: slipway.health().stdout == "healthy\n", "no note")


def test_an_authority_counts_as_a_key(
    start: Start, key: KeyPair, make_key: Callable[..., KeyPair], tmp_path: Path
) -> None:
    """
    Sshd starts for it, and health has nothing to note.
    """
    authority = tmp_path / "ca.pub"
    authority.write_text(f"{make_key(comment='ca').public}\n")
    line = tmp_path / "ca.conf"
    line.write_text("TrustedUserCAKeys /etc/ssh/ca.pub\n")
    slipway = start(
        volumes={
            str(authority): {"bind": "/etc/ssh/ca.pub", "mode": "ro"},
            str(line): {"bind": OTHER_DROP_IN, "mode": "ro"},
        }
    )
    slipway.wait_converged()

    wait_until(lambda: "● sshd" in slipway.status(), "it runs")
    assert slipway.health().stdout == "healthy\n"


def test_another_main_process_gets_no_zombies(start: Start, key: KeyPair) -> None:
    """
    Before, health says what to do; afterwards its questions leave nothing behind.
    """
    slipway = start("600", entrypoint="sleep", environment={"SSH_PUBKEY": key.public})
    assert "run `slipway start`" in slipway.health().stdout
    slipway.check_output("slipway", "start")
    slipway.wait_healthy()
    for _ in range(12):
        slipway.health()
    states = "grep -l '^State:.Z' /proc/[0-9]*/status | xargs -r grep -h ^Name:; true"

    def zombies() -> str:
        return slipway.check_output("sh", "-c", states)

    wait_until(lambda: "sshd" not in zombies(), f"no zombies: {zombies()}", 5)
