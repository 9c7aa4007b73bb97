"""
Clouds: found by their variables, and different in facts only.
"""

from __future__ import annotations

import pytest

from slipway import providers
from slipway.settings import load


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "docker"),
        ({"VAST_CONTAINERLABEL": "C.123", "CONTAINER_ID": "123"}, "vast.ai"),
        ({"RUNPOD_POD_ID": "abc", "RUNPOD_DC_ID": "EU"}, "RunPod"),
        ({"VAST_CONTAINERLABEL": "", "RUNPOD_POD_ID": ""}, "docker"),
        ({"CONTAINER_ID": "123"}, "docker"),
    ],
)
def test_where_we_are(environ: dict[str, str], expected: str) -> None:
    """
    A cloud is known by a variable that only it sets, and not by an empty one.
    """
    assert load(environ).settings.provider == expected


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        (
            {"VAST_CONTAINERLABEL": "C", "PUBLIC_IPADDR": "1.2.3.4", "VAST_TCP_PORT_22": "40022"},
            ("1.2.3.4", 40022),
        ),
        (
            {
                "RUNPOD_POD_ID": "x",
                "RUNPOD_PUBLIC_IP": "5.6.7.8",
                "RUNPOD_TCP_PORT_22": "10022",
            },
            ("5.6.7.8", 10022),
        ),
        ({"SLIPWAY_SSH_ADDRESS": "127.0.0.1:2222"}, ("127.0.0.1", 2222)),
        ({"SLIPWAY_SSH_ADDRESS": "[::1]:2222"}, ("[::1]", 2222)),
        ({"SLIPWAY_SSH_ADDRESS": "host:ssh"}, None),
        ({"VAST_CONTAINERLABEL": "C", "PUBLIC_IPADDR": "1.2.3.4"}, None),
        ({"RUNPOD_POD_ID": "x", "RUNPOD_PUBLIC_IP": "", "RUNPOD_TCP_PORT_22": "1"}, None),
        ({}, None),
    ],
)
def test_the_address_from_outside(
    environ: dict[str, str], expected: tuple[str, int] | None
) -> None:
    """
    What the cloud, or compose, says of port 22; nothing where it says nothing.
    """
    assert providers.detect(environ).ssh_address(environ) == expected


def test_a_key_tells_who_gave_it() -> None:
    """
    The cloud's own variable is named with the cloud, the user's without.
    """
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIYIQ5u1YIYoX6oXqZl5HC0kXqP7yKJEgWj2bcXWk1cJ"
    runpod = load({"RUNPOD_POD_ID": "x", "PUBLIC_KEY": key})

    assert runpod.sources["SSH_PUBKEY"] == "PUBLIC_KEY (RunPod)"
    assert load({"PUBLIC_KEY": key}).sources["SSH_PUBKEY"] == "PUBLIC_KEY"
