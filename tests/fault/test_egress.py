"""Nothing leaves the machine: shown where nothing can, with what tries to."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.paths import REPOSITORY

# Made by `make test` (scripts/closed_network.sh).
CLOSED_NETWORK = Path(sys.executable).with_name("closed-network")
# Half a minute of work for two cores: minutes beside eight other processes a core.
LONGEST_S = 500
MAKERS = ["mobile.events.data.microsoft.com", "www.google-analytics.com"]


def started(what: str, folder: Path) -> subprocess.Popen[str]:
    assert CLOSED_NETWORK.exists(), "run make .venv/bin/closed-network"
    folder.mkdir()
    return subprocess.Popen(
        [CLOSED_NETWORK, sys.executable, "-m", "tests.fault.egress", what, str(folder)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.timeout(600)
def test_no_process_of_ours_tries_to_reach_what_is_not_configured(tmp_path: Path) -> None:
    """Worker, API, page, maintenance, ingest, client, trainer and a benchmark, all of them.

    The same libraries without our care run beside them, begin later and are waited for: what
    they do in that time, our processes would have done too.
    """
    product = started("product", tmp_path / "product")
    assert product.stdout is not None
    assert json.loads(product.stdout.readline()) == {"up": "onnxruntime"}
    unguarded, _ = started("unguarded", tmp_path / "unguarded").communicate(timeout=LONGEST_S)
    assert json.loads(unguarded)["tried"] == MAKERS
    assert json.loads(product.stdout.readline()) == {"up": "all"}
    told, _ = product.communicate(timeout=LONGEST_S)
    assert json.loads(told)["tried"] == []
    assert product.returncode == 0
