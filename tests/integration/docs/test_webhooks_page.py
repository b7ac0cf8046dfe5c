"""The receiver of docs/webhooks.md, run as it stands there."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import httpx

from tests.fixtures.webhooks import Hooks, StartSender, send_all

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "webhooks.md"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def test_the_receiver_takes_our_messages_and_nobody_elses(
    hooks: Hooks, start_sender: StartSender, tmp_path: Path
) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    program = tmp_path / "receiver.py"
    program.write_text(example)
    port = free_port()
    endpoint = hooks.endpoint(f"http://127.0.0.1:{port}/")
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "client" / "src"),
        "HFER_WEBHOOK_SECRET": endpoint.secret,
        "PORT": str(port),
    }
    with subprocess.Popen(
        [sys.executable, program], env=environment, stdout=subprocess.PIPE, text=True
    ) as receiver:
        try:
            forged = httpx.Client(transport=httpx.HTTPTransport(retries=20), trust_env=False).post(
                f"http://127.0.0.1:{port}/", json={"type": "job.succeeded"}
            )
            assert forged.status_code == 400
            hooks.announce()
            send_all(start_sender())
            assert hooks.deliveries()[0].status == "delivered"
            assert receiver.stdout is not None
            assert receiver.stdout.readline() == "job.succeeded job_0 None\n"
        finally:
            receiver.kill()
