"""What Compose refuses although its schema allows it.

``python -m infra.docker.compose_rules FILE…`` is one of the checkers of `scripts/check_infra.py`.
The schema looks at one field at a time. Compose itself compares fields, and from 2.26 (March 2024)
on it starts nothing when the two spellings of one bound differ; one that is left out counts as
another value. So a bound stands in ``deploy`` alone.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # no types

# The old spelling of a bound, and its name among deploy.resources.limits.
TWICE = {"pids_limit": "pids", "mem_limit": "memory", "cpus": "cpus"}


def refused(project: Mapping[str, Any]) -> list[str]:
    """Return what Compose would refuse in a file, a sentence each; none is good news."""
    services = project.get("services", {})
    return [f"{name}: {fault}" for name, told in services.items() for fault in _faults(told)]


def _faults(service: Mapping[str, Any]) -> Iterator[str]:
    limits = service.get("deploy", {}).get("resources", {}).get("limits")
    for old, name in TWICE.items():
        if old in service and limits is not None:
            yield f"{old} beside deploy.resources.limits: write limits.{name} instead"
    if "network_mode" in service and "networks" in service:
        yield "network_mode beside networks: write one of them"


def main(files: Sequence[str]) -> int:
    """Check files; 1 when one of them would be refused."""
    findings = [
        f"{file}: {fault}"
        for file in files
        for fault in refused(yaml.safe_load(Path(file).read_text()))
    ]
    for finding in findings:
        print(finding)
    return int(bool(findings))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
