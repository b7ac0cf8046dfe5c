"""Who may do what with which table: a role of Postgres for each process.

The roles are made by infra/postgres/roles.sql; where they do not exist nothing is granted, and
every process connects as the owner of the tables. What stands here is what the repositories of a
process use (tests run each process as its role). The tables' owner applies it after every upgrade
(migrations/env.py), whole: what a version no longer needs is taken back.

A process that is taken over, or an injected statement in it, gets no further than its role: no
role but the owner changes the schema, none but the API's reads the hashes of keys, and only the API
and maintenance, which signs messages, read the webhooks' secrets.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeAlias

from sqlalchemy import Connection, text

from services.common.db import (  # noqa: F401 - fill the metadata
    audit_tables,
    dataset_tables,
    erasure_tables,
    face_tables,
    model_tables,
    page_tables,
    review_tables,
    tables,
    tenant_tables,
    webhook_tables,
)
from services.common.db.base import Base


class Role(StrEnum):
    """The roles that processes connect as."""

    API = "hfer_api"
    WORKER = "hfer_worker"
    INGEST = "hfer_ingest"
    MAINTENANCE = "hfer_maintenance"


Grants: TypeAlias = Mapping[str, str]

_ADD = "SELECT, INSERT"
_KEEP = "SELECT, INSERT, UPDATE"
_ALL = "SELECT, INSERT, UPDATE, DELETE"
# Whoever finishes the last photo of a job closes it and writes the messages about it. To lock a row
# takes UPDATE of one column, whichever: of endpoints here, of events for maintenance.
_CLOSING: Grants = {
    "job": "SELECT, UPDATE (status, started_at, finished_at)",
    "job_tally": _KEEP,
    "webhook_endpoint": "SELECT (id, tenant, events, enabled), UPDATE (failing_since)",
    "webhook_event": "SELECT (id, public_id), INSERT",
    "webhook_delivery": "SELECT (id), INSERT",
    "tenant_usage": _KEEP,
}
GRANTS: Mapping[Role, Grants] = {
    Role.API: {
        "api_key": _KEEP,
        "job": _ALL,
        "item": _ALL,
        "url_fetch": _ADD,
        "job_tally": _KEEP,
        "outcome": _ADD,
        # Updated where faces of a job that is gone are erased.
        "erasure": _KEEP,
        "erasure_object": _ADD,
        "receipt_key": "SELECT",
        "doomed_object": _ALL,
        "doomed_prefix": _KEEP,
        "worker": "SELECT",
        "model": _KEEP,
        "model_activation": _ADD,
        "model_canary": _ALL,
        "trial_load": "SELECT, INSERT, DELETE",
        "webhook_endpoint": _ALL,
        "webhook_event": _ADD,
        "webhook_delivery": _KEEP,
        "webhook_attempt": "SELECT",
        "tenant_policy": _ALL,
        "page_mark": _ALL,
        # Deleted with the photo's row, which is the owner's doing.
        "face_review": _ADD,
        # Triggers write them, as the owner.
        "analysed_photo": "SELECT",
        "face": "SELECT",
        "review_change": _ADD,
        "review_draw": _ADD,
        "review_draw_face": _ADD,
        "dataset": _ALL,
        "dataset_face": "SELECT, INSERT, DELETE",
        "training_crop": "SELECT, DELETE",
        # Not `at`: Postgres' clock says when.
        "audit": "SELECT, INSERT (action, key_id, key_name, tenant, address, object_id, problem,"
        " request_id)",
        "tenant_usage": _KEEP,
    },
    Role.WORKER: {
        **_CLOSING,
        "job": "SELECT, UPDATE (status, started_at, finished_at, turn_at)",
        "tenant_turn": _KEEP,
        "item": "SELECT, UPDATE (state, verdict, attempts, lease_token, lease_task, lease_until,"
        " next_at, last_error)",
        "outcome": "SELECT (item_id), INSERT",
        # Pictures that it put after their job was erased.
        "doomed_prefix": _KEEP,
        "worker": _ALL,
        # The bundle that a worker came with is registered by it, and active while no other is.
        "model": _KEEP,
        "model_activation": _ADD,
        "model_canary": "SELECT, UPDATE (chunks, photos, faces, agreed, abs_dp, updated_at)",
        "trial_load": "SELECT, UPDATE (claimed_by, finished_at, error_code, error_detail)",
        # Whose turn it is.
        "tenant_policy": "SELECT",
    },
    Role.INGEST: {
        **_CLOSING,
        "item": "SELECT, UPDATE (state, verdict, attempts, sha256, byte_count, object_key, next_at,"
        " last_error)",
        "url_fetch": "SELECT, UPDATE, DELETE",
        "outcome": "INSERT",
        "doomed_object": _ALL,
        "worker": _ALL,
    },
    Role.MAINTENANCE: {
        **_CLOSING,
        # Endpoints of expired keys are switched off.
        "api_key": "SELECT (id, expires_at)",
        "job": "SELECT, UPDATE, DELETE",
        "item": "SELECT, UPDATE, DELETE",
        "url_fetch": "SELECT",
        "outcome": _ADD,
        "erasure": "SELECT, INSERT, UPDATE (check_at, bucket_empty_at, photos_kept, signature)",
        "erasure_object": "SELECT, DELETE",
        "face_review": "SELECT",
        "dataset": "SELECT, UPDATE",
        "dataset_face": "SELECT, UPDATE (side, group_number), DELETE",
        "training_crop": "SELECT, INSERT, UPDATE, DELETE",
        "receipt_key": _ADD,
        "doomed_object": _ALL,
        "doomed_prefix": _ALL,
        "worker": "SELECT, DELETE",
        "webhook_endpoint": "SELECT, UPDATE (enabled, disabled_reason, disabled_at, failing_since)",
        "webhook_event": "SELECT, INSERT, UPDATE (created_at), DELETE",
        "webhook_delivery": _KEEP,
        "webhook_attempt": _ADD,
        "audit": "SELECT, DELETE",
        "tenant_usage": _ALL,
    },
}

_EXISTING = text("SELECT rolname FROM pg_roles WHERE rolname = ANY(:names)")
_SEQUENCE = text("SELECT pg_get_serial_sequence(:table, :column)")


def apply_grants(connection: Connection) -> list[Role]:
    """Give every role that exists what it needs of the tables, and no more; return those roles.

    The schema is at its newest revision, and the connection is that of the tables' owner.
    """
    names = [role.value for role in Role]
    found = set(connection.scalars(_EXISTING, {"names": names}))
    roles = [role for role in Role if role in found]
    for role in roles:
        # Statements of constants: neither names nor privileges can be parameters.
        for table in Base.metadata.sorted_tables:
            connection.execute(text(f"REVOKE ALL ON {table.name} FROM {role}"))
        for name, privileges in GRANTS[role].items():
            connection.execute(text(f"GRANT {privileges} ON {name} TO {role}"))
            if "INSERT" in privileges:
                _grant_numbers(connection, name, role)
    return roles


def _grant_numbers(connection: Connection, name: str, role: Role) -> None:
    """Let a role number the rows that it inserts."""
    numbered = Base.metadata.tables[name].autoincrement_column
    if numbered is None:
        return
    sequence = connection.scalar(_SEQUENCE, {"table": name, "column": numbered.name})
    connection.execute(text(f"GRANT USAGE ON SEQUENCE {sequence} TO {role}"))
