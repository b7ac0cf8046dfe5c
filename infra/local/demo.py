"""The main job once: start everything, send photos through the CLI, show what came out."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from infra.local.console import Console
from infra.local.errors import LocalStackError
from infra.local.paths import REPOSITORY
from infra.local.stack import LocalStack, local_stack

DEMO_S = 300


def demo(folder: Path, *, photos: Sequence[Path], out: Path, console: Console) -> None:
    """Analyse ``photos`` on a stack of its own and write annotated pictures to ``out``.

    Raises:
        LocalStackError: the stack did not start, or the CLI reported a failure.
    """
    started = time.monotonic()
    console.say("Starting Postgres, Redis, S3, the API and a worker on loopback ...")
    with local_stack(folder, console=Console(verbose=False)) as stack:
        stack.start_servers()
        stack.start_apps()
        console.say(f"Ready after {time.monotonic() - started:.1f} s at {stack.url}")
        submit(stack, photos=photos, out=out)
        console.say(f"Annotated pictures: {out}")
        console.say("Stopping ...")
    console.say(f"Done in {time.monotonic() - started:.1f} s.")


def submit(stack: LocalStack, *, photos: Sequence[Path], out: Path) -> None:
    """Run ``hfer submit --wait`` against the stack, its lines going straight to the user."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "hfer", "submit"),
            *map(str, photos),
            *("--wait", "--out", str(out), "--format", "table"),
        ],
        env={
            **os.environ,
            "HFER_URL": stack.url,
            "HFER_API_KEY": stack.tenant_key(),
            "NO_PROXY": "127.0.0.1",
        },
        cwd=REPOSITORY,
        timeout=DEMO_S,
        check=False,
    )
    if done.returncode:
        raise LocalStackError(f"`hfer submit` ended with return code {done.returncode}")
