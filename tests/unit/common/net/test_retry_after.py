from datetime import UTC, datetime

import pytest

from services.common.net.retry_after import parse_retry_after


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("7", 7.0),
        ("999999999999999999", 999_999_999.0),
        ("Thu, 26 Nov 2026 12:00:30 GMT", 30.0),
        ("Thu, 26 Nov 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("Thu, 26 Nov 2026 12:00:30 +99999999999999999999", None),
    ],
)
def test_reads_retry_after(value: str | None, seconds: float | None) -> None:
    now = datetime(2026, 11, 26, 12, tzinfo=UTC)
    assert parse_retry_after(value, now=now) == seconds
