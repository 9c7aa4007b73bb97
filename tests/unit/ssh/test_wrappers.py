import pytest

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
