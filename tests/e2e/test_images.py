"""The images without Docker: built by the Dockerfile's own lines, started, healthy, at work.

They come last (conftest.py), as they take the place of the stack's processes for good.
"""

import os
import subprocess
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from infra.docker.replay import REPOSITORY, Image, Replayer
from infra.local.http import get_json
from infra.local.processes import Program
from infra.local.stack import LocalStack
from tests.e2e.conftest import Cli
from tests.e2e.photos import sample_paths

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(900)]

FRAMEWORKS = {"torch", "torchvision", "tensorflow", "tensorflow-cpu", "keras", "facenet-pytorch"}
INFERENCE = {"openvino", "onnxruntime", "opencv-python-headless", "numba"}
# The stack's name of a process, and the image that takes its place.
TARGETS = {
    "maintenance": "maintenance",
    "ingest": "maintenance",
    "worker": "worker-cpu",
    "api": "api",
    "web": "web",
}


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Image]:
    replayer = Replayer(tmp_path_factory.mktemp("images"), quick=True)
    names = ("api", "maintenance", "migrate", "worker-cpu", "web")
    images = {name: replayer.build(name) for name in names}
    compile_for_children(images["worker-cpu"])
    return images


def compile_for_children(worker: Image) -> None:
    """Import what each child does: both would compile it, in the time that they have to come up."""
    script = (
        "import services.worker.tasks, services.vision.build,"
        " services.vision.detectors.retinaface_openvino"
    )
    subprocess.run(
        worker.argv(["python", "-c", script]),
        env={**os.environ, **worker.env, "PYTHONPATH": ""},
        cwd=worker.workdir,
        check=True,
    )


@pytest.fixture(scope="module")
def contained(stack: LocalStack, images: Mapping[str, Image]) -> Mapping[str, Image]:
    """The stack with each of our processes replaced by one from its image."""
    stack.start_web()
    children = stack.supervisor.children
    originals = {name: children[name].program for name in TARGETS}
    stack.supervisor.stop(*TARGETS)
    for name, target in TARGETS.items():
        stack.supervisor.start(contain(originals[name], images[target]))
    return images


def contain(program: Program, image: Image) -> Program:
    command = image.command if program.name != "ingest" else ["python", *program.argv[1:]]
    # As the image has it; what the stack says about addresses goes above, as compose's would.
    return replace(
        program,
        argv=image.argv(command),
        env={**image.env, **program.env, **own_pulse(program, image), "PYTHONPATH": ""},
        cwd=image.workdir,
    )


def own_pulse(program: Program, image: Image) -> dict[str, str]:
    """Two processes of one image are two containers: each has a /tmp of its own."""
    if "HFER_HEALTH__PULSE_FILE" not in image.env:
        return {}
    return {"HFER_HEALTH__PULSE_FILE": f"{image.env['HFER_HEALTH__PULSE_FILE']}-{program.name}"}


def probe(stack: LocalStack, image: Image, name: str) -> "subprocess.CompletedProcess[str]":
    """Run the image's HEALTHCHECK for a process, at the address or file that it has here."""
    port = urlsplit(stack.web_url if name == "web" else stack.url).port
    words = [
        word.replace(":8000/", f":{port}/").replace(":8001/", f":{port}/")
        for word in image.argv(image.healthcheck)
    ]
    words = [f"{word}-{name}" if word.endswith("hfer-pulse") else word for word in words]
    return subprocess.run(words, check=False, capture_output=True, text=True)


def wait_healthy(stack: LocalStack, image: Image, name: str, *, within_s: float = 120) -> None:
    program = Program(
        name=f"probe-{name}",
        argv=("sleep", "infinity"),
        ready=lambda: probe(stack, image, name).returncode == 0,
        ready_s=within_s,
    )
    stack.supervisor.start(program)
    stack.supervisor.stop(program.name)


def test_hold_what_they_need_and_no_framework(images: Mapping[str, Image]) -> None:
    for name, image in images.items():
        assert "pip" not in image.packages()
        assert not image.packages() & FRAMEWORKS, name
    assert images["worker-cpu"].packages() | {"onnxruntime"} >= INFERENCE
    assert not images["api"].packages() & INFERENCE
    assert "sqlalchemy" not in images["web"].packages()
    assert not (images["web"].workdir / "services" / "common").exists()


def test_migrations_and_the_page_key(stack: LocalStack, images: Mapping[str, Image]) -> None:
    superuser = stack.servers.postgres.superuser_url.replace("+psycopg", "")
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute("CREATE DATABASE replayed")
    url = urlsplit(stack.servers.postgres.superuser_url)._replace(path="/replayed").geturl()
    image = images["migrate"]
    environment: dict[str, Any] = {
        **image.env,
        "HFER_DATABASE__URL": url,
        "HFER_WEB__API_KEY": "hfer_prod_a-secret-of-enough-length",
    }
    for command in (image.command, ["python", "-m", "services.api.enrol"]):
        subprocess.run(image.argv(command), env=environment, cwd=image.workdir, check=True)
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        (count,) = connection.execute("SELECT count(*) FROM api_key").fetchone() or (0,)
    assert count == 1


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_is_healthy(stack: LocalStack, contained: Mapping[str, Image], name: str) -> None:
    wait_healthy(stack, contained[TARGETS[name]], name)


@pytest.mark.usefixtures("contained")
def test_tells_its_version(stack: LocalStack) -> None:
    version = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"]
    assert get_json(f"{stack.url}/version")["version"] == version


@pytest.mark.usefixtures("contained")
def test_they_analyse_a_photo(cli: Cli) -> None:
    shown = cli.run("submit", sample_paths()[0], "--wait", "--format", "jsonl").stdout
    assert '"status":"succeeded"' in shown.replace(" ", "")


def test_a_dead_one_is_not_healthy(stack: LocalStack, contained: Mapping[str, Image]) -> None:
    program = stack.supervisor.children["web"].program
    stack.supervisor.stop("web")
    assert probe(stack, contained["web"], "web").returncode == 1
    stack.supervisor.start(program)
    assert probe(stack, contained["web"], "web").returncode == 0
