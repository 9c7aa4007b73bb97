"""
Host keys, what this sshd is able to do, and whether it runs with the files that are there.
"""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from slipway.facts.ssh import (
    Abilities,
    HostKeyIsInTheMaking,
    HostKeys,
    SessionRefusal,
    SshdAbilities,
    SshdIsStale,
    SshPortIsTaken,
    WeakModuli,
)
from slipway.ssh import inside
from slipway.system import locks
from tests.unit.facts.conftest import ask


def test_host_keys_count_in_pairs(tmp_path: Path) -> None:
    """
    A private part alone, a public one alone, an empty file or one with something else is none.
    """
    private = "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----\n"
    for name in ("ed25519_key", "rsa_key"):
        (tmp_path / f"ssh_host_{name}").write_text(private)
    for name in ("ed25519_key.pub", "ecdsa_key.pub", "dsa_key.pub", "old_key.pub", "cut_key.pub"):
        (tmp_path / f"ssh_host_{name}").write_text("x")
    (tmp_path / "ssh_host_dsa_key").touch()
    (tmp_path / "ssh_host_old_key").write_text("else\n")
    (tmp_path / "ssh_host_cut_key").write_text(private[:40])

    assert ask(HostKeys(), places={"/etc/ssh": tmp_path}) == {"ed25519"}
    assert ask(HostKeys(), places={"/etc/ssh": tmp_path / "gone"}) == set()


def test_a_host_key_is_in_the_making_while_its_lock_is_held(tmp_path: Path) -> None:
    """
    Without a lock file none is made for the question's sake; a holder that died holds nothing.
    """
    lock = tmp_path / "lock"
    places = {"/run/slipway/host-key.lock": lock}
    asked = [ask(HostKeyIsInTheMaking(), places=places)]
    was_made = lock.exists()
    with locks.hold(lock):
        asked.append(ask(HostKeyIsInTheMaking(), places=places))
    asked.append(ask(HostKeyIsInTheMaking(), places=places))

    assert (asked, was_made) == ([False, True, False], False)


@pytest.mark.skipif(shutil.which("ssh") is None, reason="no OpenSSH here")
def test_sshd_tells_what_it_knows(tmp_path: Path) -> None:
    """
    And os-release the distribution; one without a version, or none at all, costs nothing else.
    """
    release = tmp_path / "os-release"
    places = {"/etc/os-release": release}
    release.write_text("NAME='Debian GNU/Linux'\nID=debian\nVERSION_ID=\"12\"\n")
    stable = ask(SshdAbilities(), places=places)
    release.write_text("ID=debian\n")
    sid = ask(SshdAbilities(), places=places)
    release.unlink()
    none = ask(SshdAbilities(), places=places)

    assert [known.distribution for known in (stable, sid, none)] == ["debian-12", "debian", ""]
    assert all("curve25519-sha256" in known.key_exchanges for known in (stable, sid, none))
    assert all("" not in known.key_exchanges for known in (stable, sid, none))
    assert all(known.version >= (8, 9) for known in (stable, sid, none))


@pytest.mark.parametrize(
    ("line", "version"),
    [
        ("OpenSSH_8.9p1 Ubuntu-3ubuntu0.10, OpenSSL 3.0.2 15 Mar 2022", (8, 9)),
        ("OpenSSH_10.0p2 Debian-7, OpenSSL 3.5.1 1 Jul 2025", (10, 0)),
        ("Pragma_1.2", (0, 0)),
    ],
)
def test_sshd_tells_its_version(line: str, version: tuple[int, int]) -> None:
    """
    OpenSSH's own, whatever a distribution adds to it.
    """
    assert SshdAbilities().process(["ubuntu-22.04", "", line]).version == version


def test_without_openssh_no_key_exchange_is_known() -> None:
    """
    An image in its first operation, say.
    """
    assert SshdAbilities().process(["debian-12", ""]) == Abilities("debian-12", (0, 0), [])


