"""
podman, as root and as a user, with its own capabilities and seccomp profile.
"""

from __future__ import annotations

from pathlib import Path

from tests.live.conftest import KeyPair
from tests.live.platforms.conftest import (
    TOLD,
    InPodman,
    Podman,
    lay_slow,
    opens_a_terminal,
)


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
