"""What podman is given of the manifests: everything but what a cluster adds."""

from copy import deepcopy
from typing import Any

import pytest

from infra.k8s.pods import as_pods
from infra.k8s.tree import FOLDER, Manifest, manifests, read

MAPS: list[Manifest] = [
    {
        "kind": "ConfigMap",
        "metadata": {"name": "hfer-settings"},
        "data": {"HFER_ENVIRONMENT": "prod", "HFER_API__HOST": "10.0.0.1"},
    },
    {"kind": "ConfigMap", "metadata": {"name": "hfer-web-settings"}, "data": {}},
]
EXAMPLE = read(FOLDER / "secrets.example.yaml")
SETTINGS = {
    **{key: f"value of {key}" for each in EXAMPLE for key in each["stringData"]},
    "HFER_API__HOST": "127.0.0.1",
    "HFER_WEB__API_URL": "http://127.0.0.1:8000",
}


@pytest.fixture
def found() -> list[Manifest]:
    return deepcopy([*manifests(), *MAPS])


def variables(container: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each["value"] for each in container["env"]}


def test_every_deployment_and_the_migration_is_one(found: list[Manifest]) -> None:
    pods = as_pods(found, example=EXAMPLE, settings=SETTINGS)
    assert pods.keys() == {
        "api",
        "ingest",
        "maintenance",
        "migrate",
        "web",
        "worker-cpu",
        "worker-gpu",
    }
    assert {pod["kind"] for pod in pods.values()} == {"Pod"}


def test_settings_and_secrets_are_resolved(found: list[Manifest]) -> None:
    pods = as_pods(found, example=EXAMPLE, settings=SETTINGS)
    api = variables(pods["api"]["spec"]["containers"][0])
    assert api["HFER_ENVIRONMENT"] == "prod"
    assert api["HFER_API__HOST"] == "127.0.0.1"
    assert api["HFER_API__ADMIN_KEY"] == "value of HFER_API__ADMIN_KEY"
    assert "HFER_WEB__PASSWORD" not in api
    enrol = variables(pods["migrate"]["spec"]["containers"][0])
    assert enrol["HFER_WEB__API_KEY"] == "value of HFER_WEB__API_KEY"
    assert variables(pods["web"]["spec"]["containers"][0])["HFER_WEB__API_URL"].endswith(":8000")


def test_who_runs_and_what_it_may_stays(found: list[Manifest]) -> None:
    worker = as_pods(found, example=EXAMPLE, settings=SETTINGS)["worker-cpu"]["spec"]
    assert worker["securityContext"]["runAsUser"] == 10001
    assert worker["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is True
    assert worker["containers"][0]["resources"]["limits"]
    assert worker["hostNetwork"] is True
    assert not {"livenessProbe", "ports", "envFrom"} & worker["containers"][0].keys()


def test_each_has_a_tmp_of_its_own(found: list[Manifest]) -> None:
    pods = as_pods(found, example=EXAMPLE, settings=SETTINGS)
    for name, pod in pods.items():
        [volume] = pod["spec"]["volumes"]
        assert (volume["name"], "emptyDir" in volume) == (f"{name}-tmp", True)
        for container in pod["spec"]["containers"]:
            assert [each["name"] for each in container["volumeMounts"]] == [volume["name"]]


def test_a_secret_without_a_value_is_an_error(found: list[Manifest]) -> None:
    lacking = {key: value for key, value in SETTINGS.items() if key != "HFER_BROKER__URL"}
    with pytest.raises(KeyError, match="HFER_BROKER__URL"):
        as_pods(found, example=EXAMPLE, settings=lacking)
