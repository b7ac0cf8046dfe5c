"""Objects that name each other, by one table for what Kubernetes, KEDA and our settings say."""

from collections import Counter
from collections.abc import Collection, Iterator

from infra.k8s.tree import Manifest, containers_of, of_kind, pod_makers, pod_of, title


def dangling(found: list[Manifest], *, secrets: Collection[str]) -> list[str]:
    """Find what names an object that is not there: ``ScaledObject/x: Deployment/y``.

    Args:
        found: manifests as kustomize renders them, with the ConfigMaps that it generates.
        secrets: names of the Secrets that an operator makes by hand.
    """
    present = {title(each) for each in found} | {f"Secret/{name}" for name in secrets}
    return sorted(
        {
            f"{title(each)}: {kind}/{name}"
            for each in found
            for kind, name in _named_by(each)
            if f"{kind}/{name}" not in present
        }
    )


def scattered(found: list[Manifest]) -> list[str]:
    """Find manifests out of the namespace that most are in: they would not reach the others."""
    homes = {
        title(each): each["metadata"].get("namespace", "no namespace")
        for each in found
        if each["kind"] != "Namespace"
    }
    usual = [home for home, _ in Counter(homes.values()).most_common(1)]
    return [f"{name} is in {home}" for name, home in homes.items() if home not in usual]


def _named_by(manifest: Manifest) -> Iterator[tuple[str, str]]:
    """Yield kind and name of every object that a manifest names."""
    spec = manifest.get("spec", {})
    if manifest["kind"] == "ScaledObject":
        yield "Deployment", spec["scaleTargetRef"]["name"]
        for trigger in spec["triggers"]:
            yield "TriggerAuthentication", trigger["authenticationRef"]["name"]
    if manifest["kind"] == "TriggerAuthentication":
        yield from (("Secret", each["name"]) for each in spec["secretTargetRef"])
    if manifest["kind"] == "Ingress":
        for rule in spec["rules"]:
            for path in rule["http"]["paths"]:
                yield "Service", path["backend"]["service"]["name"]
    if pod_makers([manifest]):
        yield from _named_by_pods(manifest)


def _named_by_pods(maker: Manifest) -> Iterator[tuple[str, str]]:
    for volume in pod_of(maker)["spec"].get("volumes", []):
        if "persistentVolumeClaim" in volume:
            yield "PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]
    for container in containers_of(maker):
        for source in container.get("envFrom", []):
            for reference, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
                if reference in source:
                    yield kind, source[reference]["name"]
        for variable in container.get("env", []):
            if variable["name"].endswith("_SERVICE"):
                yield "Service", variable["value"]
            if secret := variable.get("valueFrom", {}).get("secretKeyRef"):
                yield "Secret", secret["name"]


def secrets_by_hand(example: list[Manifest]) -> set[str]:
    """Return the names of the Secrets that ``secrets.example.yaml`` tells an operator to make."""
    return {each["metadata"]["name"] for each in of_kind(example, "Secret")}
