"""What the OpenAPI document says about the stream of events."""

from typing import Any

EVENT_STREAM: dict[str, Any] = {
    "text/event-stream": {
        "schema": {
            "type": "object",
            "description": "one of the server-sent events; the data of `job.progress` is a"
            " JobProgress, of `item.finished` a PhotoResult, of `job.finished` a JobObject",
            "properties": {
                "event": {"enum": ["item.finished", "job.progress", "job.finished"]},
                "data": {"type": "string", "contentMediaType": "application/json"},
                "id": {"type": "string", "description": "for `Last-Event-ID`"},
            },
            "required": ["event", "data"],
        },
        "example": (
            "retry: 3000\n\n"
            'event: item.finished\ndata: {"item_id":"itm_01936fd2c0a27b6e8f3a5b7c9d1e2f31",'
            '"index":0,"status":"no_face"}\n'
            "id: itm_01936fd2c0a27b6e8f3a5b7c9d1e2f31\n\n"
            'event: job.progress\ndata: {"status":"running","progress":0.5}\n\n'
            ": ping\n\n"
        ),
    }
}
