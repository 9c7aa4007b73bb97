"""
Services that a platform announces under names that begin as ours do.
"""

from __future__ import annotations

import pytest

from slipway.extension import Variable, port
from slipway.settings.load import load
from slipway.settings.variables import VARIABLES


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


FILES = Variable("FILES_PORT", port, default="8000", meaning="An extended image's own.")
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
        {**LINK, "SLIPWAY_ENV_a.b": "1", "SLIPWAY_ENV_MOTD": "two\nlines"},
        {"SLIPWAY_NAME": "/client/slipway", "SLIPWAY_ENV_X": "1"},  # of one that EXPOSEs nothing
        {"SLIPWAY_2_NAME": "/a.b/slipway-2", "SLIPWAY_2_ENV_X": "1"},
        {"SLIPWAY_PORT": "tcp://a:1", "SLIPWAY_PORT_1_TCP_START": "tcp://a:1"},
        {"SLIPWAY_PORT": "tcp://a:1", "SLIPWAY_PORT_1_TCP_PORT_END": "3"},
        service("SLIPWAY_PORT"),
        service("SLIPWAY_SERVICE"),
        service("SLIPWAY_PORT_22"),
        service("SLIPWAY_ENV_X"),
        service("SLIPWAY_NAME"),
        service("SLIPWAY_WORKSPACE_FILE"),
        service("WORKSPACE"),
        service("GPU_COUNT"),
        service("SSH_PUBKEY"),
        service("RCLONE_RC"),
        service("RCLONE_RC_ADDR"),
        service("RCLONE_DAEMON"),
        service("RCLONE_CONFIG_FAR"),
        {"RCLONE_RC_NAME": "/x/rclone-rc", "RCLONE_RC_ENV_A": "1"},
        service("FILES"),
    ],
)
def test_an_announced_service_is_no_typo(environ: dict[str, str]) -> None:
    """
    Also under strict, where it would end the start.
    """
    loaded = load({**environ, "SLIPWAY_STRICT": "true"}, declared=[*VARIABLES, FILES])

    assert loaded.refusals == ()
    assert loaded.variables["FILES_PORT"] == 8000
    assert dict(loaded.settings.environment).items() >= environ.items()
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
        ("SLIPWAY_NAME", "/home/box"),
        ("SLIPWAY_SSH_NAME", "/client/slipway"),
        ("RCLONE_RC_ADDR", "tcp://10.0.0.7:22"),
        ("FILES_PORT", "10.0.0.7:22"),
    ],
)
def test_a_name_alone_proves_no_service(name: str, value: str) -> None:
    """
    A user may have meant something by it, so it is refused.
    """
    (refusal,) = load({name: value}, declared=[*VARIABLES, FILES]).refusals

    assert refusal.variable == name


def test_a_typo_beside_a_service_is_one() -> None:
    """
    What the service does not explain is still seen.
    """
    (refusal,) = load({**service("SLIPWAY"), "SLIPWAY_PROT": "22"}).refusals

    assert refusal.variable == "SLIPWAY_PROT"


def test_a_value_of_the_users_beside_a_service_of_that_name_is_one() -> None:
    """
    It is no address of a service, and breaks its rule.
    """
    given = {**service("FILES"), "FILES_PORT": "many"}
    (refusal,) = load(given, declared=[*VARIABLES, FILES]).refusals

    assert refusal.variable == "FILES_PORT"
