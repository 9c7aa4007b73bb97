"""
Options of `docker run` as a pod's spec has them, for Kubernetes and `podman kube play`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from slipway.commands.remedies import Option

CONTAINER = "slipway"  # as in deploy/kubernetes/
CLAIM = "workspace"  # likewise: what the volume of a StatefulSet is called


def of(options: Sequence[Option]) -> dict[str, Any]:
    """
    Return the parts of a spec that give what these options do; empty where they give nothing.

    It has no words for devices and limits: a plugin of the cluster and its nodes give these.
    """
    volumes: dict[str, dict[str, Any]] = {}
    container: dict[str, Any] = {}
    security: dict[str, Any] = {}
    for each in options:
        if each.name == "-e":
            value = {"name": each.value.partition("=")[0], "value": "ssh-ed25519 ..."}
            container.setdefault("env", []).append(value)
        elif each.name == "-v":
            path = each.value.strip('"').rpartition(":")[2]
            _mount(container, volumes, path, {"persistentVolumeClaim": {"claimName": CLAIM}})
        elif each.name == "--shm-size":
            size = each.value.replace("g", "Gi")
            memory = {"emptyDir": {"medium": "Memory", "sizeLimit": size}}
            _mount(container, volumes, "/dev/shm", memory)  # noqa: S108 - where it is
        elif each.name == "--cap-add":
            security.setdefault("capabilities", {"add": []})["add"].append(each.value)
        elif each.name == "--security-opt":
            security["appArmorProfile"] = {"type": "Unconfined"}
    if security:
        container["securityContext"] = security
    spec: dict[str, Any] = {"containers": [{"name": CONTAINER, **container}]} if container else {}
    if volumes:
        spec["volumes"] = [{"name": name, **source} for name, source in volumes.items()]
    return spec


def _mount(
    container: dict[str, Any], volumes: dict[str, dict[str, Any]], path: str, source: dict[str, Any]
) -> None:
    name = "shared-memory" if path.startswith("/dev/") else "workspace"
    volumes[name] = source
    container.setdefault("volumeMounts", []).append({"name": name, "mountPath": path})
