"""The Dockerfile is read as Docker reads it, as far as ours goes."""

import re
from pathlib import Path

import pytest

from infra.docker.dockerfile import (
    DOCKERFILE,
    DockerfileError,
    Instruction,
    lineage,
    read_stages,
)

TEXT = """# a comment
ARG BASE=python:3
FROM ${BASE} AS build
# why
RUN one \\
    && two
FROM build AS deps
COPY a b
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "Dockerfile"
    path.write_text(TEXT)
    return path


def test_joins_lines_and_drops_comments(path: Path) -> None:
    assert read_stages(path)["build"].instructions == (Instruction("RUN", "one && two"),)


def test_a_stage_stands_on_others(path: Path) -> None:
    assert [stage.name for stage in lineage(read_stages(path), "deps")] == ["build", "deps"]


def test_refuses_what_it_does_not_understand(path: Path) -> None:
    path.write_text(TEXT + "ADD http://example.org/x /x\n")
    with pytest.raises(DockerfileError, match="ADD"):
        read_stages(path)


def test_names_the_stages_there_are(path: Path) -> None:
    with pytest.raises(DockerfileError, match="build, deps"):
        lineage(read_stages(path), "wen")


def test_a_build_asks_docker_hub_for_no_parser() -> None:
    assert re.findall(r"(?m)^#\s*syntax\s*=.*", DOCKERFILE.read_text()) == []


SHIPPED = (
    "api",
    "maintenance",
    "migrate",
    "backup",
    "worker-cpu",
    "worker-gpu",
    "trainer-gpu",
    "web",
)


@pytest.mark.parametrize("target", SHIPPED)
class TestShipped:
    def words(self, target: str, word: str) -> list[str]:
        stages = lineage(read_stages(DOCKERFILE), target)
        return [each.rest for stage in stages for each in stage.instructions if each.word == word]

    def test_runs_as_nobody_in_particular(self, target: str) -> None:
        assert self.words(target, "USER")[-1] == "10001:10001"

    def test_installs_nothing_itself(self, target: str) -> None:
        assert [line for line in self.words(target, "RUN") if "pip --python" in line] == []

    def test_stands_on_a_pinned_image(self, target: str) -> None:
        (lowest, *_) = lineage(read_stages(DOCKERFILE), target)
        assert lowest.base == "${PYTHON_IMAGE}"

    def test_says_how_its_health_is_seen(self, target: str) -> None:
        told = self.words(target, "HEALTHCHECK")
        assert len(told) == 1
        assert (told == ["NONE"]) == (target in {"migrate", "backup", "trainer-gpu"})
