"""Reads the manifests: as files for the tests, as kustomize renders them for a last look."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # no types

FOLDER = Path(__file__).parent
# Placeholders for the user to copy; no kustomization may apply them.
UNNAMED = frozenset({"secrets.example.yaml"})
# Kustomize's own: they describe no object.
INSTRUCTIONS = frozenset({"kustomization.yaml", "name-references.yaml"})

Manifest = dict[str, Any]


def read(path: Path) -> list[Manifest]:
    """Return the documents of a YAML file."""
    return parse(path.read_text())


def parse(text: str) -> list[Manifest]:
    """Return the documents of a YAML text."""
    # libyaml's: much quicker than the one in Python.
    documents = yaml.load_all(text, Loader=yaml.CSafeLoader)
    return [each for each in documents if each is not None]


def manifest_files(folder: Path = FOLDER) -> list[Path]:
    """Return every file of whole manifests: no instruction to kustomize, no patch."""
    return [
        path
        for path in sorted(folder.rglob("*.yaml"))
        if path.name not in INSTRUCTIONS and path.parent.name != "patches"
    ]


def manifests(folder: Path = FOLDER) -> list[Manifest]:
    """Return every manifest below ``folder``."""
    return [each for path in manifest_files(folder) for each in read(path)]


def of_kind(found: list[Manifest], *kinds: str) -> list[Manifest]:
    """Return those of some kinds."""
    return [each for each in found if each["kind"] in kinds]


def title(manifest: Manifest) -> str:
    """Return how a finding names a manifest: ``Deployment/api``."""
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


def pod_of(manifest: Manifest) -> Manifest:
    """Return the pod template of a Deployment, Job or CronJob."""
    spec = manifest["spec"]
    template: Manifest = spec.get("jobTemplate", {}).get("spec", spec)["template"]
    return template


def containers_of(manifest: Manifest) -> list[Manifest]:
    """Return the containers of a Deployment, Job or CronJob, those that run first included."""
    spec = pod_of(manifest)["spec"]
    return [*spec.get("initContainers", []), *spec["containers"]]


def pod_makers(found: list[Manifest]) -> list[Manifest]:
    """Return what makes pods."""
    return of_kind(found, "Deployment", "Job", "CronJob")


def settings_of_files(folder: Path = FOLDER) -> Iterator[tuple[str, str]]:
    """Yield every setting that an env file names, with the file's name."""
    for path in sorted(folder.rglob("*.env")):
        for line in path.read_text().splitlines():
            name, equals, _ = line.lstrip("#").partition("=")
            if equals and name.startswith("HFER_"):
                yield name, str(path.relative_to(folder))
