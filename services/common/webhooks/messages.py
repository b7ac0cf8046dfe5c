"""What a message says: type, time and thin data. No face, no photo, below 20 kB."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from services.common.domain.ids import IdKind

# Which part of the API an id belongs to.
_PATHS = {
    IdKind.JOB: "/v1/jobs",
    IdKind.MODEL: "/v1/models",
    IdKind.ENDPOINT: "/v1/webhook-endpoints",
}


def write_body(kind: str, created_at: datetime, data: Mapping[str, Any], *, base: str) -> bytes:
    """Return the JSON body of a message: the same bytes at every attempt.

    Args:
        kind: the type of the event.
        created_at: when it happened.
        data: as stored; links are added to it.
        base: what comes before the paths of links.
    """
    body = {
        "type": kind,
        "timestamp": created_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "data": {**data, "links": _links(str(data["id"]), base)},
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _links(public_id: str, base: str) -> dict[str, str]:
    kind = IdKind(public_id.partition("_")[0])
    path = f"{base}{_PATHS[kind]}/{public_id}"
    if kind is not IdKind.JOB:
        return {"self": path}
    return {"self": path, "items": f"{path}/items", "results": f"{path}/results"}
