"""
sshd's files in sshd's order.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway.contract import paths
from slipway.ssh import configuration
from slipway.ssh.configuration import Written
from slipway.ssh.patterns import Connection

ROOT = Connection("root", ("root",), "203.0.113.7", 22)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """
    Have sshd's files in a directory of their own.
    """
    monkeypatch.setattr(paths, "SSH", tmp_path)
    (tmp_path / "sshd_config.d").mkdir()
    return tmp_path


def written(place: Path, main: str, **files: str) -> Written:
    """
    Read these files.
    """
    (place / "sshd_config").write_text(main)
    for name, text in files.items():
        (place / f"sshd_config.d/{name}.conf").write_text(text)
    return configuration.read(str(place / "sshd_config"))


INCLUDE = "Include sshd_config.d/*.conf\n"

# The main file, its drop-ins, and where PermitRootLogin comes from
TABLE: list[tuple[str, dict[str, str], str]] = [
    ("PermitRootLogin no\n", {}, "sshd_config line 1"),
    ("# PermitRootLogin no\n\n\tpermitrootlogin=no\n", {}, "sshd_config line 3"),
    ('PermitRootLogin "no"\n', {}, "sshd_config line 1"),
    ("PermitRootLogin no\r\n", {}, "sshd_config line 1"),
    (INCLUDE + "PermitRootLogin no\n", {"a": "PermitRootLogin yes\n"}, "a.conf line 1"),
    ("PermitRootLogin no\n" + INCLUDE, {"a": "PermitRootLogin yes\n"}, "sshd_config line 1"),
    (INCLUDE, {"b": "PermitRootLogin no\n", "a": "\nPermitRootLogin no\n"}, "a.conf line 2"),
    (INCLUDE, {".hidden": "PermitRootLogin no\n"}, ""),
    ("Match User bob\nPermitRootLogin no\n", {}, ""),
    ("Match User root\nPermitRootLogin no\n", {}, "sshd_config line 2"),
    ("Match User bob,root\nPermitRootLogin no\n", {}, "sshd_config line 2"),
    ("Match User *,!root\nPermitRootLogin no\n", {}, ""),
    ("Match Address 10.0.0.0/8\nPermitRootLogin no\n", {}, ""),
    ("Match Address 203.0.113.0/24 User root\nPermitRootLogin no\n", {}, "sshd_config line 2"),
    ("Match Group root\nPermitRootLogin no\n", {}, "sshd_config line 2"),
    ("Match LocalPort 2222\nPermitRootLogin no\n", {}, ""),
    ("Match User=root\nPermitRootLogin no\n", {}, "sshd_config line 2"),
    ("Match invalid-user\nPermitRootLogin no\n", {}, ""),
    ("Match User bob\nMatch all\nPermitRootLogin no\n", {}, "sshd_config line 3"),
    # what a Match says overrules what is said for all, wherever that stands
    (
        INCLUDE,
        {
            "00-slipway": "PermitRootLogin prohibit-password\n",
            "90-own": "Match User bob\n X11Forwarding no\nMatch User root\n PermitRootLogin no\n",
        },
        "90-own.conf line 4",
    ),
    ("Match User root\nPermitRootLogin no\nMatch all\nPermitRootLogin yes\n", {}, "line 2"),
    ("PermitRootLogin no\nMatch User bob\nPermitRootLogin yes\n", {}, "sshd_config line 1"),
    # a Match ends with the file that it is in
    (INCLUDE + "PermitRootLogin no\n", {"a": "Match User bob\n"}, "sshd_config line 2"),
    ("Match User bob\n" + INCLUDE, {"a": "PermitRootLogin no\n"}, ""),
]


@pytest.mark.parametrize(("main", "files", "expected"), TABLE)
def test_the_first_line_that_applies_decides(
    place: Path, main: str, files: dict[str, str], expected: str
) -> None:
    line = written(place, main, **files).first("PermitRootLogin", ROOT)

    assert (line.place if line else "").endswith(expected)
    assert bool(line) is bool(expected)


def test_includes_within_includes_end_somewhere(place: Path) -> None:
    """
    One that includes itself, too.
    """
    assert written(place, "Include sshd_config\nPort 7\n").ports[0] == 7


def test_the_file_that_sshd_is_run_with_counts(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Where /etc/ssh can't be used sshd has a place of ours.
    """
    (place / "other").write_text("Port 7\n")
    (place / "sshd_config").write_text("Port 8\n")
    monkeypatch.setattr(paths, "SSHD_CONFIG", place / "sshd_config")
    monkeypatch.setattr(paths, "SSHD_OPTIONS", place / "options")
    usual = configuration.read().ports
    (place / "options").write_text(f"-f {place}/other\n")

    assert (usual, configuration.read().ports) == ([8], [7])
    assert configuration.options() == ["-f", f"{place}/other"]


@pytest.mark.parametrize(
    ("main", "ports"),
    [
        ("", [22]),
        ("Port 2222\n", [2222]),
        ("Port 22\nPort 2222 # too\n", [22, 2222]),
        ("Port x\n", [22]),
        ("Match User root\nPort 2222\n", [22]),
    ],
)
def test_ports_add_up(place: Path, main: str, ports: list[int]) -> None:
    assert written(place, main).ports == ports


def test_addresses_that_make_a_difference_are_collected(place: Path) -> None:
    main = (
        "AllowUsers bob root@10.0.0.0/8\nMatch Address !10.1.0.0/16,172.*\n"
        "PermitRootLogin no\nMatch User bob\n"
    )

    assert written(place, main).addresses == ["10.0.0.0/8", "10.1.0.0/16", "172.*"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Include /etc/ssh/sshd_config.d/*.conf\n", True),
        ("include sshd_config.d/*\n", True),
        ("Port 22\nInclude /x /etc/ssh/sshd_config.d/*.conf\n", True),
        ("#Include /etc/ssh/sshd_config.d/*.conf\n", False),
        ("Include /etc/ssh/other.d/*.conf\n", False),
        ("Include /etc/ssh/sshd_config.d/10-*.conf\n", False),
        ("Match User bob\nInclude /etc/ssh/sshd_config.d/*.conf\n", False),
        ("", False),
    ],
)
def test_an_include_counts_that_names_the_file_for_everybody(
    text: str,
    expected: bool,  # noqa: FBT001
) -> None:
    assert configuration.includes(text, "/etc/ssh/sshd_config.d/00-slipway.conf") is expected


@pytest.mark.parametrize(
    ("lines", "ports"),
    [
        ("", [22]),
        ("Port 2222\nPort 22\n", [2222, 22]),
        ("Port 00022\n", [22]),
        ("Port ssh\n", [22]),
        ("Port 65535\n", [65535]),
        ("Port 0\n", [22]),
        ("Port 65536\nPort 2222\n", [2222]),
        ("Port 99999\n", [22]),
        (f"Port {'9' * 5000}\n", [22]),
        (f"Port {'0' * 5000}80\n", [80]),
        ("Port -1\n", [22]),
        ("Port \u00b2\n", [22]),
        ("Port nobody-has-this\n", [22]),
        ('Port ""\n', [22]),
    ],
)
def test_a_port_is_what_sshd_takes_for_one(place: Path, lines: str, ports: list[int]) -> None:
    """
    A number of at most 65535, or a service's name (misc.c's a2port).
    """
    assert written(place, lines).ports == ports
