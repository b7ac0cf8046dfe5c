"""Manifests against the schemas of Kubernetes, strictly, and against ours for foreign kinds."""

import kubernetes_validate  # type: ignore[import-untyped]  # no types

from infra.k8s.tree import Manifest, title

VERSION = "1.37"
# Their schemas come with their operators, not with Kubernetes.
FOREIGN = frozenset({"keda.sh/v1alpha1", "monitoring.coreos.com/v1"})
_FIELDS: dict[str, frozenset[str]] = {
    "ScaledObject": frozenset(
        {
            "advanced",
            "cooldownPeriod",
            "maxReplicaCount",
            "minReplicaCount",
            "pollingInterval",
            "scaleTargetRef",
            "triggers",
        }
    ),
    "TriggerAuthentication": frozenset({"secretTargetRef"}),
    "ServiceMonitor": frozenset({"endpoints", "selector"}),
    "PodMonitor": frozenset({"jobLabel", "podMetricsEndpoints", "selector"}),
}
_METADATA = frozenset({"query", "targetQueryValue", "activationTargetQueryValue"})


def invalid(found: list[Manifest]) -> list[str]:
    """Find manifests that their API would refuse, or whose unknown fields it would drop."""
    return [f"{title(each)}: {fault}" for each in found for fault in _faults(each)]


def _faults(manifest: Manifest) -> list[str]:
    if manifest["apiVersion"] in FOREIGN:
        return _foreign_faults(manifest)
    try:
        kubernetes_validate.validate(manifest, VERSION, strict=True)
    except kubernetes_validate.ValidationError as error:
        return [str(error.message)]
    except kubernetes_validate.SchemaNotFoundError:
        return ["no such kind"]
    return []


def _foreign_faults(manifest: Manifest) -> list[str]:
    known = _FIELDS.get(manifest["kind"])
    if known is None:
        return ["no such kind"]
    faults = [f"unknown field {name}" for name in sorted(manifest["spec"].keys() - known)]
    for trigger in manifest["spec"].get("triggers", []):
        metadata = trigger["metadata"]
        faults += [f"unknown field {name}" for name in sorted(metadata.keys() - _METADATA)]
        if trigger["type"] != "postgresql" or not {"query", "targetQueryValue"} <= metadata.keys():
            faults.append("a trigger is no complete postgresql trigger")
        if not all(isinstance(value, str) for value in metadata.values()):
            faults.append("metadata of a trigger holds only strings")
    return faults
