"""What endpoints and deliveries look like in the OpenAPI document; a test keeps them valid."""

from typing import Any

ENDPOINT_EXAMPLE: dict[str, Any] = {
    "id": "whe_01936fd2c0a27b6e8f3a5b7c9d1e2f33",
    "object": "webhook_endpoint",
    "url": "https://example.org/hooks/hfer",
    "description": "nightly batch",
    "events": ["job.succeeded", "job.failed"],
    "enabled": True,
    "disabled_reason": None,
    "disabled_at": None,
    "failing_since": None,
    "former_secret_until": None,
    "created_at": "2026-11-26T07:00:00Z",
}

ISSUED_EXAMPLE: dict[str, Any] = {**ENDPOINT_EXAMPLE, "secret": "whsec_…"}

DELIVERY_EXAMPLE: dict[str, Any] = {
    "message_id": "msg_01936fd2c0a27b6e8f3a5b7c9d1e2f34",
    "type": "job.succeeded",
    "subject": "job_01936fd2c0a27b6e8f3a5b7c9d1e2f30",
    "status": "pending",
    "tries": 1,
    "next_at": "2026-11-26T07:00:05Z",
    "finished_at": None,
    "created_at": "2026-11-26T07:00:00Z",
    "last_attempt": {
        "attempted_at": "2026-11-26T07:00:00Z",
        "result": "refused",
        "status_code": 503,
        "detail": None,
        "body": "try later",
        "milliseconds": 41.7,
    },
}

DELIVERY_DETAIL_EXAMPLE: dict[str, Any] = {
    **DELIVERY_EXAMPLE,
    "attempts": [DELIVERY_EXAMPLE["last_attempt"]],
}
