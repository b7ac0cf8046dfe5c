"""The wait preference."""

import pytest

from services.api.jobs.prefer import parse_wait


class TestParseWait:
    @pytest.mark.parametrize(
        ("header", "seconds"),
        [
            ("wait=5", 5),
            ("Wait=5", 5),
            ('wait="7"', 7),
            ("respond-async, wait=3", 3),
            ("wait=3; strict=1", 3),
            ("wait=3600", 30),
        ],
    )
    def test_reads_seconds_and_caps_them(self, header: str, seconds: int) -> None:
        assert parse_wait(header) == seconds

    @pytest.mark.parametrize(
        "header",
        [
            None,
            "",
            "respond-async",
            "wait",
            "wait=",
            "wait=-1",
            "wait=0",
            "wait=x",
            "wait=1e3",
            "wait=²",
            "wait=" + "9" * 5000,
        ],
    )
    def test_ignores_what_makes_no_sense(self, header: str | None) -> None:
        assert parse_wait(header) is None
