"""
Providers: what differs between clouds.
"""

from __future__ import annotations

import pytest

from slipway.settings import providers
from slipway.settings.providers import DOCKER, KUBERNETES, PODMAN, RUNPOD, VAST, Provider

ON_VAST = {
    "VAST_CONTAINERLABEL": "C.7",
    "PUBLIC_IPADDR": "203.0.113.7",
    "VAST_TCP_PORT_22": "40022",
}
ON_RUNPOD = {"RUNPOD_POD_ID": "x", "RUNPOD_PUBLIC_IP": "203.0.113.8", "RUNPOD_TCP_PORT_22": "10022"}


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, DOCKER),
        (ON_VAST, VAST),
        ({"VAST_TCP_PORT_70000": "70000"}, VAST),
        (ON_RUNPOD, RUNPOD),
        ({"RUNPOD_DC_ID": "EU-1"}, RUNPOD),
        ({"RUNPOD_POD_ID": ""}, DOCKER),
        ({"RUNPOD_API_KEY": "key"}, DOCKER),
        ({"CONTAINER_ID": "7", "PUBLIC_IPADDR": "203.0.113.7"}, DOCKER),
        ({"PUBLIC_KEY": "null", "GPU_COUNT": "1"}, DOCKER),
        ({"container": "podman"}, PODMAN),
        ({"container": "oci"}, DOCKER),
        ({"container_name": "podman"}, DOCKER),
        ({"KUBERNETES_SERVICE_HOST": "10.96.0.1"}, KUBERNETES),
        ({"KUBERNETES_SERVICE_HOST": ""}, DOCKER),
        ({"KUBERNETES_SERVICE_HOST": "10.96.0.1", "container": "podman"}, KUBERNETES),
        ({"KUBERNETES_SERVICE_HOST": "10.96.0.1", **ON_RUNPOD}, RUNPOD),
        ({"container": "podman", **ON_VAST}, VAST),
    ],
)
def test_each_cloud_is_known_by_its_own_variables(
    environ: dict[str, str], expected: Provider
) -> None:
    """
    Not by those that people set at home, or that are there and empty.
    """
    assert providers.detect(environ) == expected


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        (ON_VAST, ("203.0.113.7", 40022)),
        (ON_RUNPOD, ("203.0.113.8", 10022)),
        ({**ON_VAST, "PUBLIC_IPADDR": "203.0.113.7\n"}, ("203.0.113.7", 40022)),
        ({**ON_VAST, "PUBLIC_IPADDR": "2001:db8::1"}, ("2001:db8::1", 40022)),
        ({**ON_VAST, "PUBLIC_IPADDR": ""}, None),
        ({**ON_VAST, "VAST_TCP_PORT_22": "none"}, None),
        ({**ON_VAST, "VAST_TCP_PORT_22": "٢٢"}, None),
        ({**ON_VAST, "VAST_TCP_PORT_22": "65536"}, None),
        ({**ON_VAST, "PUBLIC_IPADDR": "-oProxyCommand=x"}, None),
        ({**ON_VAST, "PUBLIC_IPADDR": "h;reboot"}, None),
        ({**ON_VAST, "SLIPWAY_SSH_ADDRESS": "gate.example:2200"}, ("gate.example", 2200)),
        ({"SLIPWAY_SSH_ADDRESS": "127.0.0.1:2222"}, ("127.0.0.1", 2222)),
        ({"SLIPWAY_SSH_ADDRESS": "[::1]:2222"}, ("::1", 2222)),
        ({"SLIPWAY_SSH_ADDRESS": "nonsense"}, None),
        ({}, None),
    ],
)
def test_the_address_that_reaches_ssh_from_outside(
    environ: dict[str, str], expected: tuple[str, int] | None
) -> None:
    """
    What the user says, else what the place tells; nothing that could be more than an address.
    """
    assert providers.detect(environ).ssh_address(environ) == expected


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "/workspace"),
        (ON_RUNPOD, "/workspace"),
        ({**ON_RUNPOD, "RUNPOD_ENDPOINT_ID": "x"}, "/runpod-volume"),
        ({**ON_VAST, "DATA_DIRECTORY": "/data/"}, "/data"),
        ({"DATA_DIRECTORY": "/data"}, "/workspace"),
    ],
)
def test_where_the_volume_is(environ: dict[str, str], expected: str) -> None:
    """
    Serverless workers of RunPod have another one than its pods.
    """
    assert providers.detect(environ).volume(environ) == expected


def test_only_vast_ai_starts_tmux_in_sessions() -> None:
    """
    Hence ~/.no_auto_tmux there, and nowhere else.
    """
    assert [place.name for place in (VAST, RUNPOD, DOCKER) if place.wants_no_auto_tmux] == [
        "vast.ai"
    ]


@pytest.mark.parametrize(
    ("provider", "source", "expected"),
    [
        (VAST, "SSH_PUBLIC_KEY", "SSH_PUBLIC_KEY (vast.ai)"),
        (VAST, "PUBLIC_KEY", "PUBLIC_KEY"),
        (RUNPOD, "PUBLIC_KEY", "PUBLIC_KEY (RunPod)"),
        (RUNPOD, "SSH_PUBKEY", "SSH_PUBKEY"),
        (DOCKER, "PUBLIC_KEY", "PUBLIC_KEY"),
    ],
)
def test_who_set_a_variable(provider: Provider, source: str, expected: str) -> None:
    """
    A place is named for what it sets itself.
    """
    assert provider.explain(source) == expected


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "http://HOST:8888"),
        (ON_VAST, "http://HOST:8888"),
        ({**ON_VAST, "VAST_TCP_PORT_8888": "40888"}, "http://203.0.113.7:40888"),
        (
            {**ON_VAST, "PUBLIC_IPADDR": "2001:db8::1", "VAST_TCP_PORT_8888": "40888"},
            "http://[2001:db8::1]:40888",
        ),
        ({**ON_VAST, "VAST_TCP_PORT_8888": "x"}, "http://HOST:8888"),
        (ON_RUNPOD, "https://x-8888.proxy.runpod.net"),
        ({**ON_RUNPOD, "RUNPOD_TCP_PORT_8888": "10888"}, "http://203.0.113.8:10888"),
        ({"RUNPOD_DC_ID": "EU-1"}, "http://HOST:8888"),
    ],
)
def test_a_page_is_where_the_cloud_shows_it(environ: dict[str, str], expected: str) -> None:
    """
    By the port that it maps, else by its proxy; where nobody tells, the user knows.
    """
    assert providers.detect(environ).web_address(environ, 8888) == expected
