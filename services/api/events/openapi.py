"""What the OpenAPI document says about the stream of events."""

from typing import Any

from services.api.events.schemas import EVENT_DATA

EVENT_STREAM: dict[str, Any] = {
    "text/event-stream": {
        "schema": {
            "type": "string",
            "description": "server-sent events; `event` is `job.progress`, its `data` a"
            " JobProgress, or `item.finished` with a PhotoResult, or `job.finished` with a"
            " JobObject; `id` is for `Last-Event-ID`",
        },
        # For those who read the events: no field of OpenAPI 3.1 says what is in a stream.
        "x-event-data": {
            kind.value: {"$ref": f"#/components/schemas/{model.__name__}"}
            for kind, model in EVENT_DATA.items()
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
