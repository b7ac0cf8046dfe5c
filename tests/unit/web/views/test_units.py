from datetime import UTC, datetime, timedelta

import pytest

from services.web.views.units import clock, count, duration, moment, percent, span

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("share", "digits", "text"),
    [
        (0.734, 0, "73 %"),
        (None, 0, "–"),
        (1.0, 0, "100 %"),
        (0.9999, 0, "> 99 %"),
        (0.6734, 1, "67.3 %"),
    ],
)
def test_percent(share: float | None, digits: int, text: str) -> None:
    assert percent(share, digits=digits) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (3, "a few seconds"),
        (44, "about 45 seconds"),
        (95, "about 2 minutes"),
        (600, "about 10 minutes"),
        (9_000, "about 2.5 hours"),
    ],
)
def test_duration(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("away", "text"),
    [
        (timedelta(seconds=-3), "just now"),
        (timedelta(seconds=3), "in a moment"),
        (timedelta(minutes=-1), "1 minute ago"),
        (timedelta(hours=-30), "30 hours ago"),
        (timedelta(days=29, hours=1), "in 29 days"),
        (timedelta(days=29, hours=23), "in 30 days"),
        (timedelta(days=-2, hours=-23), "2 days ago"),
    ],
)
def test_moment(away: timedelta, text: str) -> None:
    assert moment((NOW + away).isoformat(), now=NOW) == text


@pytest.mark.parametrize("text", [None, "", "yesterday"])
def test_no_time_is_no_words(text: str | None) -> None:
    assert moment(text, now=NOW) == clock(text) == ""


def test_counts_have_their_noun() -> None:
    assert [count(1, "photo"), count(2_000, "photo"), count(0, "try", "tries")] == [
        "1 photo",
        "2,000 photos",
        "0 tries",
    ]


def test_a_span_is_told_as_it_was_chosen() -> None:
    seconds = (30, 1_800, 3_600, 86_400, 604_800)
    told = ["1 minute", "30 minutes", "1 hour", "24 hours", "7 days"]
    assert [span(each) for each in seconds] == told


def test_clock_is_utc() -> None:
    assert clock("2026-11-26T13:30:00+02:00") == "2026-11-26 11:30 UTC"
