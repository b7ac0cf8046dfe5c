"""What `docker compose config` of Compose 2.26.1 refused is found."""

from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]  # no types

from infra.docker.compose_rules import TWICE, main, refused

ROOT = Path(__file__).parents[3]
DEPLOY = {"resources": {"limits": {"memory": "1g"}}}


@pytest.mark.parametrize("old", TWICE)
def test_a_bound_in_both_places_is_found(old: str) -> None:
    [fault] = refused({"services": {"api": {old: 1, "deploy": DEPLOY}}})
    assert fault.startswith(f"api: {old} beside deploy.resources.limits: write limits.")


def test_a_network_mode_beside_networks_is_found() -> None:
    service = {"network_mode": "none", "networks": ["edge"]}
    assert refused({"services": {"api": service}}) == [
        "api: network_mode beside networks: write one of them"
    ]


def test_the_old_spelling_alone_is_none_of_it() -> None:
    assert refused({"services": {"api": {"pids_limit": 512}}}) == []


def test_the_file_with_a_fault_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    file = tmp_path / "docker-compose.yml"
    file.write_text(yaml.safe_dump(project))
    assert main([str(file)]) == 0
    project["services"]["worker-cpu"]["pids_limit"] = 512
    file.write_text(yaml.safe_dump(project))
    assert main([str(file)]) == 1
    assert f"{file}: worker-cpu: pids_limit" in capsys.readouterr().out
