"""Writes the files of the snapshot."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from zipfile import ZIP_DEFLATED, ZipFile

import httpx
import psycopg
from sqlalchemy import make_url

from infra.local.stack import LocalStack, storage_settings
from services.backup.tools import find_tool, run_tool
from services.common.storage import build_storage
from tests.e2e.upgrade.reading import Reading, read
from tests.e2e.upgrade.snapshot import ANSWERS, BUCKET, DATABASE, FACTS, Facts
from tests.e2e.upgrade.survey import Survey


def next_transaction(stack: LocalStack) -> int:
    with psycopg.connect(conninfo(stack)) as connection:
        [number] = connection.execute("SELECT pg_current_xact_id()::text").fetchone() or [0]
    return int(number) + 1


def save(
    stack: LocalStack, facts: Facts, *, extra: Mapping[str, bytes], client: httpx.Client
) -> None:
    """Write the files; the answers last, since reading draws pictures."""
    with psycopg.connect(conninfo(stack)) as connection:
        connection.execute("UPDATE worker SET host = 'made-up-host'")
        major = connection.info.server_version // 10_000
    options = ("--no-owner", "--no-privileges", f"--file={DATABASE}")
    run_tool(find_tool("pg_dump", server=major), *options, conninfo=conninfo(stack))
    storage = build_storage(storage_settings(stack.environment))
    with ZipFile(BUCKET, "w", ZIP_DEFLATED) as objects:
        stored = {entry.key: storage.get(entry.key) for entry in storage.list("")}
        known = {key.rpartition("/")[2] for key in stored}
        further = {
            key: content for key, content in extra.items() if key.rpartition("/")[2] not in known
        }
        for key, content in {**stored, **further}.items():
            objects.writestr(key, content)
    FACTS.write_text(json.dumps(asdict(facts), indent=1) + "\n")
    survey = Survey(client, facts)
    readings = [
        Reading(request, read(client, request, facts.keys)) for request in survey.requests()
    ]
    lines = ",\n".join(json.dumps(reading.dump()) for reading in readings)
    ANSWERS.write_text(f"[\n{lines}\n]\n")


def conninfo(stack: LocalStack) -> str:
    url = make_url(stack.servers.postgres.url).set(drivername="postgresql")
    return url.render_as_string(hide_password=False)
