"""Which process reads which setting: what the settings classes cannot say of themselves.

A group means all of its settings; one that others read too, or others only, is listed by name.
What is not listed here is read by every process.
"""

from collections.abc import Mapping

PROCESSES = ("api", "maintenance", "ingest", "worker", "web", "migrate", "trainer")
READERS: Mapping[str, tuple[str, ...]] = {
    "environment": ("api",),
    "database": ("api", "maintenance", "ingest", "worker", "trainer"),
    "database.url": ("api", "maintenance", "ingest", "worker", "migrate", "trainer"),
    "storage": ("api", "maintenance", "ingest", "worker", "trainer"),
    "storage.public_endpoint": ("api",),
    "broker": ("api", "maintenance", "ingest", "worker"),
    "queue": ("worker",),
    "queue.chunk_min": ("maintenance", "worker"),
    "queue.visibility_timeout_s": ("worker",),
    "queue.feeder_interval_s": ("maintenance",),
    "queue.sweeper_interval_s": ("maintenance",),
    "queue.window": ("api", "maintenance", "ingest"),
    "queue.max_attempts": ("maintenance",),
    "fetch": ("ingest",),
    "fetch.enabled": ("api",),
    "fetch.allow_http": ("api", "ingest"),
    "fetch.ports": ("api", "ingest"),
    "fetch.allow_networks": ("api", "ingest"),
    "retention": ("maintenance",),
    "receipts": ("maintenance",),
    "retention.inputs_s": ("api", "maintenance"),
    "retention.inputs_max_s": ("api", "maintenance"),
    "retention.results_s": ("api",),
    "retention.orphans_s": ("api",),
    "api": ("api",),
    "api.public_url": ("api", "maintenance"),
    "limits": ("api",),
    "compat": ("api",),
    "worker": ("worker",),
    "models": ("worker",),
    "models.max_f1_drop": ("api", "trainer"),
    "models.trial_load_s": ("api",),
    "webhooks": ("maintenance",),
    "webhooks.keys": ("api", "maintenance"),
    "webhooks.allow_http": ("api", "maintenance"),
    "webhooks.allow_loopback": ("api", "maintenance"),
    "webhooks.endpoints": ("api",),
    "telemetry": ("api", "maintenance", "ingest", "worker"),
    "web": ("web",),
}


def readers(group: str, name: str) -> tuple[str, ...]:
    """Return the processes that read a setting; of no group is ``""``."""
    return READERS.get(f"{group}.{name}".lstrip("."), READERS.get(group, PROCESSES))
