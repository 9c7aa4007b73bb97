"""
What a container lacks, in the words of the place that runs it.

vast.ai takes variables, ports and a hostname of docker run's options and ignores all others
(docs.vast.ai, "Template Settings" and "Docker Execution Environment"). RunPod's templates have no
field for options (docs.runpod.io, "Manage Pod templates").
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from slipway.commands import pod_spec, remedies
from slipway.commands.remedies import Option
from slipway.settings import providers

SERVICE = "slipway"  # of the repository's docker-compose.yaml
_LISTS = {"--device": "devices", "--cap-add": "cap_add", "--security-opt": "security_opt"}
_KEY, _VOLUME, _SHARED = remedies.KEY.name, "-v", remedies.SHARED.name
_ADVICE = r"[;,] (where the host has NVIDIA's, )?run the container with (.*)"
_GPUS = {  # in place of --gpus all
    providers.PODMAN.name: "; where the host has NVIDIA's, run the container with "
    "--device nvidia.com/gpu=all",
    providers.KUBERNETES.name: "; a limit of nvidia.com/gpu in the pod's spec gives it one",
}

# What a place has instead of an option; PATH stands for the workspace
_AT_VAST = {
    _KEY: "add your key to your account before you rent, or SSH_PUBKEY to the template's variables",
    _VOLUME: "rent with a volume (Add volume, or the template's volume settings) at PATH",
    _SHARED: "shared memory grows with your share of the machine's GPUs: rent more of them",
}
_AT_RUNPOD = {
    _KEY: "add your key to SSH Public Keys in your account's settings, or set SSH_PUBLIC_KEY",
    _VOLUME: "give the pod a volume disk or a network volume, with PATH as its mount path",
}
_IN_A_CLUSTER = {
    "--device": "/dev/fuse: a device plugin of the cluster's gives it, or `privileged: true`; "
    "SLIPWAY_REMOTE_SYNC=NAME copies remotes without it",
    "--ulimit": "locked memory: the nodes' container runtime limits it (LimitMEMLOCK in its unit)",
}


def lines(options: Sequence[Option], place: str = providers.DOCKER.name) -> list[str]:
    """
    Return what to do, nothing where nothing is missing.

    + place: a provider's name
    """
    options = list(dict.fromkeys(options))
    if not options:
        return []
    if place == providers.PODMAN.name:
        return ["", *_for_podman(options)]
    if place == providers.KUBERNETES.name:
        return ["", *_in_a_pod("the pod", options), *_instead(_IN_A_CLUSTER, options)]
    if place == providers.VAST.name:
        return ["", *_at_a_cloud(place, _AT_VAST, options)]
    if place == providers.RUNPOD.name:
        return ["", *_at_a_cloud(place, _AT_RUNPOD, options)]
    return ["", *_for_docker(options)]


def advice(detail: str, place: str) -> str:
    """
    Return what was found, without options of docker run where nobody can give these.

    + detail: of a finding; its end may say what to run the container with
    """
    found = re.search(_ADVICE, detail)
    if found is None or place == providers.DOCKER.name:
        return detail
    if found[1]:
        return detail[: found.start()] + _GPUS.get(place, "")
    if place == providers.PODMAN.name:
        return detail.replace("apparmor:", "apparmor=")
    return detail[: found.start()]


def _for_docker(options: Sequence[Option]) -> list[str]:
    return [
        "What is missing, for docker run:",
        " ".join(map(str, options)),
        f"For compose (docker-compose.override.yaml; the service is called {SERVICE} there):",
        json.dumps({"services": {SERVICE: _composed(options)}}),
    ]


def _for_podman(options: Sequence[Option]) -> list[str]:
    """
    Return the line for podman, which takes `=` alone in a security option, where Docker takes both.
    """
    words = " ".join(map(str, options)).replace("apparmor:", "apparmor=")
    return ["What is missing, for podman run:", words, *_in_a_pod("podman kube play", options)]


def _in_a_pod(what: str, options: Sequence[Option]) -> list[str]:
    spec = pod_spec.of(options)
    return [f"What is missing, in the spec of {what}:", json.dumps(spec)] if spec else []


def _instead(has: Mapping[str, str], options: Sequence[Option]) -> list[str]:
    return [
        has[each.name].replace("PATH", each.value.strip('"').rpartition(":")[2])
        for each in options
        if each.name in has
    ]


def _at_a_cloud(name: str, has: Mapping[str, str], options: Sequence[Option]) -> list[str]:
    found = _instead(has, options)
    others = [each for each in options if each.name not in has]
    if any(each.value in ("/dev/fuse", "SYS_ADMIN") for each in others):
        found.append("remotes can't be mounted there: SLIPWAY_REMOTE_SYNC=NAME copies them")
    if others:
        found.append(f"{name} takes no such option: {' '.join(map(str, others))}")
    return [f"What is missing, at {name}:", *found]


def _composed(options: Sequence[Option]) -> dict[str, Any]:
    """
    Return the keys of a service. JSON is YAML (YAML 1.2, section 1.2).
    """
    found: dict[str, Any] = {}
    for each in options:
        name, _, value = each.value.partition("=")
        if each.name == "--ulimit":
            found.setdefault("ulimits", {})[name] = int(value)
        elif each.name == "--shm-size":
            found["shm_size"] = each.value
        elif each.name == "-v":
            found["volumes"] = [each.value.strip('"').replace("$PWD/", "./")]
        elif each.name == "-e":
            found["environment"] = [name]
        else:
            found.setdefault(_LISTS[each.name], []).append(each.value)
    return found
