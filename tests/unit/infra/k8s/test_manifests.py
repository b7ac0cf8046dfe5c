"""The manifests as they stand keep every rule."""

import re
from pathlib import Path

import pytest

from infra.k8s import rules, schema
from infra.k8s.tree import (
    FOLDER,
    UNNAMED,
    Manifest,
    containers_of,
    manifests,
    of_kind,
    read,
    settings_of_files,
)
from tests.fixtures import k8s_checks
from tests.fixtures.settings_names import known_settings


@pytest.fixture(scope="module")
def found() -> list[Manifest]:
    return manifests()


@pytest.fixture(scope="module")
def example() -> list[Manifest]:
    return read(FOLDER / "secrets.example.yaml")


def test_there_is_one_deployment_for_each_part(found: list[Manifest]) -> None:
    assert {each["metadata"]["name"] for each in of_kind(found, "Deployment")} == {
        "api",
        "ingest",
        "maintenance",
        "web",
        "worker-cpu",
        "worker-gpu",
    }


def test_kubernetes_would_take_every_manifest(found: list[Manifest]) -> None:
    assert schema.invalid(found) == []


def test_every_pod_asks_for_no_more_than_it_needs(found: list[Manifest]) -> None:
    assert rules.unsafe_pods(found) == []


def test_every_selector_selects_a_pod(found: list[Manifest]) -> None:
    assert rules.lost_selectors(found) == []


def test_every_named_port_is_open(found: list[Manifest]) -> None:
    assert rules.wrong_ports(found) == []


def test_a_network_policy_speaks_for_every_pod(found: list[Manifest]) -> None:
    assert k8s_checks.unguarded_pods(found) == []


def test_every_deployment_has_a_disruption_budget(found: list[Manifest]) -> None:
    budgets = of_kind(found, "PodDisruptionBudget")
    assert {each["metadata"]["name"] for each in of_kind(found, "Deployment")} == {
        each["spec"]["selector"]["matchLabels"]["app.kubernetes.io/name"] for each in budgets
    }


def test_every_setting_exists(found: list[Manifest]) -> None:
    known = known_settings()
    assert k8s_checks.unknown_settings(found, known) == []
    assert [pair for pair in settings_of_files() if pair[0] not in known] == []


def test_every_image_gets_a_registry_and_a_version(found: list[Manifest]) -> None:
    assert k8s_checks.unnamed_images(found) == []


def test_kustomizations_and_files_agree() -> None:
    assert k8s_checks.missing_files() == []
    assert k8s_checks.forgotten_files() == []
    assert k8s_checks.baseless_patches() == []


class TestSecrets:
    def test_every_secret_that_a_pod_reads_is_in_the_example(
        self, found: list[Manifest], example: list[Manifest]
    ) -> None:
        text = "\n".join(path.read_text() for path in FOLDER.rglob("*.yaml"))
        read_by_pods = set(re.findall(r"secret(?:Key)?Ref: { name: ([\w-]+)", text))
        assert read_by_pods, "the pattern fits no more"
        assert {each["metadata"]["name"] for each in example} == read_by_pods | {"hfer-keda"}
        assert not [each for each in of_kind(found, "Secret") if each not in example]

    def test_the_example_works_nowhere(self, example: list[Manifest]) -> None:
        values = {value for each in example for value in each["stringData"].values()}
        assert values == {"REPLACE-ME"}

    def test_the_page_gets_nothing_that_reaches_a_server(self) -> None:
        text = (FOLDER / "base/web.yaml").read_text()
        assert re.findall(r"secretRef: { name: ([\w-]+)", text) == ["hfer-web"]

    def test_each_process_reaches_the_database_as_itself(self, found: list[Manifest]) -> None:
        named = {
            maker["metadata"]["name"]: [
                name
                for container in containers_of(maker)
                for source in container["envFrom"]
                if (name := source.get("secretRef", {}).get("name", "")).startswith("hfer-database")
            ]
            for maker in of_kind(found, "Deployment")
        }
        assert named == {
            "api": ["hfer-database-api"],
            "ingest": ["hfer-database-ingest"],
            "maintenance": ["hfer-database-maintenance"],
            "web": [],
            "worker-cpu": ["hfer-database-worker"],
            "worker-gpu": ["hfer-database-worker"],
        }


