"""What deployment files hand to our processes exists in the settings classes, by name and value."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel, TypeAdapter

from services.common.config import Settings
from services.web.settings import WebSettings

ROOT = Path(__file__).parents[2]
VARIABLE = re.compile(r"\bHFER_[A-Z][A-Z0-9_]*\b")
# Of the client on a user's machine, and where compose finds our images: no process reads them.
NOT_SETTINGS = {"HFER_IMAGES", "HFER_TAG", "HFER_URL", "HFER_API_KEY"}


def fields(model: type[BaseModel], head: str) -> Iterator[tuple[str, Any]]:
    for name, field in model.model_fields.items():
        variable = f"{head}{name.upper()}"
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from fields(field.annotation, f"{variable}__")
        else:
            yield variable, field


SETTINGS = {**dict(fields(Settings, "HFER_")), **dict(fields(WebSettings, "HFER_WEB__"))}


def deployment_files() -> list[Path]:
    manifests = [path for path in (ROOT / "infra").rglob("*.y*ml") if path.is_file()]
    shells = sorted((ROOT / "infra").rglob("*.sh"))
    named = ("docker-compose.yml", ".env.example", "infra/docker/Dockerfile")
    return [*(ROOT / name for name in named), *sorted(manifests), *shells]


def compose_services() -> Mapping[str, Any]:
    services: Mapping[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())[
        "services"
    ]
    return services


@pytest.mark.parametrize("path", deployment_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_variable_is_a_setting(path: Path) -> None:
    named = set(VARIABLE.findall(path.read_text()))
    assert named - SETTINGS.keys() - NOT_SETTINGS == set()


@pytest.mark.parametrize("service", sorted(compose_services()))
def test_compose_gives_values_that_fit(service: str) -> None:
    given = compose_services()[service].get("environment", {})
    for name, value in given.items():
        # Without a value compose passes on what .env has, ${…} comes from there as well.
        if name.startswith("HFER_") and value is not None and "${" not in str(value):
            field = SETTINGS[name]
            TypeAdapter(field.annotation).validate_python(value)


class TestCompose:
    def test_has_no_default_for_a_secret(self) -> None:
        text = (ROOT / "docker-compose.yml").read_text()
        secret = r"\$\{(\w*(?:PASSWORD|SECRET|KEY|KEYS)\w*)([^}]*)\}"
        found = re.findall(secret, text)
        assert len(found) > 5
        loose = {name for name, rest in found if not rest.startswith(":?")}
        assert loose == set()

    def test_publishes_the_api_and_the_page_only(self) -> None:
        published = {name for name, service in compose_services().items() if "ports" in service}
        assert published == {"api", "web"}

    @pytest.mark.parametrize("service", sorted(compose_services()))
    def test_locks_every_container_down(self, service: str) -> None:
        told = compose_services()[service]
        assert told["read_only"] is True
        assert told["cap_drop"] == ["ALL"]
        assert told["security_opt"] == ["no-new-privileges:true"]
        assert told["deploy"]["resources"]["limits"].keys() >= {"memory", "pids"}
        assert "restart" in told
        assert "privileged" not in told

    def test_what_fetches_foreign_urls_reaches_no_broker(self) -> None:
        services = compose_services()
        assert set(services["ingest"]["networks"]) & set(services["redis"]["networks"]) == set()
        assert "egress" not in services["api"]["networks"]
        assert "egress" not in services["worker-cpu"]["networks"]
        inside = {"postgres", "redis", "minio"}
        networks = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["networks"]
        for name in inside:
            for network in services[name]["networks"]:
                assert networks[network] == {"internal": True}, (name, network)

    def test_each_process_reaches_the_database_as_itself(self) -> None:
        urls = {
            name: service["environment"]["HFER_DATABASE__URL"]
            for name, service in compose_services().items()
            if "HFER_DATABASE__URL" in service.get("environment", {})
        }
        found = {name: re.findall(r"//(\w+):\$\{(\w+):", url) for name, url in urls.items()}
        assert found == {
            name: [(f"hfer_{role}", f"POSTGRES_{role.upper()}_PASSWORD")]
            for name, role in {
                "migrate": "owner",
                "backup": "owner",
                "enrol": "api",
                "api": "api",
                "maintenance": "maintenance",
                "ingest": "ingest",
                "worker-cpu": "worker",
                "worker-gpu": "worker",
            }.items()
        }

    def test_gives_a_worker_longer_to_drain_than_it_takes(self) -> None:
        for name in ("worker-cpu", "worker-gpu"):
            grace_s = int(compose_services()[name]["stop_grace_period"].removesuffix("s"))
            assert grace_s > Settings.model_fields["queue"].default.soft_shutdown_s + 2

    def test_names_only_targets_that_the_dockerfile_has(self) -> None:
        stages = re.findall(
            r"^FROM \S+ AS (\S+)$",
            (ROOT / "infra/docker/Dockerfile").read_text(),
            re.MULTILINE,
        )
        targets = {
            service["build"]["target"]
            for service in compose_services().values()
            if "build" in service
        }
        assert targets <= set(stages)
        assert len(targets) == 8
