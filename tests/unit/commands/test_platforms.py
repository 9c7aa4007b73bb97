"""
What is missing, in the words of each place: a line to copy where there is one.
"""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from slipway.commands import doctor, platforms, remedies
from slipway.commands.remedies import Option
from slipway.facts.mounts import FuseObstacle
from slipway.settings import providers

FUSE = [
    Option("--device", "/dev/fuse"),
    Option("--cap-add", "SYS_ADMIN"),
    Option("--security-opt", "apparmor:unconfined"),
]
OF_PODMAN = "where the host has NVIDIA's, run the container with --device nvidia.com/gpu=all"
ALL = [*FUSE, remedies.LOCKED, remedies.SHARED, remedies.volume("/data"), remedies.KEY]
VALUE = {"name": "SSH_PUBKEY", "value": "ssh-ed25519 ..."}
MEMORY = {"emptyDir": {"medium": "Memory", "sizeLimit": "8Gi"}}
CLAIM = {"persistentVolumeClaim": {"claimName": "workspace"}}


@pytest.mark.parametrize(
    ("options", "words", "service"),
    [
        (
            FUSE,
            "--device /dev/fuse --cap-add SYS_ADMIN --security-opt apparmor:unconfined",
            {
                "devices": ["/dev/fuse"],
                "cap_add": ["SYS_ADMIN"],
                "security_opt": ["apparmor:unconfined"],
            },
        ),
        (
            remedies.capabilities(["SETUID", "SETGID", "SETUID"]),
            "--cap-add SETUID --cap-add SETGID",
            {"cap_add": ["SETUID", "SETGID"]},
        ),
        ([remedies.LOCKED], "--ulimit memlock=-1", {"ulimits": {"memlock": -1}}),
        ([remedies.SHARED], "--shm-size 8g", {"shm_size": "8g"}),
        (
            [remedies.volume("/my data")],
            '-v "$PWD/workspace:/my data"',
            {"volumes": ["./workspace:/my data"]},
        ),
        (
            [remedies.KEY],
            '-e SSH_PUBKEY="$(cat ~/.ssh/id_ed25519.pub)"',
            {"environment": ["SSH_PUBKEY"]},
        ),
    ],
)
def test_each_option_has_its_key_in_compose(
    options: list[Option], words: str, service: dict[str, Any]
) -> None:
    """
    Each once; a shell reads the one, Compose the other.
    """
    _, _, line, _, document = platforms.lines(options)

    assert line == words
    assert shlex.split(line)
    assert json.loads(document) == {"services": {"slipway": service}}


@pytest.mark.parametrize("place", [providers.PODMAN.name, providers.KUBERNETES.name])
@pytest.mark.parametrize(
    ("options", "container", "volumes"),
    [
        (
            FUSE[1:],
            {
                "securityContext": {
                    "capabilities": {"add": ["SYS_ADMIN"]},
                    "appArmorProfile": {"type": "Unconfined"},
                }
            },
            {},
        ),
        (
            remedies.capabilities(["AUDIT_WRITE", "NET_BIND_SERVICE", "AUDIT_WRITE"]),
            {"securityContext": {"capabilities": {"add": ["AUDIT_WRITE", "NET_BIND_SERVICE"]}}},
            {},
        ),
        (
            [remedies.SHARED, remedies.volume("/my data")],
            {
                "volumeMounts": [
                    {"name": "shared-memory", "mountPath": "/dev/shm"},
                    {"name": "workspace", "mountPath": "/my data"},
                ]
            },
            {"shared-memory": MEMORY, "workspace": CLAIM},
        ),
        ([remedies.KEY], {"env": [VALUE]}, {}),
    ],
)
def test_each_option_has_its_place_in_a_pods_spec(
    place: str, options: list[Option], container: dict[str, Any], volumes: dict[str, dict[str, Any]]
) -> None:
    """
    As Kubernetes and `podman kube play` read it; podman has a line of its own besides.
    """
    said = platforms.lines(options, place)
    document = next(line for line in said if line.startswith("{"))
    listed = [{"name": name, **source} for name, source in volumes.items()]

    assert json.loads(document) == {
        "containers": [{"name": "slipway", **container}],
        **({"volumes": listed} if listed else {}),
    }
    assert ("What is missing, for podman run:" in said) == (place == providers.PODMAN.name)
    assert not any("docker" in line for line in said)


def test_podman_takes_an_equals_sign_alone() -> None:
    """
    `--security-opt apparmor:unconfined` is an error of its.
    """
    assert platforms.lines(FUSE, "podman")[2].endswith("--security-opt apparmor=unconfined")


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (
            "Kubernetes",
            [
                "/dev/fuse: a device plugin of the cluster's gives it",
                "locked memory: the nodes' container runtime",
            ],
        ),
        (
            "vast.ai",
            [
                "add your key to your account before you rent",
                "at /data",
                "shared memory grows with your share",
                "SLIPWAY_REMOTE_SYNC=NAME copies them",
                "vast.ai takes no such option: --device /dev/fuse --cap-add SYS_ADMIN",
            ],
        ),
        (
            "RunPod",
            [
                "SSH Public Keys",
                "with /data as its mount path",
                "SLIPWAY_REMOTE_SYNC=NAME copies them",
                "--ulimit memlock=-1 --shm-size 8g",
            ],
        ),
    ],
)
def test_what_a_place_has_instead_of_an_option(place: str, words: list[str]) -> None:
    """
    And nothing that can't be entered there.
    """
    said = "\n".join(platforms.lines(ALL, place))

    assert [each for each in words if each not in said] == []
    assert "docker run" not in said
    assert "compose" not in said


@pytest.mark.parametrize("place", ["docker", "podman", "Kubernetes", "vast.ai", "RunPod"])
def test_nothing_is_said_where_nothing_is_missing(place: str) -> None:
    assert platforms.lines([], place) == []


@pytest.mark.parametrize(
    ("place", "fuse", "gpus"),
    [
        (
            "docker",
            "no /dev/fuse; run the container with --security-opt apparmor:unconfined",
            "none found; where the host has NVIDIA's, run the container with --gpus all",
        ),
        (
            "podman",
            "no /dev/fuse; run the container with --security-opt apparmor=unconfined",
            f"none found; {OF_PODMAN}",
        ),
        (
            "Kubernetes",
            "no /dev/fuse",
            "none found; a limit of nvidia.com/gpu in the pod's spec gives it one",
        ),
        ("vast.ai", "no /dev/fuse", "none found"),
        ("RunPod", "no /dev/fuse", "none found"),
    ],
)
def test_a_finding_advises_what_can_be_done(place: str, fuse: str, gpus: str) -> None:
    """
    Options of docker run only where there is one.
    """
    given = "no /dev/fuse; run the container with --security-opt apparmor:unconfined"

    assert platforms.advice(given, place) == fuse
    assert platforms.advice(f"none found; {doctor._NO_GPU}", place) == gpus  # noqa: SLF001
    assert platforms.advice("64 MB in /dev/shm", place) == "64 MB in /dev/shm"


def test_the_options_are_those_of_the_obstacle() -> None:
    """
    All conditions at once.
    """
    said = FuseObstacle().process(
        ["no-device", "no-access", "CapEff:\t0", "AppArmor: docker-default (enforce)"]
    )

    assert doctor._of_words(said) == tuple(FUSE)  # noqa: SLF001 - what --json has no names for
    assert doctor._of_words("") == ()  # noqa: SLF001 - likewise
