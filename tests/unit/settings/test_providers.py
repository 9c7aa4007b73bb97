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


CLUSTER = {
    "KUBERNETES_SERVICE_HOST": "10.96.0.1",
    "KUBERNETES_SERVICE_PORT": "443",
    "KUBERNETES_SERVICE_PORT_HTTPS": "443",
    "KUBERNETES_PORT": "tcp://10.96.0.1:443",
    "KUBERNETES_PORT_443_TCP": "tcp://10.96.0.1:443",
    "KUBERNETES_PORT_443_TCP_ADDR": "10.96.0.1",
}
REAL = {
    "vast.ai": (
        {
            **ON_VAST,
            "VAST_CONTAINERLABEL": "C.10250237",
            "CONTAINER_ID": "10250237",
            "CONTAINER_API_KEY": "key",
            "GPU_COUNT": "1",
            "DATA_DIRECTORY": "/workspace/",
            "SSH_PUBLIC_KEY": "ssh-ed25519 AAAA",
            "JUPYTER_TOKEN": "token",
        },
        VAST,
    ),
    "vast.ai, a label alone": ({"VAST_CONTAINERLABEL": "C.7"}, VAST),
    "vast.ai, a port alone": ({"VAST_TCP_PORT_8080": "41080"}, VAST),
    "vast.ai, a line end": ({"VAST_CONTAINERLABEL": "C.7\n"}, VAST),
    "RunPod": (
        {
            "RUNPOD_POD_ID": "u3j7kz2l9x1qab",
            "RUNPOD_POD_HOSTNAME": "u3j7kz2l9x1qab-64410d05",
            "RUNPOD_DC_ID": "EU-RO-1",
            "RUNPOD_PUBLIC_IP": "203.0.113.8",
            "RUNPOD_TCP_PORT_22": "10022",
            "RUNPOD_API_KEY": "key",
            "RUNPOD_CPU_COUNT": "8",
            "RUNPOD_GPU_COUNT": "1",
            "RUNPOD_VOLUME_ID": "abc",
            "PUBLIC_KEY": "ssh-ed25519 AAAA",
        },
        RUNPOD,
    ),
    "RunPod, a worker": ({"RUNPOD_ENDPOINT_ID": "abc123", "RUNPOD_POD_ID": "w1"}, RUNPOD),
    "RunPod in a cluster": ({**CLUSTER, "RUNPOD_POD_ID": "w1", "RUNPOD_DC_ID": "US-KS-2"}, RUNPOD),
    "Kubernetes": (CLUSTER, KUBERNETES),
    "Kubernetes over IPv6": ({"KUBERNETES_SERVICE_HOST": "fd00::1"}, KUBERNETES),
    "podman": ({"container": "podman", "HOSTNAME": "x"}, PODMAN),
    "Docker": ({"PATH": "/bin", "HOSTNAME": "0d0c1f0e"}, DOCKER),
    "compose": ({"WORKSPACE": "/workspace", "COMPOSE_PROJECT_NAME": "slipway"}, DOCKER),
}


def _service(name: str, port: int = 22) -> dict[str, str]:
    """
    Return what Kubernetes sets for a service.
    """
    prefix, url = name.upper().replace("-", "_"), f"tcp://10.96.0.7:{port}"
    one = f"{prefix}_PORT_{port}_TCP"
    ends = {one: url, f"{one}_PROTO": "tcp", f"{one}_PORT": str(port), f"{one}_ADDR": "10.96.0.7"}
    host = {f"{prefix}_SERVICE_HOST": "10.96.0.7", f"{prefix}_SERVICE_PORT": str(port)}
    return {**CLUSTER, **host, f"{prefix}_PORT": url, **ends}


IMITATING = {
    "a service vast-tcp": (_service("vast-tcp"), KUBERNETES),
    "a service vast-tcp-port-22": (_service("vast-tcp-port-22"), KUBERNETES),
    "a service vast-tcp-port": (_service("vast-tcp-port"), KUBERNETES),
    "a service vast-containerlabel": (_service("vast-containerlabel"), KUBERNETES),
    "a service runpod-pod-id": (_service("runpod-pod-id"), KUBERNETES),
    "a service runpod-pod-hostname": (_service("runpod-pod-hostname", 80), KUBERNETES),
    "a service runpod-dc-id": (_service("runpod-dc-id"), KUBERNETES),
    "a service runpod-endpoint-id": (_service("runpod-endpoint-id"), KUBERNETES),
    "a service kubernetes-service": (
        {
            name: value
            for name, value in _service("kubernetes-service").items()
            if name not in CLUSTER
        },
        DOCKER,
    ),
    "a link vast-tcp": (
        {
            "VAST_TCP_PORT": "tcp://172.17.0.2:22",
            "VAST_TCP_PORT_22_TCP": "tcp://172.17.0.2:22",
            "VAST_TCP_PORT_22_TCP_PORT": "22",
            "VAST_TCP_NAME": "/x/vast-tcp",
        },
        DOCKER,
    ),
    "a link's own variables": ({"X_ENV_RUNPOD_POD_ID": "w1", "X_NAME": "/a/x"}, DOCKER),
    "a link runpod-pod-id": (
        {"RUNPOD_POD_ID_NAME": "/a/runpod-pod-id", "RUNPOD_POD_ID_ENV_HOME": "/root"},
        DOCKER,
    ),
    "a URL for a port": ({"VAST_TCP_PORT_22": "tcp://10.0.0.7:22"}, DOCKER),
    "a label of one's own": ({"VAST_CONTAINERLABEL": "training run 7"}, DOCKER),
    "a label that is empty": ({"VAST_CONTAINERLABEL": " "}, DOCKER),
    "vast.ai's client": ({"VAST_API_KEY": "key", "VAST_URL": "https://x"}, DOCKER),
    "RunPod's client": ({"RUNPOD_API_KEY": "key", "RUNPOD_LOG_LEVEL": "debug"}, DOCKER),
    "a template that is not filled in": ({"RUNPOD_POD_ID": "<your pod id>"}, DOCKER),
    "an unset variable of compose": ({"RUNPOD_POD_ID": "${RUNPOD_POD_ID}"}, DOCKER),
    "a name that goes on": ({"RUNPOD_POD_IDS": "w1", "VAST_TCP_PORT_22X": "22"}, DOCKER),
    "a small name": ({"runpod_pod_id": "w1", "vast_containerlabel": "C.7"}, DOCKER),
    "a name within": ({"MY_RUNPOD_POD_ID": "w1", "OLD_VAST_CONTAINERLABEL": "C.7"}, DOCKER),
    "podman in words": ({"container": "not podman", "containers": "podman"}, DOCKER),
    "systemd-nspawn": ({"container": "systemd-nspawn"}, DOCKER),
}


@pytest.mark.parametrize(
    ("environ", "expected"), [*REAL.values(), *IMITATING.values()], ids=[*REAL, *IMITATING]
)
def test_a_cloud_is_proven_and_not_imitated(environ: dict[str, str], expected: Provider) -> None:
    """
    Names that only begin as a cloud's are services', and values of another form are anybody's.
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
