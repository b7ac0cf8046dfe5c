"""Refused acts: an endpoint says which act it is, and whatever problem answers it is recorded.

What is done is recorded by the endpoint itself, in the transaction of the change. A refusal rolls
that transaction back and may come before the endpoint is called, so it is recorded here, where
every problem passes, in a transaction of its own.

Nobody without a live key writes a row, and nothing that is answered by "too much" or by a fault of
the service: such requests are sent again and again, and a row for each would be another way to
fill the disk. They have their log line.
"""

import json
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response

from services.api.asked import Asked, asked_of
from services.api.problems import PROBLEM_TYPES, ProblemCode
from services.common.audit.actions import Action
from services.common.audit.service import log_act, record
from services.common.db.session import unit_of_work
from services.common.domain.ids import IdKind, parse_id
from services.common.telemetry import get_logger

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])

_ACTION = "audited_action"
_SERVER_FAULT = 500

_log = get_logger(__name__)


def audits(action: Action) -> Callable[[Endpoint], Endpoint]:
    """Say which act an endpoint is. It calls `record` itself when the act is done."""

    def mark(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _ACTION, action)
        return endpoint

    return mark


def action_of(endpoint: object) -> Action | None:
    """Return which act an endpoint is; None for one that is none."""
    action: Action | None = getattr(endpoint, _ACTION, None)
    return action


def record_refusal(request: Request, response: Response) -> None:
    """Record that an act was refused, if the request was one."""
    action = action_of(request.scope.get("endpoint"))
    if action is None or asked_of(request.scope).head:  # a look at headers is no act
        return
    problem = str(json.loads(bytes(response.body))["code"])
    asked, object_id = asked_of(request.scope), _object_of(request)
    if not _is_kept(asked, problem):
        log_act(action, asked.caller, object_id=object_id, problem=problem)
        return
    assert asked.caller is not None  # noqa: S101 - `_is_kept` asked for it
    try:
        with unit_of_work(request.app.state.api.sessions) as session:
            record(session, asked.caller, action, object_id, problem=problem)
    except SQLAlchemyError as error:
        # The answer stays the problem that it is; the line still tells of the act.
        _log.error("audit.not_stored", error=type(error).__name__)
        log_act(action, asked.caller, object_id=object_id, problem=problem)


def _is_kept(asked: Asked, problem: str) -> bool:
    is_ours = PROBLEM_TYPES[problem].status >= _SERVER_FAULT
    return asked.caller is not None and problem != ProblemCode.RATE_LIMITED and not is_ours


def _object_of(request: Request) -> str | None:
    """Return the id in the path, if it is one of ours: strangers write there what they like."""
    ids = [str(value) for value in request.scope.get("path_params", {}).values()]
    known = [text for text in ids if any(parse_id(kind, text) is not None for kind in IdKind)]
    return known[0] if known else None
