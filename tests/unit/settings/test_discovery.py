"""
Services that a platform announces under names that begin as ours do.
"""

from __future__ import annotations

import pytest

from slipway.settings.load import load


def service(prefix: str, port: int = 22, kind: str = "tcp") -> dict[str, str]:
    """
    Return what Kubernetes sets for a service.
    """
    url, one = f"{kind}://10.0.0.7:{port}", f"{prefix}_PORT_{port}_{kind.upper()}"
    return {
        f"{prefix}_SERVICE_HOST": "10.0.0.7",
        f"{prefix}_SERVICE_PORT": str(port),
        f"{prefix}_SERVICE_PORT_SSH": str(port),
        f"{prefix}_PORT": url,
        one: url,
        f"{one}_PROTO": kind,
        f"{one}_PORT": str(port),
        f"{one}_ADDR": "10.0.0.7",
    }


LINK = {
    "SLIPWAY_PORT": "tcp://172.17.0.2:22",
    "SLIPWAY_PORT_22_TCP": "tcp://172.17.0.2:22",
    "SLIPWAY_PORT_22_TCP_ADDR": "172.17.0.2",
    "SLIPWAY_NAME": "/client/slipway",
    "SLIPWAY_ENV_SKIP_ACL": "true",
}


@pytest.mark.parametrize(
    "environ",
    [
        service("SLIPWAY"),
        service("SLIPWAY", 53, "udp"),
        service("SLIPWAY", 9, "sctp"),
        service("SLIPWAY_SSH"),
        service("SLIPWAY_STRICT"),
        service("SLIPWAY_2"),
        {**service("SLIPWAY"), **service("SLIPWAY", 8888), **service("SLIPWAY_WEB", 80)},
        {"SLIPWAY_SERVICE_HOST": "fd00::7", "SLIPWAY_SERVICE_PORT": "22"},
        {"SLIPWAY_PORT": "tcp://[fd00::7]:22"},
        LINK,
    ],
)
def test_an_announced_service_is_no_typo(environ: dict[str, str]) -> None:
    """
    Also under strict, where it would end the start.
    """
    loaded = load({**environ, "SLIPWAY_STRICT": "true"})

    assert loaded.refusals == ()
    assert loaded.settings.strict is True


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SLIPWAY_PORT", "2222"),
        ("SLIPWAY_SERVICE_HOST", "10.0.0.7"),  # without its port
        ("SLIPWAY_SSH_PORT", "2222"),
        ("SLIPWAY_NAME", "box"),
        ("SLIPWAY_ENV_X", "1"),
        ("SLIPWAY_STRCT", "true"),
        ("SLIPWAY_PORT_22_TCP_ADDR", "10.0.0.7"),
    ],
)
def test_a_name_alone_proves_no_service(name: str, value: str) -> None:
    """
    A user may have meant something by it, so it is refused.
    """
    (refusal,) = load({name: value}).refusals

    assert refusal.variable == name


def test_a_typo_beside_a_service_is_one() -> None:
    """
    What the service does not explain is still seen.
    """
    (refusal,) = load({**service("SLIPWAY"), "SLIPWAY_PROT": "22"}).refusals

    assert refusal.variable == "SLIPWAY_PROT"
