"""
Start scripts that clouds document and people paste, beside the rows of tests/live/test_anywhere.py.

No cloud takes part: what it does is imitated as its documentation has it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.live.conftest import KeyPair, Slipway, wait_until
from tests.live.platforms.conftest import opens_a_terminal

# vast.ai's launch modes SSH and Jupyter: its own script in place of the entrypoint, its own sshd
VAST = """
mkdir -p -m 700 /root/.ssh /run/sshd
grep -qsxF "$SSH_PUBLIC_KEY" /root/.ssh/authorized_keys ||
    printf '%s\\n' "$SSH_PUBLIC_KEY" >> /root/.ssh/authorized_keys
ssh-keygen -A
/usr/sbin/sshd
env | grep _ >> /etc/environment
bash /root/onstart.sh
sleep infinity
"""
# RunPod's "Connect to a Pod with SSH" for templates that start none, without its apt-get
RUNPOD = """
mkdir -p ~/.ssh; cd ~/.ssh; chmod 700 ~/.ssh; echo "$PUBLIC_KEY" >> authorized_keys
chmod 700 authorized_keys; service ssh start; sleep infinity
"""


class Cloud(NamedTuple):
    """
    How a container is started somewhere, and what doctor says there.
    """

    options: dict[str, Any]
    command: list[str]
    key: str  # the variable that the cloud gives the user's key in
    words: str
    onstart: str = ""


CLOUDS = {
    "vast.ai, launch mode SSH": Cloud(
        {
            "entrypoint": ["bash", "-c"],
            "environment": {
                "VAST_CONTAINERLABEL": "C.1",
                "VAST_TCP_PORT_22": "40022",
                "PUBLIC_IPADDR": "192.0.2.7",
                "OWN_VARIABLE": "it's mine",
            },
        },
        [VAST],
        "SSH_PUBLIC_KEY",
        "What is missing, at vast.ai:",
        "slipway start\n",
    ),
    "RunPod, its ssh snippet as start command": Cloud(
        {"environment": {"RUNPOD_POD_ID": "x", "OWN_VARIABLE": "it's mine"}},
        ["bash", "-c", RUNPOD],
        "PUBLIC_KEY",
        "What is missing, at RunPod:",
    ),
}


@pytest.mark.parametrize("name", CLOUDS)
def test_what_is_pasted_there_works(
    start: Callable[..., Slipway], key: KeyPair, tmp_path: Path, name: str
) -> None:
    """
    The key opens sessions with the container's variables, health agrees, doctor names what can be
    had there, and a restart loses nothing.
    """
    cloud = CLOUDS[name]
    (tmp_path / "onstart.sh").write_text(cloud.onstart)
    (tmp_path / "workspace").mkdir()
    volumes = [
        f"{tmp_path}/onstart.sh:/root/onstart.sh:ro",
        f"{tmp_path}/workspace:/workspace",
    ]
    environment = {**cloud.options["environment"], cloud.key: key.public}
    options = {**cloud.options, "environment": environment, "volumes": volumes}
    slipway = start(*cloud.command, **options)
    slipway.wait_ssh(key)
    slipway.wait_healthy()
    doctor = slipway.check_output("slipway", "doctor")

    assert slipway.ssh(key, "printenv OWN_VARIABLE").stdout == "it's mine\n"
    assert opens_a_terminal(slipway, key)
    assert cloud.words in doctor
    assert "docker run" not in doctor
    assert slipway.ssh(key, "echo kept > /workspace/kept").code == 0
    slipway.restart()
    wait_until(lambda: slipway.ssh(key, "cat /workspace/kept").stdout == "kept\n", "it is there")
    slipway.wait_healthy()
