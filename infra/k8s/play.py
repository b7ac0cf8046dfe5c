"""The rendered pods on this host by podman: ``python -m infra.k8s.play --images hfer --tag local``.

No cluster is needed: podman starts what kustomize renders, beside servers of the local stack, and
the samples are analysed. So images, users, read-only roots, settings, the Secrets' keys and the
migration before the rest are tried. Services, probes, network policies, Ingress and KEDA are not.

It needs root, podman (4.3 and newer), kustomize or kubectl, and the images api, maintenance,
migrate, web and worker-cpu; what is missing is named, and the exit code is 69. With `--leave-out`
some are not needed, in place of the migration's this process brings the schema.
"""

import argparse
import json
import os
import resource
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from infra.k8s.__main__ import EX_UNAVAILABLE, RenderError, kustomize, render
from infra.k8s.pods import as_pods
from infra.k8s.tree import FOLDER, Manifest, read
from infra.local.console import Console
from infra.local.demo import submit
from infra.local.errors import LocalStackError
from infra.local.http import answers
from infra.local.paths import REPOSITORY
from infra.local.ports import LOOPBACK
from infra.local.stack import LocalStack, local_stack, storage_settings
from services.common.db.migrations import migrate
from services.common.storage import build_storage

# Pods and their images; a job needs the first two.
PODS = {
    "api": "api",
    "worker-cpu": "worker-cpu",
    "ingest": "maintenance",
    "maintenance": "maintenance",
    "migrate": "migrate",
    "web": "web",
}
OPTIONAL = tuple(PODS)[2:]
# A host that is itself a container has no systemd to ask for cgroups, and its root raises no limit.
CONFIGURATION = """\
[containers]
default_ulimits = ["nofile={files}:{files}", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
runtime = "runc"
"""
MAX_FILES = 65_536
PREFIX = "hfer-play-"  # no pod of the user has such a name
READY_S = 600.0
POLL_S = 1.0
INTERRUPTED = 130


