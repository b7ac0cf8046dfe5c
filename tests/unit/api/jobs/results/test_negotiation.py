"""The Accept header against the three formats."""

import pytest

from services.api.jobs.results.negotiation import ResultFormat, negotiate


class TestNegotiate:
    @pytest.mark.parametrize(
        ("accept", "fmt"),
        [
            (None, ResultFormat.JSON),
            ("", ResultFormat.JSON),
            ("*/*", ResultFormat.JSON),
            ("text/csv", ResultFormat.CSV),
            ("text/*", ResultFormat.CSV),
            ("application/x-ndjson", ResultFormat.JSONL),
            ("Application/JSON; charset=utf-8", ResultFormat.JSON),
            ("text/csv;q=0.5, application/x-ndjson;q=0.9", ResultFormat.JSONL),
            ("application/json;q=0, */*;q=0.1", ResultFormat.JSONL),
            ("text/html, */*;q=0.8", ResultFormat.JSON),
        ],
    )
    def test_picks_the_best_liked(self, accept: str | None, fmt: ResultFormat) -> None:
        assert negotiate(accept) is fmt

    @pytest.mark.parametrize(
        "accept", ["text/html", "application/xml, image/*", "*/*;q=0", "text/csv;q=x"]
    )
    def test_finds_nothing_acceptable(self, accept: str) -> None:
        assert negotiate(accept) is None
