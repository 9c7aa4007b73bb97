"""
What a process sees of sshd's surroundings is what the shell's command sees.
"""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

import pytest

from slipway.facts.ssh import HostKeys, SshdAbilities, SshPortIsTaken, WeakModuli
from slipway.ssh import inside
from tests.unit.facts.conftest import ask

PRIVATE = "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----\n"
KEYS = {
    "whole": PRIVATE,
    "blank lines around it": f"\n\n{PRIVATE}\n",
    "another form": "-----BEGIN RSA PRIVATE KEY-----\nx\n-----END RSA PRIVATE KEY-----\n",
    "one line": "-----BEGIN x-----END y\n",
    "cut off": PRIVATE[:40],
    "cut off after a line": PRIVATE.split("\n", 1)[0] + "\n",
    "no newline at the end": PRIVATE.removesuffix("\n"),
    "no newline at the end of one line": "-----BEGIN x-----END y",
    "something before it": f"x\n{PRIVATE}",
    "something after it": f"{PRIVATE}x\n",
    "spaces before it": f"  {PRIVATE}",
    "the end alone": "-----END OPENSSH PRIVATE KEY-----\n",
    "not text": "\x01\x7f\n",
    "empty": "",
    "newlines": "\n\n",
}


@pytest.mark.parametrize("case", KEYS)
def test_a_host_key_is_whole_or_none(tmp_path: Path, case: str) -> None:
    """
    By its first and its last line.
    """
    (tmp_path / "ssh_host_a*b_key").write_text(KEYS[case])
    (tmp_path / "ssh_host_a*b_key.pub").write_text("x")
    seen = ask(HostKeys(), places={"/etc/ssh": tmp_path})

    assert HostKeys().process(inside.host_keys(str(tmp_path))) == seen


def test_a_host_key_has_two_files(tmp_path: Path) -> None:
    """
    Files: not directories, not what leads nowhere.
    """
    for name in ("good", "linked", "lonely", "empty", "folder", "gone"):
        (tmp_path / f"ssh_host_{name}_key").write_text(PRIVATE)
        (tmp_path / f"ssh_host_{name}_key.pub").write_text("x")
    (tmp_path / "ssh_host_lonely_key.pub").unlink()
    (tmp_path / "ssh_host_empty_key.pub").write_text("")
    for name, target in (("linked", "ssh_host_good_key"), ("gone", "nowhere")):
        (tmp_path / f"ssh_host_{name}_key").unlink()
        (tmp_path / f"ssh_host_{name}_key").symlink_to(target)
    (tmp_path / "ssh_host_folder_key").unlink()
    (tmp_path / "ssh_host_folder_key").mkdir()
    seen = ask(HostKeys(), places={"/etc/ssh": tmp_path})

    assert seen == {"good", "linked"} == HostKeys().process(inside.host_keys(str(tmp_path)))
    assert inside.host_keys(str(tmp_path / "gone")) == []


@pytest.mark.parametrize(
    "text",
    [
        "# 2 6 100 1 2\n2026 2 6 100 4095 5 C3\n",
        "2026 2 6 100 1023 5 C3\n",
        "2026 2 6 100 3070 5 C3",
        "2026 2 6 100 3071 5 C3\n",
        " # 2 6 100 1 2\n",
        "2026\t2\t6  100\t2047 5 C3\n",
        "2026 2 6 100 03071 5 C3\n",
        "2026 2 6 100 many 5 C3\n",
        "2026 2 6\n",
        "\n",
        "",
        "2026 2 6 100 4095 5 C3\n\n",
    ],
)
def test_weak_moduli_are_seen_by_both(tmp_path: Path, text: str) -> None:
    """
    Comments count as none, and a line without a size as weak.
    """
    moduli = tmp_path / "moduli"
    moduli.write_text(text)

    weak = ask(WeakModuli(), places={"/etc/ssh/moduli": moduli}, bits=3072)
    assert inside.has_weak_moduli(str(moduli), 3072) == weak


@pytest.mark.skipif(shutil.which("ssh") is None, reason="no OpenSSH here")
@pytest.mark.parametrize(
    "text",
    [
        "NAME='Debian GNU/Linux'\nID=debian\nVERSION_ID=\"12\"\n",
        "ID=ubuntu\nVERSION_ID='22.04'\nID_LIKE=debian\n",
        "ID=debian\n",
        "VERSION_ID=\nID=\n",
        "ID=a\nID=b\n",
        "# ID=c\n\nVERSION_ID=1\n",
        'ID="a b"\n',
        "",
    ],
)
def test_a_distribution_has_one_name(tmp_path: Path, text: str) -> None:
    """
    As a shell reads os-release.
    """
    release = tmp_path / "os-release"
    release.write_text(text)
    seen = ask(SshdAbilities(), places={"/etc/os-release": release})
    printed = inside.abilities(str(release)).decode().splitlines()

    assert SshdAbilities().process(printed) == seen


@pytest.mark.parametrize(
    ("family", "address"),
    [
        (socket.AF_INET, "127.0.0.1"),
        (socket.AF_INET, ""),
        (socket.AF_INET6, "::1"),
        (socket.AF_INET6, "::"),
    ],
)
def test_a_listener_is_found_by_its_port(family: socket.AddressFamily, address: str) -> None:
    """
    Wherever it listens. One that has only bound, and what is left of a connection, are none.
    """
    with socket.create_server(
        (address, 0), family=family, dualstack_ipv6=address == "::"
    ) as server:
        port = server.getsockname()[1]
        assert len(inside.listeners(port)) == 1
        assert ask(SshPortIsTaken(), port=port)
        with socket.create_connection((address or "127.0.0.1", port)), server.accept()[0] as ours:
            ours.close()  # first, so that the port is left in TIME_WAIT
    assert inside.listeners(port) == []
    with socket.socket(family) as bound:
        bound.bind((address, 0))
        assert inside.listeners(bound.getsockname()[1]) == []


@pytest.mark.parametrize("port", [0, 65535, 65536, 99999, 2**31, 2**64, -1])
def test_nobody_listens_on_what_is_no_port(port: int) -> None:
    """
    What sshd's configuration says may be any number.
    """
    assert inside.listeners(port) == []
    assert not ask(SshPortIsTaken(), port=port)
