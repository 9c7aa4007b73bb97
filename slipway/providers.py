"""
What each cloud calls things; only differences of fact live here.

vast.ai: https://docs.vast.ai (instance environment variables). RunPod: https://docs.runpod.io
(pod environment variables).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Provider(NamedTuple):
    """
    A place where containers run.
    """

    name: str
    marks: tuple[str, ...]  # any of these variables says that we are there
    key_variables: tuple[str, ...]  # those that the place sets itself
    public_host: str = ""  # the variable with the address that the world sees
    public_ssh_port: str = ""  # the variable with the world's port for our 22

    def explain(self, source: str) -> str:
        """
        Return where a value came from, with who set it if that is not the user.
        """
        return f"{source} ({self.name})" if source in self.key_variables else source

    def ssh_address(self, environ: Mapping[str, str]) -> tuple[str, int] | None:
        """
        Return host and port that reach our sshd from outside, where the place tells.
        """
        told, _, told_port = environ.get("SLIPWAY_SSH_ADDRESS", "").rpartition(":")
        host = told or environ.get(self.public_host, "")
        port = told_port if told else environ.get(self.public_ssh_port, "")
        return (host, int(port)) if host and port.isascii() and port.isdigit() else None


VAST = Provider(
    "vast.ai",
    ("VAST_CONTAINERLABEL",),
    ("SSH_PUBLIC_KEY",),
    "PUBLIC_IPADDR",
    "VAST_TCP_PORT_22",
)
RUNPOD = Provider(
    "RunPod",
    ("RUNPOD_POD_ID",),
    ("PUBLIC_KEY", "SSH_PUBLIC_KEY"),
    "RUNPOD_PUBLIC_IP",
    "RUNPOD_TCP_PORT_22",
)
DOCKER = Provider("docker", (), ())


def detect(environ: Mapping[str, str]) -> Provider:
    """
    Return where a container with this environment runs.
    """
    for provider in (VAST, RUNPOD):
        if any(environ.get(mark) for mark in provider.marks):
            return provider
    return DOCKER
