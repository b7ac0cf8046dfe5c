"""Which of several media types an Accept header gets."""

import pytest

from services.api.accept import preferred

OFFERED = ["application/json", "text/html"]
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, "application/json"),
        ("", "application/json"),
        ("*/*", "application/json"),
        (BROWSER, "text/html"),
        ("text/*", "text/html"),
        ("application/json;q=0.5, text/html;q=0.4", "application/json"),
        ("text/html;q=0, */*", "application/json"),
        ("image/png", None),
        ("text/html;q=nonsense", None),
    ],
)
def test_the_best_liked_wins(accept: str | None, chosen: str | None) -> None:
    assert preferred(accept, OFFERED) == chosen
