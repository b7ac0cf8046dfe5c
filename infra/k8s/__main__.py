"""``python -m infra.k8s``: render every overlay with kustomize and check what comes out.

The tests check the files as they stand and need no program; this shows that kustomize agrees.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.k8s import rules, schema
from infra.k8s.references import dangling, scattered, secrets_by_hand
from infra.k8s.tree import FOLDER, Manifest, parse, read

TARGETS = ("namespace", "migrate", "overlays/cpu", "overlays/gpu")
EVERYTHING = "overlays/gpu with every component"
EX_UNAVAILABLE = 69


def main() -> int:
    """Check; 0 when all is well, 1 with findings, 69 without kustomize."""
    command = kustomize()
    if command is None:
        print("error: needs `kustomize` or `kubectl` on the PATH", file=sys.stderr)
        return EX_UNAVAILABLE
    results = {name: check(command, FOLDER / name) for name in TARGETS}
    results[EVERYTHING] = check_everything(command)
    results[f"{EVERYTHING}, with a prefix"] = check_everything(command, namePrefix="lab-")
    findings = [f"{name}: {each}" for name, found in results.items() for each in found]
    for finding in findings:
        print(finding)
    print(f"{len(results)} rendered, {len(findings)} findings")
    return 1 if findings else 0


def check(command: list[str], folder: Path) -> list[str]:
    """Render one kustomization; return what is wrong with it."""
    try:
        found = render(command, folder)
    except RenderError as error:
        return [str(error)]
    # In the files an image is a bare name; rendering gives it a registry and a version.
    unsafe = [each for each in rules.unsafe_pods(found) if rules.VERSIONED not in each]
    secrets = secrets_by_hand(read(FOLDER / "secrets.example.yaml"))
    return [
        *schema.invalid(found),
        *unsafe,
        *rules.lost_selectors(found),
        *rules.wrong_ports(found),
        *dangling(found, secrets=secrets),
        *scattered(found),
    ]


def check_everything(command: list[str], **fields: str) -> list[str]:
    """Check what `everything` describes."""
    with everything(**fields) as folder:
        return check(command, folder)


@contextmanager
def everything(**fields: str) -> Iterator[Path]:
    """Make a kustomization of the GPU overlay and every component, in a namespace of its own.

    Args:
        fields: what an operator's own adds, such as ``namePrefix="lab-"``.
    """
    with tempfile.TemporaryDirectory(prefix="hfer-k8s-") as scratch:
        home = Path(scratch).resolve()
        components = sorted((FOLDER / "components").iterdir())
        kustomization = {
            "resources": [os.path.relpath(FOLDER / "overlays/gpu", home)],
            "components": [os.path.relpath(each, home) for each in components],
            "namespace": "lab",
            **fields,
        }
        (home / "kustomization.yaml").write_text(json.dumps(kustomization))
        yield home


def render(command: list[str], folder: Path) -> list[Manifest]:
    """Return the manifests of a kustomization.

    Raises:
        RenderError: kustomize refused it; the message is its own.
    """
    done = subprocess.run([*command, str(folder)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RenderError(done.stderr.strip())
    return parse(done.stdout)


def kustomize() -> list[str] | None:
    """Return the command that renders, None where there is neither of the two programs."""
    if shutil.which("kustomize"):
        return ["kustomize", "build"]
    return ["kubectl", "kustomize"] if shutil.which("kubectl") else None


class RenderError(Exception):
    """Kustomize could not render a folder."""


if __name__ == "__main__":
    sys.exit(main())
