"""Rendered manifests as pods that podman runs on one host: what only a cluster has is taken off."""

from collections.abc import Mapping

from infra.k8s.tree import Manifest, containers_of, of_kind, pod_makers, pod_of

# Probes are for the kubelet, and on the host's network a port is open without being named.
_OF_CLUSTERS = ("envFrom", "lifecycle", "livenessProbe", "ports", "readinessProbe", "startupProbe")


def as_pods(
    found: list[Manifest], *, example: list[Manifest], settings: Mapping[str, str]
) -> dict[str, Manifest]:
    """Return a pod on the host's network for each Deployment and Job, by name.

    Args:
        found: as kustomize renders them.
        example: the Secrets that an operator makes, for the keys that each holds.
        settings: the value of every key of a Secret, and what holds in place of a setting.
    """
    sources = {each["metadata"]["name"]: list(each["stringData"]) for each in example}
    maps = {each["metadata"]["name"]: each["data"] for each in of_kind(found, "ConfigMap")}
    return {
        maker["metadata"]["name"]: _pod(maker, maps, sources, settings)
        for maker in pod_makers(found)
        if maker["kind"] != "CronJob"
    }


def _pod(
    maker: Manifest,
    maps: Mapping[str, Mapping[str, str]],
    secrets: Mapping[str, list[str]],
    settings: Mapping[str, str],
) -> Manifest:
    name = maker["metadata"]["name"]
    # Podman makes a volume of the host of an emptyDir: one for each pod, where all are called tmp.
    volumes = [
        {**each, "name": f"{name}-{each['name']}"} for each in pod_of(maker)["spec"]["volumes"]
    ]
    spec = {
        **pod_of(maker)["spec"],
        "volumes": volumes,
        "hostNetwork": True,
        "restartPolicy": "Never",  # what ends shall be seen
    }
    for container in containers_of(maker):
        values = _environment(container, maps, secrets, settings)
        container["env"] = [{"name": each, "value": value} for each, value in values.items()]
        for mount in container["volumeMounts"]:
            mount["name"] = f"{name}-{mount['name']}"
        for field in _OF_CLUSTERS:
            container.pop(field, None)
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": pod_of(maker)["metadata"]["labels"]},
        "spec": spec,
    }


def _environment(
    container: Manifest,
    maps: Mapping[str, Mapping[str, str]],
    secrets: Mapping[str, list[str]],
    settings: Mapping[str, str],
) -> dict[str, str]:
    """Resolve what a container reads, in Kubernetes' order; a key that is nowhere is a KeyError."""
    values: dict[str, str] = {}
    for source in container.get("envFrom", []):
        if "configMapRef" in source:
            values |= maps[source["configMapRef"]["name"]]
        else:
            values |= {key: settings[key] for key in secrets[source["secretRef"]["name"]]}
    for variable in container.get("env", []):
        key = variable.get("valueFrom", {}).get("secretKeyRef", {}).get("key")
        values[variable["name"]] = settings[key] if key else variable["value"]
    return {name: settings.get(name, value) for name, value in values.items()}
