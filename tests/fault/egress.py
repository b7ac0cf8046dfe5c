"""Run in a closed network: the product, or what it would send without our care.

unshare --user --map-root-user --net --mount python -m tests.fault.egress product FOLDER
"""

import io
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import httpx

from infra.local.console import Console
from infra.local.paths import REPOSITORY
from infra.local.stack import local_stack
from services.common.domain.emotions import EMOTIONS
from tests.fixtures.closed_network import Recorder, closed_network

STARTER = str(REPOSITORY / "models" / "starter")
COMMAND_S = 120
# ONNX Runtime reports for as long as a session lives; this one lives until its stdin ends.
_HELD = f"""
import sys
from pathlib import Path
from services.vision.bundle import load_bundle
from services.vision.classifiers.onnxruntime import OnnxRuntimeClassifier
classifier = OnnxRuntimeClassifier(load_bundle(Path({STARTER!r})))
print("held", flush=True)
sys.stdin.read()
"""
_UNGUARDED = (
    "import openvino",
    f"""
import sys
import onnxruntime
session = onnxruntime.InferenceSession({STARTER!r} + "/model.onnx")
sys.stdin.read()
""",
)


def main(what: str, folder: Path) -> int:
    """Run ``product`` or ``unguarded`` and tell what was tried, as lines of JSON."""
    with closed_network(folder) as recorder:
        start_anew(folder / "home")
        if what == "product":
            product(folder)
        else:
            unguarded(recorder)
    tell(tried=sorted(recorder.tried))
    return 0


def start_anew(home: Path) -> None:
    """Be a user who is new here: no setting of ours, no proxy, no CI, an empty home."""
    home.mkdir()
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    client = str(REPOSITORY / "client" / "src")
    os.environ.clear()
    os.environ.update(kept, HOME=str(home), PYTHONPATH=client, HFER_WORKER__CONCURRENCY="1")


def tell(**facts: object) -> None:
    """Say something to the test outside, one line of JSON."""
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def product(folder: Path) -> None:
    """Start every process, use each as its users do, and stay until stdin ends."""
    held = subprocess.Popen(
        [sys.executable, "-c", _HELD],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert held.stdout is not None
    assert held.stdout.readline() == b"held\n"
    tell(up="onnxruntime")
    with local_stack(folder / "stack", console=Console(io.StringIO(), verbose=False)) as stack:
        stack.start_servers()
        stack.start_apps()
        stack.start_web()
        os.environ.update(HFER_URL=stack.url, HFER_API_KEY=stack.tenant_key())
        run("hfer", "submit", "samples/collins.jpg", "--wait", "--out", str(folder / "out"))
        run("hfer", "doctor")
        page = httpx.get(f"{stack.web_url}/", trust_env=False, timeout=30)
        assert page.is_success, page.text
        trainer(folder)
        run("benchmarks.bare_pipeline", "--photos", "samples")
        tell(up="all")
        sys.stdin.read()
    held.communicate()
    assert held.returncode == 0


def trainer(folder: Path) -> None:
    """Evaluate the starter on a photo of each class."""
    photo = REPOSITORY / "samples" / "hopper.jpg"
    for emotion in EMOTIONS:
        (folder / "data" / emotion).mkdir(parents=True)
        shutil.copy(photo, folder / "data" / emotion)
    run("services.trainer", "evaluate", "--bundle", STARTER, "--data", str(folder / "data"))


def unguarded(recorder: Recorder) -> None:
    """Import the two libraries as anybody would, until both have tried to report."""
    children = [
        subprocess.Popen([sys.executable, "-c", text], stdin=subprocess.PIPE) for text in _UNGUARDED
    ]
    until = time.monotonic() + COMMAND_S
    while len(recorder.tried) < len(children) and time.monotonic() < until:
        time.sleep(0.1)
    for child in children:
        child.kill()
        child.wait()


def run(module: str, *arguments: str) -> None:
    """Run one of our commands to its end."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=COMMAND_S,
        check=False,
    )
    assert done.returncode == 0, f"{module}: {done.stdout}\n{done.stderr}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
