"""What every manifest keeps to. Each rule returns its findings; none is good news."""

import re
from collections.abc import Iterator

from infra.k8s.tree import Manifest, containers_of, of_kind, pod_makers, pod_of, title

GRACE_S = 60
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
# Their pods end by themselves; what a CronJob makes, a backup, stays behind on a volume.
ENDING = ("Job", "CronJob")
VERSIONED = "names a registry or a version"


def unsafe_pods(found: list[Manifest]) -> list[str]:
    """Find pods that ask for more than they need, or do not say what they need."""
    return [f"{title(maker)}: {fault}" for maker in pod_makers(found) for fault in _faults(maker)]


def _faults(maker: Manifest) -> Iterator[str]:
    spec = pod_of(maker)["spec"]
    context = spec.get("securityContext", {})
    checks = {
        "runs as root": context.get("runAsNonRoot") is True and context.get("runAsUser", 0) > 0,
        "has no seccomp profile": context.get("seccompProfile") == {"type": "RuntimeDefault"},
        "holds a token of the cluster": spec.get("automountServiceAccountToken") is False,
        f"has no grace of {GRACE_S} s": spec.get("terminationGracePeriodSeconds") == GRACE_S,
        "is not spread over nodes": maker["kind"] in ENDING or "topologySpreadConstraints" in spec,
        "shares a namespace of its node": not spec.keys() & {"hostNetwork", "hostPID", "hostIPC"},
        "mounts what is no emptyDir": all(
            "emptyDir" in each or (maker["kind"] == "CronJob" and "persistentVolumeClaim" in each)
            for each in spec.get("volumes", [])
        ),
    }
    yield from (fault for fault, fine in checks.items() if not fine)
    for container in containers_of(maker):
        yield from _container_faults(container, probed=maker["kind"] not in ENDING)


def _container_faults(container: Manifest, *, probed: bool) -> Iterator[str]:
    context = container.get("securityContext", {})
    resources = container.get("resources", {})
    mounts = {mount["mountPath"] for mount in container.get("volumeMounts", [])}
    checks = {
        "may gain privileges": context.get("allowPrivilegeEscalation") is False,
        "can write its root": context.get("readOnlyRootFilesystem") is True,
        "keeps capabilities": context.get("capabilities") == {"drop": ["ALL"]},
        "has no /tmp": "/tmp" in mounts,  # noqa: S108 - a volume of the pod's own
        "does not say what it needs": resources.get("requests", {}).keys() >= {"cpu", "memory"},
        "has no bound of memory": "memory" in resources.get("limits", {}),
        "lacks a probe": not probed or all(probe in container for probe in PROBES),
        VERSIONED: re.fullmatch(r"hfer/[a-z-]+", container["image"]),
    }
    yield from (fault for fault, fine in checks.items() if not fine)


def lost_selectors(found: list[Manifest]) -> list[str]:
    """Find selectors that select no pod, and Deployments that do not select their own."""
    pods = [pod_of(maker)["metadata"]["labels"] for maker in pod_makers(found)]
    lost = [
        title(maker)
        for maker in of_kind(found, "Deployment")
        if not matches(maker["spec"]["selector"], pod_of(maker)["metadata"]["labels"])
    ]
    for each in of_kind(found, "Service", "PodDisruptionBudget", "ServiceMonitor", "PodMonitor"):
        selector = each["spec"]["selector"]
        if each["kind"] == "Service":
            selector = {"matchLabels": selector}
        if not any(matches(selector, labels) for labels in pods):
            lost.append(title(each))
    return lost


def wrong_ports(found: list[Manifest]) -> list[str]:
    """Find Services and probes that name a port which their pods do not have."""
    wrong = []
    for maker in of_kind(found, "Deployment"):
        labels = pod_of(maker)["metadata"]["labels"]
        containers = pod_of(maker)["spec"]["containers"]
        open_ports = {port["name"] for each in containers for port in each.get("ports", [])}
        asked = {
            each[probe]["httpGet"]["port"]
            for each in containers
            for probe in PROBES
            if "httpGet" in each.get(probe, {})
        }
        for service in of_kind(found, "Service"):
            if matches({"matchLabels": service["spec"]["selector"]}, labels):
                asked |= {port["targetPort"] for port in service["spec"]["ports"]}
        wrong += [f"{title(maker)}: {port}" for port in sorted(asked - open_ports)]
    return wrong


def matches(selector: Manifest, labels: dict[str, str]) -> bool:
    """Whether a selector with ``matchLabels`` and ``In`` expressions selects these labels."""
    return selector.get("matchLabels", {}).items() <= labels.items() and all(
        each["operator"] == "In" and labels.get(each["key"]) in each["values"]
        for each in selector.get("matchExpressions", [])
    )