class TestNetwork:
    @pytest.fixture
    def policies(self, found: list[Manifest]) -> dict[str, Manifest]:
        return {each["metadata"]["name"]: each["spec"] for each in of_kind(found, "NetworkPolicy")}

    @pytest.mark.parametrize("name", ["ingest-to-internet", "webhooks-to-internet"])
    def test_the_internet_excludes_what_is_private(
        self, policies: dict[str, Manifest], name: str
    ) -> None:
        [rule] = policies[name]["egress"]
        v4, v6 = (each["ipBlock"] for each in rule["to"])
        private = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"}
        assert private | {"127.0.0.0/8", "100.64.0.0/10"} <= set(v4["except"])
        assert {"fc00::/7", "fe80::/10", "::1/128", "::ffff:0:0/96"} <= set(v6["except"])

    def test_only_ingest_and_webhooks_reach_it(self, policies: dict[str, Manifest]) -> None:
        anywhere = {
            name
            for name, spec in policies.items()
            for rule in spec.get("egress", [])
            for each in rule.get("to", [{"ipBlock": {"cidr": "0.0.0.0/0"}}])
            if each.get("ipBlock", {}).get("cidr") == "0.0.0.0/0"
        }
        # The migration reaches port 5432 and nothing else, wherever the database is.
        assert anywhere == {"ingest-to-internet", "webhooks-to-internet", "migrate-to-database"}
        assert policies["migrate-to-database"]["egress"][1]["ports"] == [
            {"protocol": "TCP", "port": 5432}
        ]

    def test_what_fetches_urls_does_not_reach_the_broker(
        self, policies: dict[str, Manifest]
    ) -> None:
        labels = {"app.kubernetes.io/name": "ingest"}
        assert rules.matches(policies["to-stores"]["podSelector"], labels)
        assert not rules.matches(policies["to-broker"]["podSelector"], labels)

    def test_the_page_reaches_the_api_alone(self, policies: dict[str, Manifest]) -> None:
        labels = {"app.kubernetes.io/name": "web"}
        out = {
            name
            for name, spec in policies.items()
            if "Egress" in spec["policyTypes"] and rules.matches(spec["podSelector"], labels)
        }
        assert out == {"default-deny", "to-dns", "web-to-api"}


class TestMigration:
    def test_gets_the_database_and_the_key_to_enrol(self) -> None:
        text = (FOLDER / "migrate/migrate.yaml").read_text()
        given = re.findall(r"secret(?:Key)?Ref: { name: ([\w-]+)", text)
        assert given == ["hfer-database-owner", "hfer-database-api", "hfer-web"]


class TestIngress:
    def test_publishes_no_metrics(self, found: list[Manifest]) -> None:
        [ingress] = of_kind(found, "Ingress")
        api = ingress["spec"]["rules"][0]["http"]["paths"]
        assert {each["backend"]["service"]["name"] for each in api} == {"api"}
        assert not {"/", "/metrics", "/readyz"} & {each["path"] for each in api}


class TestScaling:
    def test_gpu_workers_go_to_zero_and_cpu_workers_do_not(self, found: list[Manifest]) -> None:
        fewest = {
            each["metadata"]["name"]: each["spec"]["minReplicaCount"]
            for each in of_kind(found, "ScaledObject")
        }
        assert fewest == {"worker-cpu": 1, "worker-gpu": 0}

    def test_a_scaled_deployment_states_no_replicas(self, found: list[Manifest]) -> None:
        scaled = {each["metadata"]["name"] for each in of_kind(found, "ScaledObject")}
        stated = {
            each["metadata"]["name"]
            for each in of_kind(found, "Deployment")
            if "replicas" in each["spec"]
        }
        assert stated == {"api", "ingest", "maintenance", "web"}
        assert not scaled & stated

    def test_the_gpu_worker_asks_for_one_gpu(self) -> None:
        [worker] = read(FOLDER / "overlays/gpu/worker-gpu.yaml")
        [container] = worker["spec"]["template"]["spec"]["containers"]
        assert container["resources"]["limits"]["nvidia.com/gpu"] == "1"


def test_no_file_but_the_example_is_exempt() -> None:
    assert {"secrets.example.yaml"} == UNNAMED
    assert Path(FOLDER / "secrets.example.yaml").is_file()
