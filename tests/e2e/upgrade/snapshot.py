"""What commit 50556b5 left: its database, bucket and answers, and the stack that they fit."""

import base64
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import psycopg
from sqlalchemy import make_url

from infra.local.apps import app_programs
from infra.local.console import Console
from infra.local.http import answers
from infra.local.stack import LocalStack, local_stack, state_file
from infra.local.state import SECRETS, State
from services.backup.tools import find_tool, run_tool
from services.common.storage import ObjectStorage

DATA = Path(__file__).with_name("data")
DATABASE = DATA / "database.sql"
BUCKET = DATA / "bucket.zip"
ANSWERS = DATA / "answers.json"
FACTS = DATA / "snapshot.json"
WHEEL = DATA / "hfer-0.1.0-py3-none-any.whl"
# Below this lie photos that were sent or are still to be put, and are not in the bucket.
EXTRA = "extra/"

CENTURY_S = "3155760000"
# The snapshot grows old: without these the service would forget all of it.
SETTINGS = {
    "HFER_RETENTION__INPUTS_S": CENTURY_S,
    "HFER_RETENTION__RESULTS_S": CENTURY_S,
    "HFER_RETENTION__ORPHANS_S": CENTURY_S,
    "HFER_RETENTION__DELIVERIES_S": CENTURY_S,
    "HFER_RETENTION__GRACE_S": CENTURY_S,
    "HFER_COMPAT__ENABLED": "true",
    "HFER_FETCH__ALLOW_HTTP": "true",
    "HFER_FETCH__ALLOW_NETWORKS": '["127.0.0.0/8"]',
}


@dataclass(frozen=True)
class Facts:
    """What a reader of the snapshot must know beside its answers.

    Attributes:
        commit: whose code wrote it.
        keys: secrets of API keys by the name of their holder; that of the operator is `admin`.
        jobs: ids of jobs by what became of them.
        upload: id of the open upload, and in ``missing`` the SHA-256 of what is still to be put.
        endpoint: id and secret of the webhook endpoint with a message on its way.
        repeats: requests that were sent under an `Idempotency-Key`, and the id they got.
        next_transaction: number of the next transaction of the cluster.
    """

    commit: str
    keys: dict[str, str]
    jobs: dict[str, str]
    upload: dict[str, str]
    endpoint: dict[str, str]
    repeats: list[dict[str, Any]]
    next_transaction: int


def read_facts() -> Facts:
    return Facts(**json.loads(FACTS.read_text()))


def photo(sha256: str) -> bytes:
    """The bytes of a photo of the snapshot by their digest."""
    with ZipFile(BUCKET) as objects:
        return objects.read(next(name for name in objects.namelist() if name.endswith(sha256)))


def restore_database(url: str, facts: Facts) -> None:
    """Load the dump as it was, leases and all: an upgrade in place, not a restored backup."""
    conninfo = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        # Numbers of events are made of transaction ids: those of a young cluster come too late.
        connection.execute(
            f"DO $$ BEGIN FOR i IN 1..{facts.next_transaction} LOOP"
            " PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$"
        )
        major = connection.info.server_version // 10_000
    options = ("--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction", f"--file={DATABASE}")
    run_tool(find_tool("psql", server=major), *options, conninfo=conninfo)


def restore_bucket(storage: ObjectStorage) -> None:
    """Put what was in the bucket."""
    storage.ensure_bucket()
    with ZipFile(BUCKET) as objects:
        for entry in objects.infolist():
            if not entry.filename.startswith(EXTRA):
                with objects.open(entry) as content:
                    storage.put(
                        entry.filename,
                        content,
                        size=entry.file_size,
                        content_type="application/octet-stream",
                    )


@contextmanager
def snapshot_stack(folder: Path) -> Iterator[LocalStack]:
    """A stack with the secrets and settings of the snapshot; nothing of it runs yet."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made_up = {name: f"made-up-{name.replace('_', '-')}" for name in SECRETS}
    made_up |= {
        "s3_access": "madeup",
        "admin_key": "hfer_local_made-up-admin-key",
        "webhook_key": base64.urlsafe_b64encode(b"made-up key of the upgrade tests").decode(),
    }
    State(secrets=made_up, ports={}).save(state_file(folder))
    console = Console(io.StringIO(), verbose=False)
    with local_stack(folder, console=console, overrides=SETTINGS) as stack:
        yield stack


def start(stack: LocalStack, *names: str, **settings: str) -> None:
    """Start processes of ours by name; the API is waited for, though no worker may live."""
    programs = {
        program.name: program
        for program in app_programs({**stack.environment, **settings}, url=stack.url)
    }
    alive = replace(programs["api"], ready=lambda: answers(f"{stack.url}/healthz"))
    stack.supervisor.start(*({**programs, "api": alive}[name] for name in names))
