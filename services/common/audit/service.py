"""Recording an act: a row in the transaction of the change, a log line once it is committed."""

from collections.abc import Mapping
from typing import Protocol, TypeAlias

from sqlalchemy import event
from sqlalchemy.orm import Session

from services.common.audit.actions import Action
from services.common.audit.repository import AuditRepository
from services.common.telemetry import current_correlation_id, get_logger

# Of each field that was changed the value before and the one after, as JSON has them; no secrets.
Changes: TypeAlias = Mapping[str, tuple[object, object]]

_log = get_logger(__name__)


class Actor(Protocol):
    """Who acts: a key, whose it is, and where the request came from."""

    @property
    def key_id(self) -> str:
        """Public id of the key."""
        ...

    @property
    def key_name(self) -> str: ...

    @property
    def tenant(self) -> str: ...

    @property
    def address(self) -> str | None:
        """Of the client, as the rule of trusted proxies has it; None where there is none."""
        ...


def record(
    session: Session,
    actor: Actor,
    action: Action,
    object_id: str | None = None,
    *,
    problem: str | None = None,
    changes: Changes | None = None,
) -> None:
    """Write that ``actor`` did ``action``; it stands when the session's transaction does.

    Args:
        session: of the change itself, so that neither is there without the other.
        actor: who.
        action: what.
        object_id: public id of what it was done to.
        problem: code of the problem with which it was refused; None, it was done.
        changes: what was changed, for the log line.
    """
    AuditRepository(session).add(
        action=action.value,
        key_id=actor.key_id,
        key_name=actor.key_name,
        tenant=actor.tenant,
        address=actor.address,
        object_id=object_id,
        problem=problem,
        request_id=current_correlation_id(),
    )
    event.listen(
        session,
        "after_commit",
        lambda _session: log_act(
            action, actor, object_id=object_id, problem=problem, changes=changes
        ),
        once=True,
    )


def log_act(
    action: Action,
    actor: Actor | None,
    *,
    object_id: str | None,
    problem: str | None,
    changes: Changes | None = None,
) -> None:
    """Write the log line of an act; ``actor`` is None for a request without a live key."""
    _log.info(
        "audit",
        action=action.value,
        outcome="done" if problem is None else "refused",
        code=problem,
        key=actor.key_id if actor else None,
        key_name=actor.key_name if actor else None,
        tenant=actor.tenant if actor else None,
        address=actor.address if actor else None,
        object=object_id,
        **({"changes": changes} if changes else {}),
    )
