"""
What each cloud calls things; only differences of fact live here.

vast.ai: https://docs.vast.ai (instance environment variables). RunPod: https://docs.runpod.io
(pod environment variables). Kubernetes tells each container where its API is, and podman-run(1)
that it sets `container`; neither says anything else that we could use.

A cloud is proven by a whole name with a value of the form that it gives. Kubernetes and Docker's
links announce services under names that only begin so: `vast-tcp` gives VAST_TCP_PORT_22_TCP and
more (slipway.settings.discovery), `runpod-pod-id` RUNPOD_POD_ID_SERVICE_HOST.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from typing import NamedTuple

_BEGINNINGS = ("VAST_", "RUNPOD_", "KUBERNETES_", "container")  # of all marks
DEFAULT_VOLUME = "/workspace"

_ADDRESS = r"(?P<host>[0-9A-Za-z_][0-9A-Za-z._-]*|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{1,5})"


class Provider(NamedTuple):
    """
    A place where containers run.
    """

    name: str
    marks: tuple[tuple[str, str], ...] = ()  # a variable's name and value: one proves the place
    given: tuple[str, ...] = ()  # those of our variables that the place sets itself
    public_host: str = ""  # the variable with the address that the world sees
    public_ssh_port: str = ""  # the variable with the world's port for our 22
    volumes: tuple[tuple[str, str], ...] = ()  # variables that tell of one; path, "": their value
    public_port: str = ""  # the variable with the world's port for one of ours, {port}
    proxy: str = ""  # the address of a page on a port of ours, where the place has one
    wants_no_auto_tmux: bool = False  # ~/.no_auto_tmux turns off tmux in sessions there

    def explain(self, source: str) -> str:
        """
        Return where a value came from, with who set it if that is not the user.
        """
        return f"{source} ({self.name})" if source in self.given else source

    def volume(self, environ: Mapping[str, str]) -> str:
        """
        Return where the place mounts what outlives a container.
        """
        for variable, path in self.volumes:
            if value := environ.get(variable, ""):
                return (path or value).rstrip("/") or "/"
        return DEFAULT_VOLUME

    def ssh_address(self, environ: Mapping[str, str]) -> tuple[str, int] | None:
        """
        Return host and port that reach our sshd from outside, where the user or the place tells.
        """
        host = environ.get(self.public_host, "").strip()
        host = f"[{host}]" if ":" in host else host
        port = environ.get(self.public_ssh_port, "").strip()
        return address(environ.get("SLIPWAY_SSH_ADDRESS", "")) or address(f"{host}:{port}")

    def web_address(self, environ: Mapping[str, str], port: int) -> str:
        """
        Return where a page on one of our ports is seen from outside, as far as the place tells.
        """
        host = environ.get(self.public_host, "").strip()
        host = f"[{host}]" if ":" in host else host
        mapped = environ.get(self.public_port.format(port=port), "").strip()
        if found := address(f"{host}:{mapped}"):
            return f"http://{host}:{found[1]}"
        with contextlib.suppress(KeyError):
            if self.proxy:
                return self.proxy.format_map({**environ, "port": port})
        return f"http://HOST:{port}"


VAST = Provider(
    "vast.ai",
    marks=(("VAST_CONTAINERLABEL", r"C\.[0-9]+"), (r"VAST_TCP_PORT_[0-9]{1,5}", "[0-9]{1,5}")),
    given=("SSH_PUBLIC_KEY", "GPU_COUNT"),
    public_host="PUBLIC_IPADDR",
    public_ssh_port="VAST_TCP_PORT_22",
    public_port="VAST_TCP_PORT_{port}",
    volumes=(("DATA_DIRECTORY", ""),),
    wants_no_auto_tmux=True,
)
RUNPOD = Provider(
    "RunPod",
    marks=(
        ("RUNPOD_(POD|ENDPOINT)_ID", "[0-9A-Za-z]+"),
        ("RUNPOD_POD_HOSTNAME", "[0-9A-Za-z]+(-[0-9A-Za-z]+)*"),
        ("RUNPOD_DC_ID", "[A-Z]{2,}(-[A-Z]+)*-[0-9]+"),
    ),
    given=("PUBLIC_KEY", "SSH_PUBLIC_KEY"),
    public_host="RUNPOD_PUBLIC_IP",
    public_ssh_port="RUNPOD_TCP_PORT_22",
    public_port="RUNPOD_TCP_PORT_{port}",
    proxy="https://{RUNPOD_POD_ID}-{port}.proxy.runpod.net",
    volumes=(("RUNPOD_ENDPOINT_ID", "/runpod-volume"),),  # which serverless workers have
)
KUBERNETES = Provider("Kubernetes", marks=(("KUBERNETES_SERVICE_HOST", r"[\w.:-]+"),))
PODMAN = Provider("podman", marks=(("container", "podman"),))
DOCKER = Provider("docker")


def detect(environ: Mapping[str, str]) -> Provider:
    """
    Return where a container with this environment runs.

    CONTAINER_ID and RUNPOD_API_KEY are no marks: other programs set the one, users the other. A
    cloud that runs its containers by Kubernetes or podman is that cloud.
    """
    names = [name for name in environ if name.startswith(_BEGINNINGS)]
    for provider in (VAST, RUNPOD, KUBERNETES, PODMAN):
        for name, value in provider.marks:
            if any(re.fullmatch(name, each) and _is(environ[each], value) for each in names):
                return provider
    return DOCKER


def _is(value: str, form: str) -> bool:
    return re.fullmatch(form, value.strip(), re.ASCII) is not None


def address(text: str) -> tuple[str, int] | None:
    """
    Return host and port of `host:port`; None where it is none. IPv6 stands in brackets.
    """
    match = re.fullmatch(_ADDRESS, text.strip())
    if match is None or not 0 < int(match["port"]) < 1 << 16:
        return None
    return match["host"].strip("[]"), int(match["port"])
