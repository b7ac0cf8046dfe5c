"""The manifests as kustomize renders them, below an overlay of an operator's own."""

import json
from typing import Any

import pytest

from infra.k8s.__main__ import everything, kustomize, render
from infra.k8s.references import dangling, scattered, secrets_by_hand
from infra.k8s.rules import matches
from infra.k8s.tree import FOLDER, Manifest, of_kind, pod_makers, pod_of, read

PREFIX = "lab-"


@pytest.fixture(scope="module")
def prefixed() -> list[Manifest]:
    command = kustomize()
    if command is None:
        pytest.skip("neither kustomize nor kubectl is on the PATH")
    with everything(namePrefix=PREFIX) as folder:
        return render(command, folder)


def named(found: list[Manifest], kind: str) -> dict[str, Any]:
    return {each["metadata"]["name"]: each["spec"] for each in of_kind(found, kind)}


class TestPrefix:
    def test_every_name_leads_to_an_object(self, prefixed: list[Manifest]) -> None:
        secrets = secrets_by_hand(read(FOLDER / "secrets.example.yaml"))
        assert dangling(prefixed, secrets=secrets) == []
        assert scattered(prefixed) == []

    def test_reaches_what_keda_scales_and_how_it_reads_the_database(
        self, prefixed: list[Manifest]
    ) -> None:
        scaled = named(prefixed, "ScaledObject")
        assert {each["scaleTargetRef"]["name"] for each in scaled.values()} == {
            "lab-worker-cpu",
            "lab-worker-gpu",
        }
        [authentication] = named(prefixed, "TriggerAuthentication")
        for each in scaled.values():
            assert each["triggers"][0]["authenticationRef"]["name"] == authentication

    def test_leaves_the_secrets_their_names(self, prefixed: list[Manifest]) -> None:
        [spec] = named(prefixed, "TriggerAuthentication").values()
        assert spec["secretTargetRef"][0]["name"] == "hfer-keda"
        [api] = [
            each for each in of_kind(prefixed, "Deployment") if "-api" in each["metadata"]["name"]
        ]
        [container] = pod_of(api)["spec"]["containers"]
        assert {"secretRef": {"name": "hfer-database-api"}} in container["envFrom"]

    def test_reaches_the_api_that_the_page_asks(self, prefixed: list[Manifest]) -> None:
        web = named(prefixed, "Deployment")["lab-web"]["template"]["spec"]["containers"][0]
        assert {"name": "API_SERVICE", "value": "lab-api"} in web["env"]
        assert "lab-api" in named(prefixed, "Service")

    def test_leaves_the_monitors_what_they_select(self, prefixed: list[Manifest]) -> None:
        pods = [pod_of(maker)["metadata"]["labels"] for maker in pod_makers(prefixed)]
        [pod_monitor] = named(prefixed, "PodMonitor").values()
        selected = {
            labels["app.kubernetes.io/name"]
            for labels in pods
            if matches(pod_monitor["selector"], labels)
        }
        assert selected == {"ingest", "maintenance", "worker-cpu", "worker-gpu"}
        [service_monitor] = named(prefixed, "ServiceMonitor").values()
        [service] = [
            each
            for each in of_kind(prefixed, "Service")
            if matches(service_monitor["selector"], each["metadata"]["labels"])
        ]
        assert service["metadata"]["name"] == "lab-api"

    def test_lets_the_page_count_visitors_of_the_ingress(self, prefixed: list[Manifest]) -> None:
        [settings] = [
            each["data"]
            for each in of_kind(prefixed, "ConfigMap")
            if "HFER_WEB__HOST" in each["data"]
        ]
        assert json.loads(settings["HFER_WEB__TRUSTED_PROXIES"])
        assert settings["HFER_WEB__PUBLIC_URL"]