@pytest.mark.parametrize(("size", "weak"), [(1023, True), (3070, True), (3071, False)])
def test_weak_moduli_are_seen(tmp_path: Path, size: int, weak: bool) -> None:  # noqa: FBT001
    """
    A modulus of n + 1 bits is written down as n; comments and a file that is gone are no moduli.
    """
    moduli = tmp_path / "moduli"
    places = {"/etc/ssh/moduli": moduli}
    gone = ask(WeakModuli(), places=places, bits=3072)
    moduli.write_text(f"# 2 6 100 1 2\n2026 2 6 100 4095 5 C3\n2026 2 6 100 {size} 5 C3\n")

    assert (gone, ask(WeakModuli(), places=places, bits=3072)) == (False, weak)


YEAR = 365 * 24 * 3600


@pytest.mark.parametrize(
    ("pid_age", "file_age", "stale"),
    [
        (YEAR, 0, True),  # a pid file from before the change
        (YEAR, 2 * YEAR, True),  # an old file moved into place just now
        (-YEAR, 0, True),  # a pid file from when the clock was wrong: sshd is asked to renew it
        (0, -YEAR, False),  # a file dated in the future, from before sshd
        (0, YEAR, False),
    ],
)
def test_sshd_is_stale_when_its_files_changed_after_it(
    tmp_path: Path,
    pid_age: int,
    file_age: int,
    stale: bool,  # noqa: FBT001
) -> None:
    """
    Whatever the files' dates say: they can be set, and the clock can have been wrong.

    + pid_age, file_age: how many seconds ago each is dated
    """
    configuration, pid = tmp_path / "etc/sshd_config.d/x.conf", tmp_path / "pid"
    configuration.parent.mkdir(parents=True)
    configuration.touch()
    places = {
        "/etc/ssh/": f"{tmp_path}/etc/",
        "/run/slipway/": f"{tmp_path}/",
        "/run/sshd.pid": pid,
    }
    without = ask(SshdIsStale(), places=places)
    now = time.time()
    os.utime(configuration, (now - file_age, now - file_age))
    pid.touch()
    started = max(now, configuration.stat().st_ctime, configuration.parent.stat().st_ctime) + 0.001
    os.utime(pid, (started - pid_age, started - pid_age))
    while time.time() <= started:
        pass

    assert (without, ask(SshdIsStale(), places=places)) == (False, stale)
    etc, own = tmp_path / "etc", [f"{tmp_path}/{name}" for name in ("sshd.conf", "ssh")]
    seen = [str(etc / "sshd_config"), str(etc / "sshd_config.d"), *own]
    assert bool(inside.newer(str(pid), seen, str(etc))) == stale
    assert inside.newer(str(tmp_path / "gone"), seen, str(etc)) == []


@pytest.mark.parametrize(
    ("change", "is_seen"),
    [
        (lambda etc: (etc / "sshd_config").write_text("x"), True),
        (lambda etc: (etc / "sshd_config.d/new.conf").touch(), True),
        (lambda etc: (etc / "sshd_config.d/old.conf").chmod(0o600), True),
        (lambda etc: (etc / "sshd_config.d/old.conf").unlink(), True),
        (lambda etc: (etc / "ssh_host_x_key").write_text("x"), True),
        (lambda etc: (etc / "ssh_host_x_key.pub").write_text("x"), False),
        (lambda etc: (etc / "ssh_host_y_key").write_text("x"), True),
        (lambda etc: (etc / "moduli").write_text("x"), False),
        (lambda etc: (etc / "target").write_text("y"), False),  # a link itself is as it was
    ],
)
def test_each_file_that_sshd_reads_is_looked_at(
    tmp_path: Path,
    change: Callable[[Path], object],
    is_seen: bool,  # noqa: FBT001
) -> None:
    """
    The same by a shell and by a process.
    """
    etc, pid = tmp_path / "etc", tmp_path / "pid"
    (etc / "sshd_config.d").mkdir(parents=True)
    for name in ("sshd_config", "sshd_config.d/old.conf", "ssh_host_x_key", "target"):
        (etc / name).touch()
    (etc / "sshd_config.d/link.conf").symlink_to(etc / "target")
    time.sleep(0.02)  # a file's time is that of the kernel's last tick
    pid.touch()
    time.sleep(0.02)
    change(etc)
    time.sleep(0.02)
    places = {"/etc/ssh/": f"{etc}/", "/run/slipway/": f"{tmp_path}/", "/run/sshd.pid": pid}
    seen = [str(etc / "sshd_config"), str(etc / "sshd_config.d"), str(tmp_path / "ssh")]

    assert ask(SshdIsStale(), places=places) == is_seen
    assert bool(inside.newer(str(pid), seen, str(etc))) == is_seen


