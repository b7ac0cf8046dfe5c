"""Each rule finds the error that it is for, planted into the manifests as they stand."""

import shutil
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from pathlib import Path

import pytest

from infra.k8s import rules, schema
from infra.k8s.tree import FOLDER, Manifest, manifests, pod_of, title
from tests.fixtures import k8s_checks

Change = Callable[[Manifest], object]


@cache
def as_they_stand() -> list[Manifest]:
    """All manifests, to be copied before they are changed."""
    return manifests()


def planted(name: str, change: Change) -> list[Manifest]:
    """Return all manifests, the one of that title changed."""
    found = deepcopy(as_they_stand())
    change(titled(name, found))
    return found


def changed(name: str, change: Change) -> list[Manifest]:
    """Return the one manifest of that title, changed."""
    target = deepcopy(titled(name, as_they_stand()))
    change(target)
    return [target]


def titled(name: str, found: list[Manifest]) -> Manifest:
    [target] = [each for each in found if title(each) == name]
    return target


def pod(manifest: Manifest) -> Manifest:
    spec: Manifest = manifest["spec"]["template"]["spec"]
    return spec


def container(manifest: Manifest) -> Manifest:
    first: Manifest = pod(manifest)["containers"][0]
    return first


UNSAFE: dict[str, Change] = {
    "runs as root": lambda m: pod(m)["securityContext"].update(runAsNonRoot=False),
    "has no seccomp profile": lambda m: pod(m)["securityContext"].pop("seccompProfile"),
    "holds a token of the cluster": lambda m: pod(m).pop("automountServiceAccountToken"),
    "has no grace of 60 s": lambda m: pod(m).update(terminationGracePeriodSeconds=30),
    "is not spread over nodes": lambda m: pod(m).pop("topologySpreadConstraints"),
    "shares a namespace of its node": lambda m: pod(m).update(hostNetwork=True),
    "mounts what is no emptyDir": lambda m: pod(m)["volumes"].append({"hostPath": {"path": "/"}}),
    "may gain privileges": lambda m: container(m)["securityContext"].pop(
        "allowPrivilegeEscalation"
    ),
    "can write its root": lambda m: container(m)["securityContext"].pop("readOnlyRootFilesystem"),
    "keeps capabilities": lambda m: container(m)["securityContext"].pop("capabilities"),
    "has no /tmp": lambda m: container(m).pop("volumeMounts"),
    "does not say what it needs": lambda m: container(m)["resources"].pop("requests"),
    "has no bound of memory": lambda m: container(m)["resources"].pop("limits"),
    "lacks a probe": lambda m: container(m).pop("livenessProbe"),
    "names a registry or a version": lambda m: container(m).update(image="hfer/api:latest"),
}


@pytest.mark.parametrize("fault", UNSAFE)
def test_unsafe_pods_are_found(fault: str) -> None:
    assert rules.unsafe_pods(planted("Deployment/api", UNSAFE[fault])) == [
        f"Deployment/api: {fault}"
    ]


VOLUMES = {"Deployment/api": {"persistentVolumeClaim": {}}, "CronJob/backup": {"hostPath": {}}}


@pytest.mark.parametrize("name", VOLUMES)
def test_only_a_cron_job_keeps_a_volume_and_none_of_the_node(name: str) -> None:
    found = planted(name, lambda m: pod_of(m)["spec"]["volumes"].append(VOLUMES[name]))
    assert rules.unsafe_pods(found) == [f"{name}: mounts what is no emptyDir"]


