"""Check the files that no compiler reads: Dockerfile, compose, Kubernetes, CI, shell, rules.

``make check-infra``: every checker at once, offline, a line for each; what a failed one said is
printed below. ``check_infra.py ROOT`` checks another tree.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

# Beside the interpreter that runs this: the environment of requirements/dev.txt.
BIN = Path(sys.executable).parent
# Kinds that the schemas of Kubernetes itself know; others belong to operators such as KEDA.
KUBERNETES = re.compile(
    r"(v1|(apps|batch|policy|autoscaling|(networking|rbac\.authorization)\.k8s\.io)/v\d\w*)$"
)
_API_VERSION = re.compile(r"^apiVersion:\s*[\"']?([^\s\"']+)", re.MULTILINE)

Find: TypeAlias = Callable[[Path], Sequence[Path]]


@dataclass(frozen=True)
class Checker:
    """One program and what it looks at.

    Attributes:
        name: of the line in the report.
        command: program and options; the files follow.
        find: the files below a root; none means that there is nothing to check yet.
        optional: whether a machine without the program is well, as it comes from no wheel.
    """

    name: str
    command: tuple[str, ...]
    find: Find
    optional: bool = False


@dataclass(frozen=True)
class Verdict:
    """What a checker said; ``fault`` is its output, empty when all is well."""

    name: str
    note: str
    seconds: float
    fault: str = ""


def matching(*patterns: str) -> Find:
    """Return a search for globs below a root."""
    return lambda root: sorted({path for pattern in patterns for path in root.glob(pattern)})


def manifests(root: Path) -> Sequence[Path]:
    """Return the files of infra/k8s whose objects are all Kubernetes' own, and complete.

    A kustomize patch names only what it changes and would lack what its schema needs.
    """
    return [
        path
        for path in matching("infra/k8s/**/*.yaml")(root)
        if "patch" not in path.name
        and (versions := _API_VERSION.findall(path.read_text()))
        and all(KUBERNETES.match(version) for version in versions)
    ]


SCHEMA = ("check-jsonschema", "--builtin-schema")
COMPOSE = matching("docker-compose*.yml", "infra/docker/compose.*.yml")
WORKFLOWS = matching(".github/workflows/*.yml")
CHECKERS = (
    Checker("hadolint", ("hadolint", "--no-color"), matching("infra/docker/Dockerfile")),
    Checker("compose", (*SCHEMA, "vendor.compose-spec"), COMPOSE),
    Checker("compose-rules", ("python", "-m", "infra.docker.compose_rules"), COMPOSE),
    Checker("workflows", (*SCHEMA, "vendor.github-workflows"), WORKFLOWS),
    Checker("actionlint", ("actionlint", "-no-color"), WORKFLOWS),
    Checker("kubernetes", ("kubernetes-validate", "--strict"), manifests),
    Checker(
        "yamllint",
        ("yamllint", "--strict", "--config-file", ".yamllint"),
        matching("*.yml", ".pre-commit-config.yaml", ".github/**/*.yml", "infra/**/*.y*ml"),
    ),
    Checker("shellcheck", ("shellcheck",), matching("infra/**/*.sh", "scripts/*.sh", ".ci/run")),
    Checker(
        "promtool",
        ("promtool", "check", "rules"),
        matching("infra/prometheus/rules/*.y*ml"),
        optional=True,
    ),
)


def run(checker: Checker, root: Path) -> Verdict:
    """Run one checker over its files."""
    files = [str(path.relative_to(root)) for path in checker.find(root)]
    if not files:
        return Verdict(checker.name, "nothing to check", 0.0)
    # actionlint calls shellcheck on the scripts inside of workflows: both from the same place.
    path = f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"
    program = shutil.which(checker.command[0], path=path)
    if program is None:
        missing = f"{checker.command[0]} is not installed"
        if checker.optional:
            return Verdict(checker.name, f"left out: {missing}", 0.0)
        return Verdict(checker.name, "FAILED", 0.0, fault=f"{missing}; run `make check`\n")
    started = time.monotonic()
    done = subprocess.run(
        [program, *checker.command[1:], *files],
        cwd=root,
        env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - started
    if done.returncode:
        fault = done.stdout or f"returned {done.returncode} and printed nothing\n"
        return Verdict(checker.name, "FAILED", seconds, fault=fault)
    return Verdict(checker.name, f"ok, {len(files)} file{'s' if len(files) > 1 else ''}", seconds)


def main(arguments: Sequence[str]) -> int:
    """Run every checker; 1 when one of them found something."""
    root = Path(arguments[0] if arguments else __file__).resolve()
    root = root if arguments else root.parents[1]
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        verdicts = list(pool.map(lambda checker: run(checker, root), CHECKERS))
    for verdict in verdicts:
        print(f"{verdict.name:<14}{verdict.seconds:5.1f} s  {verdict.note}")
    for verdict in verdicts:
        if verdict.fault:
            print(f"\n--- {verdict.name} ---\n{verdict.fault}", end="")
    return int(any(verdict.fault for verdict in verdicts))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
