"""``python -m infra.k8s``: render every overlay with kustomize and check what comes out.

The tests check the files as they stand and need no program; this shows that kustomize agrees.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from infra.k8s import rules, schema
from infra.k8s.tree import FOLDER, parse

TARGETS = ("namespace", "migrate", "overlays/cpu", "overlays/gpu")
EVERYTHING = "overlays/gpu with every component"
EX_UNAVAILABLE = 69


def main() -> int:
    """Check; 0 when all is well, 1 with findings, 69 without kustomize."""
    command = _kustomize()
    if command is None:
        print("error: needs `kustomize` or `kubectl` on the PATH", file=sys.stderr)
        return EX_UNAVAILABLE
    findings = [f"{name}: {each}" for name in TARGETS for each in check(command, FOLDER / name)]
    findings += [f"{EVERYTHING}: {each}" for each in check_everything(command)]
    for finding in findings:
        print(finding)
    print(f"{len(TARGETS) + 1} rendered, {len(findings)} findings")
    return 1 if findings else 0


def check(command: list[str], folder: Path) -> list[str]:
    """Render one kustomization; return what is wrong with it."""
    done = subprocess.run([*command, str(folder)], capture_output=True, text=True, check=False)
    if done.returncode:
        return [done.stderr.strip()]
    found = parse(done.stdout)
    # In the files an image is a bare name; rendering gives it a registry and a version.
    unsafe = [each for each in rules.unsafe_pods(found) if rules.VERSIONED not in each]
    return schema.invalid(found) + unsafe + rules.lost_selectors(found) + rules.wrong_ports(found)


def check_everything(command: list[str]) -> list[str]:
    """Render the GPU overlay with every component that an operator may switch on."""
    with tempfile.TemporaryDirectory(prefix="hfer-k8s-") as scratch:
        home = Path(scratch).resolve()
        components = sorted((FOLDER / "components").iterdir())
        kustomization = {
            "resources": [os.path.relpath(FOLDER / "overlays/gpu", home)],
            "components": [os.path.relpath(each, home) for each in components],
        }
        (home / "kustomization.yaml").write_text(json.dumps(kustomization))
        return check(command, home)


def _kustomize() -> list[str] | None:
    if shutil.which("kustomize"):
        return ["kustomize", "build"]
    return ["kubectl", "kustomize"] if shutil.which("kubectl") else None


if __name__ == "__main__":
    sys.exit(main())
