"""Kustomizations against the files beside them."""

from pathlib import Path

from infra.k8s.tree import FOLDER, UNNAMED, Manifest, containers_of, pod_makers, read


def missing_files(folder: Path = FOLDER) -> list[str]:
    """Find what a kustomization names and nobody wrote."""
    return [
        f"{kustomization.relative_to(folder)}: {name}"
        for kustomization in sorted(folder.rglob("kustomization.yaml"))
        for name in _named(kustomization)
        if not (kustomization.parent / name).exists()
    ]


def forgotten_files(folder: Path = FOLDER) -> list[str]:
    """Find manifests, patches and env files that no kustomization names."""
    named = {
        (kustomization.parent / name).resolve()
        for kustomization in folder.rglob("kustomization.yaml")
        for name in _named(kustomization)
    }
    return [
        str(path.relative_to(folder))
        for path in sorted([*folder.rglob("*.yaml"), *folder.rglob("*.env")])
        if path.name not in UNNAMED | {"kustomization.yaml"} and path.resolve() not in named
    ]


def baseless_patches(folder: Path = FOLDER) -> list[str]:
    """Find patches of what the base does not have: kustomize would refuse to render them."""
    base = {_identity(each) for path in (folder / "base").glob("*.yaml") for each in read(path)}
    return [
        f"{path.relative_to(folder)}: {'/'.join(_identity(patch))}"
        for path in sorted(folder.rglob("patches/*.yaml"))
        for patch in read(path)
        if _identity(patch) not in base
    ]


def unnamed_images(found: list[Manifest], folder: Path = FOLDER) -> list[str]:
    """Find images of containers that ``images/`` does not give a registry and a version."""
    given = {each["name"] for each in _load(folder / "images/kustomization.yaml")["images"]}
    used = {container["image"] for maker in pod_makers(found) for container in containers_of(maker)}
    return sorted(used - given)


def _named(kustomization: Path) -> list[str]:
    content = _load(kustomization)
    return [
        *content.get("resources", []),
        *content.get("components", []),
        *(patch["path"] for patch in content.get("patches", [])),
        *(name for each in content.get("configMapGenerator", []) for name in each["envs"]),
    ]


def _identity(manifest: Manifest) -> tuple[str, ...]:
    name = manifest.get("metadata", {}).get("name", "")
    return (manifest.get("apiVersion", ""), manifest.get("kind", ""), name)


def _load(path: Path) -> Manifest:
    return read(path)[0]
