"""
deploy/kubernetes/: what Kubernetes' own schemas say, and that both files have one container.

tests/live/platforms/ plays the pod with podman, which knows no StatefulSet.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

ROOT = Path(__file__).parents[2]
HERE = ROOT / "deploy/kubernetes"
DOCUMENTS = {
    f"{path.name}: {document['kind']}": document
    for path in sorted(HERE.glob("*.yaml"))
    for document in yaml.safe_load_all(path.read_text())
}
POD = DOCUMENTS["pod.yaml: Pod"]["spec"]
STATEFUL = DOCUMENTS["statefulset.yaml: StatefulSet"]["spec"]
# What outlives a pod; all else is an emptyDir in both
KEPT = {"/workspace", "/root", "/etc/ssh", "/var/lib/slipway"}


def container(spec: dict[str, Any]) -> dict[str, Any]:
    """
    Return a pod's only container.
    """
    (only,) = spec["containers"]
    assert isinstance(only, dict)
    return only


def mounts(spec: dict[str, Any]) -> dict[str, str]:
    """
    Return which volume is mounted where.
    """
    return {each["mountPath"]: each["name"] for each in container(spec)["volumeMounts"]}


@pytest.mark.parametrize("version", ["1.30", "1.37"])
@pytest.mark.parametrize("name", DOCUMENTS)
def test_kubernetes_takes_each_document(name: str, version: str) -> None:
    """
    Strictly: a field that is misspelt is no field.
    """
    kubernetes_validate.validate(DOCUMENTS[name], version, strict=True)


def test_both_files_have_one_container() -> None:
    """
    The StatefulSet's pod is the pod, but for the volumes that stay.
    """
    template = STATEFUL["template"]["spec"]

    def without_volumes(spec: dict[str, Any]) -> dict[str, Any]:
        return {
            **spec,
            "volumes": None,
            "containers": [{**container(spec), "volumeMounts": None}],
        }

    assert without_volumes(template) == without_volumes(POD)
    assert mounts(template).keys() == mounts(POD).keys()
    assert {path for path, name in mounts(template).items() if name == "workspace"} == KEPT
    assert {each["name"]: each for each in template["volumes"]} == {
        each["name"]: each for each in POD["volumes"] if each["name"] not in _own_volumes()
    }


def _own_volumes() -> set[str]:
    return {name for path, name in mounts(POD).items() if path in KEPT}


def test_the_container_has_what_the_compose_file_gives() -> None:
    """
    And nothing else: its capabilities are those of the README's table.
    """
    compose = yaml.safe_load((ROOT / "docker-compose.yaml").read_text())["services"]["slipway"]
    security = container(POD)["securityContext"]

    assert security["capabilities"]["drop"] == compose["cap_drop"] == ["ALL"]
    assert sorted(security["capabilities"]["add"]) == sorted(compose["cap_add"])
    assert security["readOnlyRootFilesystem"] is True
    assert security["allowPrivilegeEscalation"] is False


def test_no_probe_that_kills_asks_for_health() -> None:
    """
    A service that fails is no reason to end sessions and uploads. Being ready is being healthy.
    """
    asked = {
        kind: container(POD)[f"{kind}Probe"]["exec"]["command"]
        for kind in ("startup", "liveness", "readiness")
    }

    assert asked.pop("readiness") == ["slipway", "health", "--kept"]
    assert set(map(tuple, asked.values())) == {("supervisorctl", "pid")}


def test_a_stop_has_time_for_uploads() -> None:
    """
    What is waited for in the container ends before Kubernetes kills it.
    """
    drain = {each["name"]: each["value"] for each in container(POD)["env"]}

    assert int(drain["SLIPWAY_DRAIN_SECONDS"]) + 10 < POD["terminationGracePeriodSeconds"]


def test_somebody_can_mend_what_is_not_ready() -> None:
    """
    SSH's service leads to a pod that is unhealthy, too.
    """
    service = DOCUMENTS["statefulset.yaml: Service"]["spec"]

    assert service["publishNotReadyAddresses"] is True
    assert service["selector"] == STATEFUL["template"]["metadata"]["labels"]
    assert [each["port"] for each in service["ports"]] == [22]
    assert STATEFUL["serviceName"] == DOCUMENTS["statefulset.yaml: Service"]["metadata"]["name"]
