"""Every name that a manifest says leads to another; one that leads nowhere is found."""

from collections.abc import Callable
from copy import deepcopy

import pytest

from infra.k8s.references import dangling, scattered, secrets_by_hand
from infra.k8s.tree import FOLDER, Manifest, manifests, of_kind, pod_of, read, title

Change = Callable[[Manifest], object]
# Made by a generator of kustomize, not by a file.
GENERATED: list[Manifest] = [
    {"kind": "ConfigMap", "metadata": {"name": name}}
    for name in ("hfer-settings", "hfer-web-settings")
]


@pytest.fixture(scope="module")
def as_they_stand() -> list[Manifest]:
    return [*manifests(), *GENERATED]


@pytest.fixture
def found(as_they_stand: list[Manifest]) -> list[Manifest]:
    return deepcopy(as_they_stand)


def test_every_name_leads_to_an_object(found: list[Manifest]) -> None:
    assert dangling(found, secrets=()) == []


def first_env(manifest: Manifest) -> Manifest:
    variable: Manifest = pod_of(manifest)["spec"]["containers"][0]["env"][0]
    return variable


def first_source(manifest: Manifest, place: int, kind: str) -> Manifest:
    source: Manifest = pod_of(manifest)["spec"]["containers"][0]["envFrom"][place][kind]
    return source


CHANGES: dict[str, Change] = {
    "ScaledObject/worker-gpu: Deployment/x": lambda m: m["spec"]["scaleTargetRef"].update(name="x"),
    "ScaledObject/worker-cpu: TriggerAuthentication/x": lambda m: m["spec"]["triggers"][0][
        "authenticationRef"
    ].update(name="x"),
    "TriggerAuthentication/hfer-database: Secret/x": lambda m: m["spec"]["secretTargetRef"][
        0
    ].update(name="x"),
    "Ingress/hfer: Service/x": lambda m: m["spec"]["rules"][1]["http"]["paths"][0]["backend"][
        "service"
    ].update(name="x"),
    "Deployment/web: Service/x": lambda m: first_env(m).update(value="x"),
    "Deployment/api: ConfigMap/x": lambda m: first_source(m, 0, "configMapRef").update(name="x"),
    "Deployment/api: Secret/x": lambda m: first_source(m, 1, "secretRef").update(name="x"),
    "Job/migrate: Secret/x": lambda m: first_env(m)["valueFrom"]["secretKeyRef"].update(name="x"),
    "CronJob/backup: PersistentVolumeClaim/x": lambda m: pod_of(m)["spec"]["volumes"][1][
        "persistentVolumeClaim"
    ].update(claimName="x"),
}


@pytest.mark.parametrize("finding", CHANGES)
def test_a_name_that_leads_nowhere_is_found(found: list[Manifest], finding: str) -> None:
    [target] = [each for each in found if title(each) == finding.partition(":")[0]]
    CHANGES[finding](target)
    assert dangling(found, secrets=()) == [finding]


def test_secrets_made_by_hand_are_no_manifests(found: list[Manifest]) -> None:
    secrets = secrets_by_hand(read(FOLDER / "secrets.example.yaml"))
    without = [each for each in found if each["kind"] != "Secret"]
    assert len(without) < len(found)
    assert dangling(without, secrets=secrets) == []
    assert len({each.partition(": ")[2] for each in dangling(without, secrets=())}) == len(secrets)


def test_an_object_outside_of_the_namespace_is_found(found: list[Manifest]) -> None:
    for each in found:
        each["metadata"]["namespace"] = "lab"
    [claim] = of_kind(found, "PersistentVolumeClaim")
    del claim["metadata"]["namespace"]
    assert scattered(found) == ["PersistentVolumeClaim/backups is in no namespace"]
