"""What the gallery and the downloads of a job are narrowed to, as the page's address says."""

from collections.abc import Container

from starlette.requests import Request

from services.web.views.expressions import EXPRESSIONS
from services.web.views.photos import confidence_choices

ITEM_STATUSES = ("succeeded", "no_face", "failed")


def filters(request: Request) -> dict[str, str]:
    """Read the gallery's filter; what is none of its choices asks for nothing."""
    params = request.query_params
    asked = {
        "expression": one_of(params.get("expression"), EXPRESSIONS),
        "min_p": one_of(params.get("min_p"), [value for value, _ in confidence_choices()]),
        "uncertain": one_of(params.get("uncertain"), ("true", "false")),
        "status": one_of(params.get("status"), ITEM_STATUSES),
    }
    return {name: value for name, value in asked.items() if value}


def one_of(value: str | None, known: Container[str]) -> str:
    """Return a choice, or nothing for what is none."""
    return value if value and value in known else ""