class TestSchema:
    """Each manifest by itself; that all as they stand are valid is test_manifests' to say."""

    def test_finds_a_misspelt_field(self) -> None:
        found = changed("Deployment/web", lambda m: m["spec"].update(replica=2))
        [finding] = schema.invalid(found)
        assert finding.startswith("Deployment/web: ")
        assert "replica" in finding

    def test_finds_a_kind_that_does_not_exist(self) -> None:
        found = changed("Service/web", lambda m: m.update(kind="Servise"))
        assert schema.invalid(found) == ["Servise/web: no such kind"]

    @pytest.mark.parametrize(
        ("change", "fault"),
        [
            (lambda m: m["spec"].update(minReplicas=1), "unknown field minReplicas"),
            (
                lambda m: m["spec"]["triggers"][0]["metadata"].pop("query"),
                "a trigger is no complete postgresql trigger",
            ),
            (
                lambda m: m["spec"]["triggers"][0]["metadata"].update(targetQueryValue=64),
                "metadata of a trigger holds only strings",
            ),
        ],
    )
    def test_finds_faults_of_scalers(self, change: Change, fault: str) -> None:
        assert schema.invalid(changed("ScaledObject/worker-cpu", change)) == [
            f"ScaledObject/worker-cpu: {fault}"
        ]


class TestSettings:
    def test_finds_a_variable_that_nobody_reads(self) -> None:
        variable = {"name": "HFER_WORKER__CONCURENCY", "value": "2"}
        found = planted("Deployment/worker-cpu", lambda m: container(m)["env"].append(variable))
        worker = titled("Deployment/worker-cpu", found)
        known = {each["name"] for each in container(worker)["env"]} - {variable["name"]}
        findings = k8s_checks.unknown_settings(found, known)
        assert "Deployment/worker-cpu: HFER_WORKER__CONCURENCY" in findings


LOST: dict[str, Change] = {
    "Deployment/api": lambda m: m["spec"]["selector"].update(matchLabels={"x": "y"}),
    "Service/api": lambda m: m["spec"].update(selector={"app.kubernetes.io/name": "apy"}),
    "PodDisruptionBudget/maintenance": lambda m: m["spec"]["selector"].update(
        matchLabels={"x": "y"}
    ),
    "PodMonitor/workers": lambda m: m["spec"]["selector"].update(matchLabels={"x": "y"}),
}


@pytest.mark.parametrize("name", LOST)
def test_selectors_that_select_nothing_are_found(name: str) -> None:
    assert rules.lost_selectors(planted(name, LOST[name])) == [name]


def test_a_port_that_is_not_open_is_found() -> None:
    found = planted("Service/web", lambda m: m["spec"]["ports"][0].update(targetPort="https"))
    assert rules.wrong_ports(found) == ["Deployment/web: https"]


class TestNetwork:
    def test_a_pod_that_no_policy_speaks_for_is_found(self) -> None:
        labels = {"app.kubernetes.io/name": "new"}
        found = planted(
            "Deployment/web", lambda m: m["spec"]["template"]["metadata"].update(labels=labels)
        )
        assert k8s_checks.unguarded_pods(found) == ["Deployment/web"]

    def test_a_missing_denial_is_found(self) -> None:
        found = [
            each
            for each in as_they_stand()
            if each["kind"] != "NetworkPolicy" or each["spec"]["podSelector"]
        ]
        assert k8s_checks.unguarded_pods(found) == ["no policy denies by default"]


class TestKustomizations:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        shutil.copytree(FOLDER, tmp_path / "k8s")
        return tmp_path / "k8s"

    def test_a_named_file_that_is_missing_is_found(self, folder: Path) -> None:
        (folder / "base/web.yaml").unlink()
        assert k8s_checks.missing_files(folder) == ["base/kustomization.yaml: web.yaml"]

    def test_a_forgotten_file_is_found(self, folder: Path) -> None:
        (folder / "base/new.yaml").write_text("kind: Service\n")
        (folder / "base/new.env").write_text("")
        assert set(k8s_checks.forgotten_files(folder)) == {"base/new.env", "base/new.yaml"}

    def test_a_patch_of_nothing_is_found(self, folder: Path) -> None:
        patch = folder / "overlays/cpu/patches/patch-broker.yaml"
        patch.write_text(patch.read_text().replace("name: to-broker", "name: to-borker"))
        assert k8s_checks.baseless_patches(folder) == [
            "overlays/cpu/patches/patch-broker.yaml: networking.k8s.io/v1/NetworkPolicy/to-borker"
        ]

    def test_an_image_without_a_version_is_found(self) -> None:
        found = planted("Deployment/web", lambda m: container(m).update(image="hfer/page"))
        assert k8s_checks.unnamed_images(found) == ["hfer/page"]
