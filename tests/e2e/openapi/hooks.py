"""What schemathesis cannot learn from the OpenAPI document: how a cursor is made."""

from datetime import UTC, datetime
from typing import Any

import schemathesis
from hypothesis import strategies as st

from services.api.pagination import encode_number, encode_page_key
from services.common.jobs.repositories.jobs import PageKey

# Places in a job have 32 bits, ids of rows 64; what fits the first fits both.
_IDS = st.integers(0, 2**31 - 1)
_TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - made aware by the strategy

schemathesis.openapi.format("row-cursor", _IDS.map(encode_number))
schemathesis.openapi.format("job-cursor", st.builds(PageKey, _TIMES, _IDS).map(encode_page_key))


@schemathesis.hook
def before_load_schema(_context: Any, raw_schema: dict[str, Any]) -> None:
    """Give cursors, which are opaque to clients, a format that this file can make."""
    for path, methods in raw_schema["paths"].items():
        kind = "job-cursor" if path == "/v1/jobs" else "row-cursor"
        for operation in methods.values():
            for parameter in operation.get("parameters", ()):
                if parameter["name"] == "cursor":
                    parameter["schema"] = {"type": "string", "format": kind}
