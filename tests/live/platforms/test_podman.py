"""
podman as root and as a user, and the pod of deploy/kubernetes/ as podman and a kubelet make it.

In one file, so that the image is taken over once for root.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docker
import pytest
import yaml

from tests.live.conftest import KeyPair, Slipway
from tests.live.platforms.conftest import TOLD, InPodman, Podman, lay_slow, opens_a_terminal

FILE = Path(__file__).parents[3] / "deploy/kubernetes/pod.yaml"
POD = yaml.safe_load(FILE.read_text())
(CONTAINER,) = POD["spec"]["containers"]
NAME = f"{POD['metadata']['name']}-{CONTAINER['name']}"  # as podman calls it
(SECRET,) = (each["secret"] for each in POD["spec"]["volumes"] if "secret" in each)
HOST_KEY = "/etc/ssh/ssh_host_ed25519_key.pub"


def test_as_root(rootful: Podman, image: str, key: KeyPair, tmp_path: Path) -> None:
    """
    Through a port of the machine's.
    """
    # fmt: off
    slipway = rootful.start(
        rootful.load(image), "--publish=127.0.0.1::22", f"--volume={tmp_path}:/workspace",
        f"--env=SSH_PUBKEY={key.public}",
    )
    # fmt: on
    slipway.is_published = True

    serves(slipway, key)


def test_as_a_user(rootless: Podman, image: str, key: KeyPair) -> None:
    """
    Who is root in the container is that user outside, and so are root's files.

    Through a port where the user may have a network of his own, which takes /dev/net/tun.
    """
    workspace = rootless.place / "workspace"
    rootless.check_output("unshare", "mkdir", str(workspace))
    has_network = rootless.ask("unshare", "sh", "-c", ": <> /dev/net/tun").code == 0
    # fmt: off
    slipway = rootless.start(
        rootless.load(image), f"--volume={workspace}:/workspace",
        "--publish=127.0.0.1::22" if has_network else "--network=none",
        f"--env=SSH_PUBKEY={key.public}",
    )
    # fmt: on
    slipway.is_published = has_network

    serves(slipway, key)
    assert (workspace / "told").owner() == rootless.user


def serves(slipway: InPodman, key: KeyPair) -> None:
    """
    The key opens sessions and terminals, everything is as specified, a stop is in order, and what
    was written is there again.
    """
    podman, name = slipway.contained.podman, slipway.contained.name
    slipway.wait_ssh(key)
    slipway.wait_healthy()
    assert slipway.health().stdout == "healthy\n"
    assert podman.ask("healthcheck", "run", name).code == 0
    assert opens_a_terminal(slipway, key)
    assert slipway.exec("slipway", "verify").code == 0
    doctor = slipway.check_output("slipway", "doctor")
    assert "What is missing, for podman run:\n--device /dev/fuse --cap-add SYS_ADMIN" in doctor
    assert "docker" not in doctor
    lay_slow(slipway)
    host_key = slipway.check_output("cat", "/etc/ssh/ssh_host_ed25519_key.pub")

    podman.check_output("stop", name)
    assert slipway.exit_code() == 0
    podman.check_output("start", name)
    slipway.wait_ssh(key)
    assert slipway.ssh(key, f"cat {TOLD}").stdout == "told\n"
    assert slipway.check_output("cat", "/etc/ssh/ssh_host_ed25519_key.pub") == host_key


def probes(slipway: Slipway) -> dict[str, int]:
    """
    Return what each probe comes to.
    """
    kinds = ("startupProbe", "readinessProbe", "livenessProbe")
    return {kind: slipway.exec(*CONTAINER[kind]["exec"]["command"]).code for kind in kinds}


def is_as_promised(slipway: Slipway, key: KeyPair) -> None:
    """
    The key opens sessions and terminals, nothing is degraded, and all is as specified.
    """
    slipway.wait_ssh(key)
    slipway.wait_healthy()
    assert slipway.health().stdout == "healthy\n"
    assert opens_a_terminal(slipway, key)
    assert probes(slipway) == dict.fromkeys(probes(slipway), 0)
    assert slipway.exec("touch", "/usr/x").code != 0  # a root that can't be written
    assert slipway.exec("slipway", "verify").code == 0


def test_podman_plays_the_pod(rootful: Podman, image: str, key: KeyPair) -> None:
    """
    The very file; a stop is in order, and the next start has workspace and host keys.

    podman 4.3 gives a secret's text as it stands, where Kubernetes decodes it.
    """
    rootful.check_output("tag", rootful.load(image), CONTAINER["image"])
    secret = {"kind": "Secret", "data": {"authorized_keys": key.public}}
    words = ("secret", "create", SECRET["secretName"], "-")
    rootful.check_output(*words, input=json.dumps(secret).encode())
    rootful.check_output("kube", "play", str(FILE))
    slipway = InPodman(rootful, NAME)
    is_as_promised(slipway, key)
    assert rootful.ask("healthcheck", "run", NAME).code == 0  # the liveness probe
    assert "SSH_PUBKEY_FILE" in slipway.check_output("slipway", "settings")
    assert "What is missing, for podman run:" in slipway.check_output("slipway", "doctor")
    lay_slow(slipway)
    host_key = slipway.check_output("cat", HOST_KEY)

    rootful.check_output("pod", "stop", "--time", "30", POD["metadata"]["name"])
    assert slipway.exit_code() == 0
    rootful.check_output("pod", "start", POD["metadata"]["name"])
    slipway.wait_ssh(key)
    assert slipway.ssh(key, f"cat {TOLD}").stdout == "told\n"
    assert slipway.check_output("cat", HOST_KEY) == host_key


def test_a_pod_that_shares_its_processes(rootful: Podman, image: str, key: KeyPair) -> None:
    """
    PID 1 is the pod's own, and status says what that means; a terminal and a stop are as without.
    """
    container = {
        "name": "gpu",
        "image": rootful.load(image),
        "env": [{"name": "SSH_PUBKEY", "value": key.public}],
    }
    spec = {"shareProcessNamespace": True, "containers": [container]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "shared"}, "spec": spec}
    rootful.check_output("kube", "play", "-", input=json.dumps(pod).encode())
    slipway = InPodman(rootful, "shared-gpu")
    slipway.wait_healthy()

    assert "slipway" not in slipway.check_output("cat", "/proc/1/cmdline")
    assert "PID 1 is catatonit, of another container" in slipway.status()
    assert opens_a_terminal(slipway, key)
    assert slipway.exec("slipway", "check").stdout == "nothing would change\n"
    assert slipway.exec("slipway", "verify").code == 0
    lay_slow(slipway)
    rootful.check_output("stop", "--time", "30", "shared-gpu")
    assert slipway.exit_code() == 0
    rootful.check_output("start", "shared-gpu")
    slipway.wait_ssh(key)
    assert slipway.ssh(key, f"cat {TOLD}").stdout == "told\n"


@pytest.fixture
def kubelets(tmp_path: Path, key: KeyPair) -> dict[str, Any]:
    """
    Options of the engine's that make the container as a kubelet does.

    Each emptyDir is a directory of the node's, empty and with mode 777, and is known by its path.
    The engine copies nothing of the image into a directory, as it does into a volume.
    """
    mounts = []
    for each in CONTAINER["volumeMounts"]:
        source = tmp_path / "volumes/kubernetes.io~empty-dir" / each["name"]
        source.mkdir(parents=True)
        source.chmod(0o777)
        mount = docker.types.Mount(
            each["mountPath"], str(source), "bind", read_only=each.get("readOnly", False)
        )
        mounts.append(mount)
        if each["mountPath"] == str(Path(CONTAINER["env"][0]["value"]).parent):
            (source / "authorized_keys").write_text(key.public)
    given = {each["name"]: each["value"] for each in CONTAINER["env"]}
    security = CONTAINER["securityContext"]
    return {
        "mounts": mounts,
        "environment": {"KUBERNETES_SERVICE_HOST": "10.96.0.1", **given},
        "read_only": security["readOnlyRootFilesystem"],
        "cap_drop": security["capabilities"]["drop"],
        "cap_add": security["capabilities"]["add"],
        "security_opt": ["no-new-privileges"],
    }


def test_the_pod_as_a_kubelet_makes_it(
    start: Callable[..., Slipway], kubelets: dict[str, Any], key: KeyPair
) -> None:
    """
    Empty directories that all may write to are nobody's: they are closed, and nothing is degraded.

    A container of the same volumes, as after an eviction of a StatefulSet's, has the same host key.
    """
    slipway = start(**kubelets)
    is_as_promised(slipway, key)
    doctor = slipway.check_output("slipway", "doctor")
    host_key = slipway.check_output("cat", HOST_KEY)
    lay_slow(slipway)
    slipway.container.stop(timeout=POD["spec"]["terminationGracePeriodSeconds"])
    slipway.container.reload()
    again = start(**kubelets)
    again.wait_ssh(key)

    assert slipway.container.attrs["State"]["ExitCode"] == 0
    assert again.ssh(key, f"cat {TOLD}").stdout == "told\n"
    assert again.check_output("cat", HOST_KEY) == host_key
    assert "What is missing, in the spec of the pod:" in doctor
    assert "an emptyDir, which goes with its pod" in doctor
    assert "docker" not in doctor
