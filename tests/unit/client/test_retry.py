from datetime import UTC, datetime

import pytest

from hfer._retry import RetryPolicy, parse_retry_after

NOW = datetime(2026, 11, 23, 7, 0, 0, tzinfo=UTC)


class TestPause:
    def test_doubles_up_to_the_cap(self) -> None:
        policy = RetryPolicy(attempts=9, base_s=1, cap_s=5)
        pauses = [policy.pause_s(n, retry_after_s=None, fraction=1) for n in range(1, 6)]
        assert pauses == [1, 2, 4, 5, 5]

    def test_spreads_between_half_and_the_whole_of_the_backoff(self) -> None:
        policy = RetryPolicy(base_s=1)
        assert policy.pause_s(1, retry_after_s=None, fraction=0) == 0.5
        assert policy.pause_s(1, retry_after_s=None, fraction=1) == 1.0

    def test_gives_up_after_the_last_try(self) -> None:
        policy = RetryPolicy(attempts=2)
        assert policy.pause_s(1, retry_after_s=None, fraction=0) is not None
        assert policy.pause_s(2, retry_after_s=None, fraction=0) is None

    def test_waits_as_long_as_the_service_asks(self) -> None:
        assert RetryPolicy().pause_s(1, retry_after_s=42, fraction=0) == 42

    def test_does_not_wait_for_hours(self) -> None:
        assert RetryPolicy().pause_s(1, retry_after_s=3600, fraction=0) is None


class TestParseRetryAfter:
    @pytest.mark.parametrize(
        ("header", "seconds"),
        [
            (None, None),
            ("7", 7.0),
            ("-3", None),
            ("Mon, 23 Nov 2026 07:00:30 GMT", 30.0),
            ("Mon, 23 Nov 2026 06:00:00 GMT", 0.0),
            ("Mon, 23 Nov 2026 07:00:30 -0000", 30.0),
            ("soon", None),
            ("nan", None),
            ("inf", None),
        ],
    )
    def test_reads_seconds_and_dates_and_ignores_the_rest(
        self, header: str | None, seconds: float | None
    ) -> None:
        assert parse_retry_after(header, now=NOW) == seconds
