"""An image holds every room of ``services`` that the programs started in it import."""

import re
from pathlib import Path

import pytest

from infra.docker.dockerfile import DOCKERFILE, lineage, read_stages
from scripts.rooms import imports_of

ROOT = Path(__file__).parents[2]
# Started in these images: by the image itself, by compose or by Kubernetes. An old module name
# works for one release.
PROGRAMS = [
    ("api", "services.api"),
    ("maintenance", "services.maintenance"),
    ("maintenance", "services.ingest"),
    ("maintenance", "services.worker.maintenance"),
    ("maintenance", "services.worker.ingest"),
    ("migrate", "services.api.enrol"),
    ("backup", "services.backup"),
    ("worker-cpu", "services.worker"),
    ("worker-gpu", "services.worker"),
    ("trainer-gpu", "services.trainer"),
    ("web", "services.web"),
]


@pytest.fixture(scope="module")
def imports() -> dict[str, set[str]]:
    return imports_of(ROOT)


def needed(imports: dict[str, set[str]], program: str) -> set[str]:
    """Return the top folders of ``services`` that a program reaches by imports."""
    seen: set[str] = set()
    ahead = {program, f"{program}.__main__"} & imports.keys()
    assert ahead, f"no module {program}"
    while ahead:
        seen |= ahead
        ahead = {target for module in ahead for target in imports[module]} - seen
    return {module.split(".")[1] for module in seen if "." in module}


@pytest.mark.parametrize(("image", "program"), PROGRAMS)
def test_an_image_holds_what_its_programs_import(
    imports: dict[str, set[str]], image: str, program: str
) -> None:
    copied = {
        folder
        for stage in lineage(read_stages(DOCKERFILE), image)
        for each in stage.instructions
        if each.word == "COPY"
        for folder in re.findall(r"\sservices/(\w+)(?:/\w+)?$", each.rest)
    }
    assert needed(imports, program) <= copied


def test_every_started_module_is_known() -> None:
    text = "".join(
        path.read_text()
        for path in [DOCKERFILE, ROOT / "docker-compose.yml", *ROOT.glob("infra/k8s/**/*.yaml")]
    )
    started = set(re.findall(r'"-m", "(services[\w.]*)"', text))
    assert started <= {program for _, program in PROGRAMS}