class PlayError(Exception):
    """A pod did not do what it should; the message holds what it printed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Play; 0 when the samples were analysed, 1 when not, 69 when something is missing."""
    options = _parser().parse_args(arguments)
    console = Console()
    command = kustomize()
    images = {image for pod, image in PODS.items() if pod not in options.leave_out}
    names = [f"{options.images}/{image}:{options.tag}" for image in sorted(images)]
    if missing := _missing(names, command):
        for each in missing:
            print(f"missing: {each}", file=sys.stderr)
        return EX_UNAVAILABLE
    try:
        with tempfile.TemporaryDirectory(prefix="hfer-play-") as scratch:
            os.environ["CONTAINERS_CONF"] = str(_configuration(Path(scratch)))
            play(Path(scratch), command or [], options, console)
    except (PlayError, RenderError, LocalStackError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def play(scratch: Path, command: list[str], options: argparse.Namespace, console: Console) -> None:
    """Start servers and pods, analyse the samples, end all of it.

    Raises:
        PlayError: a pod ended, or was not ready in time.
    """
    started = time.monotonic()
    with local_stack(scratch / "local", console=Console(verbose=False)) as stack:
        stack.servers.start()
        build_storage(storage_settings(stack.environment)).ensure_bucket()
        pods = _pods(scratch, command, options, stack)
        if migration := pods.pop("migrate", None):
            with _played([migration], scratch / "migrate.yaml"):
                _wait(partial(_ended, migration), [migration], what="the end of the migration")
        else:
            migrate(stack.servers.postgres.url)
        console.say(f"Migrated after {time.monotonic() - started:.0f} s.")
        running = list(pods.values())
        urls = [f"{stack.url}/readyz", *([f"{stack.web_url}/healthz"] if "web" in pods else [])]
        with _played(running, scratch / "pods.yaml"):
            for url in urls:
                _wait(partial(answers, url), running, what=url)
            console.say(f"{', '.join(pods)}: ready after {time.monotonic() - started:.0f} s.")
            submit(stack, photos=[REPOSITORY / "samples"], out=scratch / "out")
    console.say(f"The samples are analysed after {time.monotonic() - started:.0f} s.")


def _configuration(scratch: Path) -> Path:
    """Write what podman shall do on this host, in place of its own defaults."""
    _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
    path = scratch / "containers.conf"
    path.write_text(CONFIGURATION.format(files=min(files, MAX_FILES)))
    return path


def _pods(
    scratch: Path, command: list[str], options: argparse.Namespace, stack: LocalStack
) -> dict[str, Manifest]:
    """Render migration and CPU overlay with this host's images; return their pods by name."""
    folder = scratch.resolve() / "kustomization"
    folder.mkdir()
    content = {
        "resources": [
            os.path.relpath(FOLDER / each, folder) for each in ("migrate", "overlays/cpu")
        ],
        "namePrefix": PREFIX,
        "namespace": "hfer",
        "configMapGenerator": [
            {
                "name": "hfer-settings",
                "behavior": "merge",
                "literals": ["HFER_STORAGE__SECURE=false"],  # the local stack's S3 on loopback
            }
        ],
        "images": [
            {
                "name": f"registry.example.org/hfer/{image}",
                "newName": f"{options.images}/{image}",
                "newTag": options.tag,
            }
            for image in sorted(set(PODS.values()))
        ],
    }
    (folder / "kustomization.yaml").write_text(json.dumps(content))
    key = f"hfer_local_{secrets.token_hex(24)}"
    settings = {
        **stack.environment,
        "HFER_WEB__API_KEY": key,
        "HFER_WEB__PASSWORD": key,
        "HFER_WEB__PUBLIC_URL": stack.web_url,
        "HFER_API__PUBLIC_URL": stack.url,
        "HFER_TELEMETRY__METRICS_HOST": LOOPBACK,
    }
    for name in ("HFER_WORKER__CONCURRENCY", "HFER_ENVIRONMENT", "HFER_TELEMETRY__FORMAT"):
        del settings[name]  # the manifests say
    example = read(FOLDER / "secrets.example.yaml")
    pods = as_pods(render(command, folder), example=example, settings=settings)
    return {name: pods[PREFIX + name] for name in PODS if name not in options.leave_out}


@contextmanager
def _played(pods: Sequence[Manifest], file: Path) -> Iterator[None]:
    """Run pods until the end of the block; a failure in it shows their last lines."""
    file.touch(mode=0o600)
    file.write_text("\n---\n".join(json.dumps(pod) for pod in pods))
    try:
        _podman("kube", "play", str(file))
        yield
    except PlayError as error:
        logs = (_podman("pod", "logs", "--tail", "15", _name(pod), check=False) for pod in pods)
        raise PlayError("\n".join([str(error), *logs])) from error
    finally:
        _podman("kube", "down", str(file), check=False)


def _wait(done: Callable[[], bool], pods: Sequence[Manifest], *, what: str) -> None:
    until = time.monotonic() + READY_S
    while not done():
        if failed := [state for pod in pods for state in _states(pod) if state["ExitCode"]]:
            raise PlayError(f"{failed[0]['Names'][0]} ended with {failed[0]['ExitCode']}")
        if time.monotonic() > until:
            raise PlayError(f"{what} was not there after {READY_S:.0f} s")
        time.sleep(POLL_S)


def _ended(pod: Manifest) -> bool:
    """Tell whether every container but podman's own has ended well."""
    states = _states(pod)
    return bool(states) and all(each["Exited"] and not each["ExitCode"] for each in states)


def _states(pod: Manifest) -> list[Manifest]:
    """Return what podman says of the containers of a pod, its own left out."""
    listed = _podman("ps", "--all", "--format", "json", "--filter", f"pod={_name(pod)}")
    found: list[Manifest] = json.loads(listed)
    return [each for each in found if not each["IsInfra"]]


def _name(pod: Manifest) -> str:
    name: str = pod["metadata"]["name"]
    return name


def _podman(*arguments: str, check: bool = True) -> str:
    done = subprocess.run(["podman", *arguments], capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise PlayError(f"podman {' '.join(arguments[:2])}: {done.stderr.strip()}")
    return done.stdout + done.stderr if not check else done.stdout


def _missing(images: Sequence[str], command: list[str] | None) -> list[str]:
    """Name what this host lacks."""
    missing = [] if command else ["kustomize, or kubectl"]
    if os.geteuid() != 0:
        missing.append("root")
    if shutil.which("podman") is None:
        return [*missing, "podman (Debian: apt install podman runc catatonit)"]
    return missing + [
        f"the image {name}, as docker build -f infra/docker/Dockerfile and podman load bring it"
        for name in images
        if subprocess.run(["podman", "image", "exists", name], check=False).returncode
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra.k8s.play",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--images", default="hfer", help="what precedes /api in the images' names")
    parser.add_argument("--tag", default="local", help="of all of them")
    parser.add_argument(
        "--leave-out", nargs="*", default=[], choices=OPTIONAL, help="pods that are not started"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
