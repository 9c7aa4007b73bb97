import pytest

from slipway.ssh.patterns import Connection, an_address, in_network, listed, matches, names_user

ROOT = Connection("root", ("root", "adm"), "203.0.113.7", 22)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("root", "root", True),
        ("ro*", "root", True),
        ("r??t", "root", True),
        ("*", "root", True),
        ("r.*", "root", False),
        ("roo", "root", False),
        ("Root", "root", False),
    ],
)
def test_only_star_and_question_mark_are_special(
    pattern: str,
    text: str,
    expected: bool,  # noqa: FBT001
) -> None:
    assert matches(pattern, text) is expected


@pytest.mark.parametrize(
    ("patterns", "text", "expected"),
    [
        ("a,root", "root", True),
        ("*,!root", "root", False),
        ("!root,*", "root", False),
        ("!bob,*", "root", True),
        ("!bob", "root", False),
        ("", "root", False),
        ("10.0.0.0/8,192.168.0.0/16", "10.1.2.3", True),
        ("!10.0.0.0/8,*", "10.1.2.3", False),
        ("10.*", "10.1.2.3", True),
    ],
)
def test_an_exclusion_wins_wherever_it_stands(
    patterns: str,
    text: str,
    expected: bool,  # noqa: FBT001
) -> None:
    assert listed(patterns, [text]) is expected


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("root", True),
        ("bob", False),
        ("r*", True),
        ("root@203.0.113.*", True),
        ("root@203.0.113.0/24", True),
        ("root@10.0.0.0/8", False),
        ("*@203.0.113.7", True),
        ("bob@203.0.113.7", False),
    ],
)
def test_an_entry_may_name_a_place(entry: str, expected: bool) -> None:  # noqa: FBT001
    assert names_user(entry, ROOT) is expected


@pytest.mark.parametrize(
    ("network", "address", "expected"),
    [
        ("10.0.0.0/8", "10.9.9.9", True),
        ("10.0.0.0/8", "11.0.0.0", False),
        ("0.0.0.0/0", "1.2.3.4", True),
        ("203.0.113.7/32", "203.0.113.7", True),
        ("10.0.0.0/8", "::ffff:10.1.1.1", True),
        ("2001:db8::/32", "2001:db8::1", True),
        ("2001:db8::/32", "10.0.0.1", False),
        ("10.0.0.0/x", "10.0.0.1", False),
        ("10.0.0.0/99", "10.0.0.1", False),
        ("host/8", "10.0.0.1", False),
    ],
)
def test_a_network_holds_its_addresses(
    network: str,
    address: str,
    expected: bool,  # noqa: FBT001
) -> None:
    assert in_network(network, address) is expected


@pytest.mark.parametrize(
    ("pattern", "address"),
    [
        ("10.0.0.0/8", "10.0.0.0"),
        ("172.*", "172.1.1.1"),
        ("192.168.1.?", "192.168.1.1"),
        ("2001:db8::/32", "2001:db8::"),
        ("*.example.org", ""),
    ],
)
def test_some_address_of_a_pattern_is_tried(pattern: str, address: str) -> None:
    assert an_address(pattern) == address
