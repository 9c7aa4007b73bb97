from pathlib import Path

import pytest

from slipway.contract import paths
from slipway.ssh import wrappers

STRANGER = "203.0.113.7"


@pytest.mark.parametrize(
    ("allow", "deny", "expected"),
    [
        ("", "", ""),
        ("", "sshd: ALL\n", "/etc/hosts.deny line 1"),
        ("", "# sshd: ALL\n", ""),
        ("", "\nALL : ALL\n", "/etc/hosts.deny line 2"),
        ("", "in.ftpd: ALL\n", ""),
        ("", "sshd, in.ftpd: 203.0.113.\n", "/etc/hosts.deny line 1"),
        ("", "sshd: 10.\n", ""),
        ("", "sshd: 203.0.113.0/24\n", "/etc/hosts.deny line 1"),
        ("", "sshd: 203.0.113.0/255.255.255.0\n", "/etc/hosts.deny line 1"),
        ("", "sshd: ALL EXCEPT 203.0.113.7\n", ""),
        ("", "ALL EXCEPT sshd: ALL\n", ""),
        ("", "sshd: ALL EXCEPT 10.\n", "/etc/hosts.deny line 1"),
        ("", "sshd: 10. \\\n 203.0.113.7\n", "/etc/hosts.deny line 1"),
        ("", "sshd: ALL: allow\n", ""),
        ("sshd: ALL: deny\n", "", "/etc/hosts.allow line 1"),
        ("sshd: 203.\n", "ALL: ALL\n", ""),
        ("sshd: 10.\n", "ALL: ALL\n", "/etc/hosts.deny line 1"),
        ("", "sshd: [2001:db8::]/32\n", ""),
        ("", "sshd: LOCAL\n", ""),
    ],
)
def test_the_first_rule_that_fits_decides(allow: str, deny: str, expected: str) -> None:
    assert wrappers.denied(allow, deny, STRANGER) == expected


def test_an_address_of_ipv6_is_in_brackets() -> None:
    assert wrappers.denied("", "sshd: [2001:db8::]/32\n", "2001:db8::1")


@pytest.mark.parametrize(
    ("deny", "expected"),
    [
        ("sshd: 172.", [("172.", "172.1.1.1")]),
        ("sshd: ALL EXCEPT 10.0., 192.168.7.4", [("10.0.", "10.0.1.1"), ("192.168.7.4",) * 2]),
        ("sshd: 172.16.0.0/255.240.0.0", [("172.16.0.0/255.240.0.0", "172.16.0.0")]),
        ("sshd: 172.16.0.0/12", [("172.16.0.0/12", "172.16.0.0")]),
        ("sshd: [2001:db8::]/32", [("[2001:db8::]/32", "2001:db8::")]),
        ("ALL: 10.1.2.3", [("10.1.2.3", "10.1.2.3")]),
        ("in.ftpd: 172.", []),
        ("sshd: ALL", []),
        ("sshd: .example.com", []),
        ("# sshd: 172.", []),
    ],
)
def test_the_addresses_that_rules_tell_apart_are_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deny: str, expected: list[tuple[str, str]]
) -> None:
    """
    Where this sshd asks TCP wrappers at all.
    """
    for name, text in (("allow", ""), ("deny", deny)):
        monkeypatch.setattr(wrappers, name.upper(), str(tmp_path / name))
        (tmp_path / name).write_text(f"{text}\n")
    monkeypatch.setattr(paths, "SSHD", str(tmp_path / "sshd"))
    without = wrappers.addresses()
    (tmp_path / "sshd").write_bytes(wrappers.LIBRARY)

    assert without == []
    assert wrappers.addresses() == expected