@pytest.mark.parametrize(
    ("lines", "is_seen"),
    [
        ("HostKey {etc}/ssh_host_ed25519_key", False),
        ("HostKey {etc}/ssh_host_ed25519_key\nHostKey {etc}/ssh_host_ecdsa_key", True),
        ("HostKey {etc}/ssh_host_ed25519_key\n hostkey={etc}/ssh_host_ecdsa_key", True),
        ("# HostKey {etc}/ssh_host_ed25519_key", True),
        ("HostKeyAlgorithms ssh-ed25519", True),
    ],
)
def test_a_host_key_that_sshd_is_not_told_of_is_none_of_its(
    tmp_path: Path,
    lines: str,
    is_seen: bool,  # noqa: FBT001
) -> None:
    """
    `ssh-keygen -A` makes one, as a package's installation does.
    """
    etc, pid = tmp_path / "etc", tmp_path / "pid"
    (etc / "sshd_config.d").mkdir(parents=True)
    (etc / "sshd_config").touch()
    (etc / "sshd_config.d/own.conf").write_text(f"{lines.format(etc=etc)}\n")
    time.sleep(0.02)  # a file's time is that of the kernel's last tick
    pid.touch()
    time.sleep(0.02)
    (etc / "ssh_host_ecdsa_key").touch()
    time.sleep(0.02)
    places = {"/etc/ssh/": f"{etc}/", "/run/slipway/": f"{tmp_path}/", "/run/sshd.pid": pid}
    seen = [str(etc / "sshd_config"), str(etc / "sshd_config.d"), str(tmp_path / "ssh")]

    assert ask(SshdIsStale(), places=places) == is_seen
    assert bool(inside.newer(str(pid), seen, str(etc))) == is_seen


def test_host_keys_are_looked_at_behind_a_link(tmp_path: Path) -> None:
    """
    /etc/ssh may be one, and a shell's pattern follows it.
    """
    (tmp_path / "real").mkdir()
    (tmp_path / "etc").symlink_to("real")
    pid = tmp_path / "pid"
    pid.touch()
    time.sleep(0.02)  # a file's time is that of the kernel's last tick
    (tmp_path / "real/ssh_host_x_key").touch()
    time.sleep(0.02)
    etc = tmp_path / "etc"
    places = {"/etc/ssh/": f"{etc}/", "/run/slipway/": f"{tmp_path}/", "/run/sshd.pid": pid}

    assert ask(SshdIsStale(), places=places)
    assert inside.newer(str(pid), [], str(etc)) == [f"{etc}/ssh_host_x_key"]


@pytest.mark.parametrize(
    ("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::")]
)
def test_a_listener_takes_its_port(family: socket.AddressFamily, address: str) -> None:
    """
    In either family; a port that is only connected to is free.
    """
    try:
        listener = socket.socket(family)
        listener.bind((address, 0))
    except OSError:
        pytest.skip("no such family here")
    with listener, socket.socket(family) as client:
        port = listener.getsockname()[1]
        before = ask(SshPortIsTaken(), port=port)
        listener.listen()
        client.connect(("::1" if family == socket.AF_INET6 else address, port))
        listening = ask(SshPortIsTaken(), port=port)
        connected = ask(SshPortIsTaken(), port=client.getsockname()[1])

    assert (before, listening, connected) == (False, True, False)


@pytest.mark.parametrize(
    ("user", "said"),
    [
        ("nobody", "nobody can't log in: nobody's shell is "),
        ("no-such-user", "no-such-user can't log in: there is no user no-such-user (/etc/passwd)"),
        ("$(x) y", "$(x) y can't log in: there is no user $(x) y (/etc/passwd)"),
    ],
)
def test_who_is_refused_whatever_keys_he_has(user: str, said: str) -> None:
    """
    By his account at least, where no sshd can be asked.
    """
    assert ask(SessionRefusal(), user=user).startswith(said)


def test_of_several_reasons_the_first_is_told() -> None:
    assert SessionRefusal().process([]) == ""
    assert SessionRefusal().process(["one", "two"]) == "one"
