import errno

import pytest

from slipway.ssh import capabilities

DOCKERS = 0xA80425FB


def without(*names: str) -> int:
    """
    Return Docker's default mask without some.
    """
    held = DOCKERS
    for name in names:
        held &= ~(1 << capabilities.NUMBERS[name])
    return held


@pytest.mark.parametrize(
    ("held", "session", "terminal"),
    [
        (DOCKERS, [], []),
        (0, ["SETGID", "SETUID", "SYS_CHROOT"], ["AUDIT_WRITE"]),
        (capabilities.ALL, [], []),
        (without("SETUID"), ["SETUID"], []),
        (without("SETGID"), ["SETGID"], []),
        (without("SYS_CHROOT"), ["SYS_CHROOT"], []),
        (without("AUDIT_WRITE"), [], ["AUDIT_WRITE"]),
        (without("NET_BIND_SERVICE"), [], []),
        (0x1FFFFFFFFFF, [], []),
    ],
)
def test_what_a_mask_lacks(held: int, session: list[str], terminal: list[str]) -> None:
    assert capabilities.missing(held, capabilities.SESSION) == session
    assert capabilities.missing(held, capabilities.TERMINAL) == terminal


@pytest.mark.parametrize(
    ("held", "ports", "first_free", "closed"),
    [
        (DOCKERS, [22], 1024, []),
        (without("NET_BIND_SERVICE"), [22], 0, []),
        (without("NET_BIND_SERVICE"), [22], 1024, [22]),
        (without("NET_BIND_SERVICE"), [22, 2222], 1024, [22]),
        (without("NET_BIND_SERVICE"), [2222], 1024, []),
    ],
)
def test_which_ports_can_not_be_listened_on(
    held: int, ports: list[int], first_free: int, closed: list[int]
) -> None:
    assert capabilities.unbindable(held, ports, first_free) == closed


@pytest.mark.parametrize(
    ("status", "held"),
    [
        ("Name:\tsshd\nCapEff:\t00000000a80425fb\n", DOCKERS),
        ("CapEff:\t0000000000000000\n", 0),
        ("", capabilities.ALL),
    ],
)
def test_the_mask_is_what_the_kernel_says(status: str, held: int) -> None:
    assert capabilities.mask(status) == held


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (None, True),
        (errno.EINVAL, False),  # podman's seccomp profile, without AUDIT_WRITE
        (errno.EPROTONOSUPPORT, False),  # a kernel without audit
        (errno.EAFNOSUPPORT, False),  # gVisor
        (errno.EPERM, True),
        (errno.EMFILE, True),
    ],
)
def test_whether_sshd_finds_an_audit(
    monkeypatch: pytest.MonkeyPatch, answer: int | None, *, expected: bool
) -> None:
    """
    What sshd takes for a kernel without one costs no terminal.
    """

    class Answer:
        def __init__(self, *words: int) -> None:
            assert words[2] == 9
            if answer is not None:
                raise OSError(answer, "")

        def close(self) -> None:
            pass

    monkeypatch.setattr("socket.socket", Answer)

    assert capabilities.is_audited() is expected
