"""
The uplink's packet size, and free ports.
"""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from engine.network import default_interface, is_free, next_free, uplink_mtu

HEAD = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
LAN = "eth1\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
DEFAULT = "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
HALF = "tun0\t00000000\t010200C0\t0003\t0\t0\t0\t00000080\t0\t0\t0\n"
IPV6 = f"{'0' * 32} 00 {'0' * 32} 00 {'fe80' + '0' * 28} 00000400 00000001 00000000 00000003 "


def _host(folder: Path, *, route: str = "", route6: str = "", mtu: dict[str, int]) -> None:
    (folder / "route").write_text(HEAD + route)
    (folder / "ipv6_route").write_text(route6)
    for interface, size in mtu.items():
        (folder / interface).mkdir()
        (folder / interface / "mtu").write_text(f"{size}\n")


def test_the_default_routes_interface_counts(tmp_path: Path) -> None:
    """
    Not the first interface, nor one with half the addresses.
    """
    _host(tmp_path, route=LAN + HALF + DEFAULT, mtu={"eth0": 1400, "eth1": 9000, "tun0": 1280})

    assert default_interface(tmp_path) == "eth0"
    assert uplink_mtu(tmp_path, tmp_path) == 1400


def test_a_host_with_ipv6_only(tmp_path: Path) -> None:
    """
    Its default route is in the other table; the loopback's doesn't count.
    """
    _host(tmp_path, route6=f"{IPV6}lo\n{IPV6}eth0\n", mtu={"eth0": 1280})

    assert uplink_mtu(tmp_path, tmp_path) == 1280


@pytest.mark.parametrize("size", [1500, 9000, 65536])
def test_never_more_than_ethernets(tmp_path: Path, size: int) -> None:
    """
    What lies beyond the uplink takes no jumbo frames.
    """
    _host(tmp_path, route=DEFAULT, mtu={"eth0": size})

    assert uplink_mtu(tmp_path, tmp_path) == 1500


def test_no_network_at_all(tmp_path: Path) -> None:
    """
    Ethernet's size, as the engine's own default.
    """
    assert uplink_mtu(tmp_path, tmp_path) == 1500


def test_a_taken_port_is_passed_over() -> None:
    """
    The next one that is free is found, on the same address.
    """
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]

        assert not is_free("127.0.0.1", port)
        assert next_free("127.0.0.1", port) > port
    assert next_free("127.0.0.1", port) == port


def test_an_address_of_another_machine_is_not_ours_to_judge() -> None:
    """
    The engine may be elsewhere: only "in use" means taken.
    """
    assert is_free("192.0.2.1", 2222)


@pytest.mark.parametrize(("platform", "free"), [("linux", True), ("darwin", False)])
def test_a_port_whose_last_connection_lingers(
    monkeypatch: pytest.MonkeyPatch, platform: str, *, free: bool
) -> None:
    """
    The engine takes it; on macOS the option for that would have a port in use look free.
    """
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as caller:
            listener.accept()[0].close()  # the side that closes first is the one that lingers
            assert caller.recv(1) == b""
    monkeypatch.setattr("sys.platform", platform)

    assert is_free("127.0.0.1", port) == free
