"""Which model answers: activating one, and going back. The caller commits."""

from typing import Any

from sqlalchemy.orm import Session

from services.common.db.tables import Model
from services.common.domain.bundles import model_version
from services.common.domain.ids import IdKind, format_id
from services.common.domain.webhooks import EventType
from services.common.registry.canary import stop_canary
from services.common.registry.errors import ModelWorseError, NothingToRollBackError
from services.common.registry.repository import ModelRepository
from services.common.webhooks.repositories.outbox import NewEvent, OutboxRepository


def activate(
    session: Session, model: Model, *, max_f1_drop: float, force: bool, actor: str
) -> None:
    """Let ``model`` answer from the next chunk on; nothing changes when it does already.

    A trial of the model ends with it.

    Args:
        session: an open unit of work.
        model: the one wanted.
        max_f1_drop: how far its macro F1 may be below the active one's, 0..1.
        force: activate it whatever its macro F1.
        actor: who asks, for the history.

    Raises:
        ModelWorseError: macro F1 falls by more, or is unknown; ``force`` was not given.
    """
    models = ModelRepository(session)
    models.lock()
    active = models.active()
    if active is not None and active.id == model.id:
        return
    if active is not None and not force:
        _compare(model, active, max_f1_drop=max_f1_drop)
    models.make_active(model.id, kind="activate", actor=actor, forced=force)
    _announce(session, model, before=active)
    canary = models.canary()
    if canary is not None and canary.model_id == model.id:
        stop_canary(session)


def roll_back(session: Session, *, actor: str) -> Model:
    """Activate the model that was active before the present one; twice goes back twice.

    Raises:
        NothingToRollBackError: there was none.
    """
    models = ModelRepository(session)
    models.lock()
    active, before = models.active(), models.before_active()
    if before is None:
        raise NothingToRollBackError("No model was active before the present one.")
    models.make_active(before.id, kind="rollback", actor=actor)
    _announce(session, before, before=active)
    return before


def macro_f1(model: Model) -> float | None:
    """Return what the model's manifest says of its macro F1, 0..1; None when it does not."""
    found: Any = model.manifest.get("metrics") or {}
    found = found.get("macro_f1") if isinstance(found, dict) else None
    if isinstance(found, dict):
        found = found.get("value")
    is_number = isinstance(found, (int, float)) and not isinstance(found, bool)
    return float(found) if is_number else None


def _compare(model: Model, active: Model, *, max_f1_drop: float) -> None:
    new, old = macro_f1(model), macro_f1(active)
    if old is None and new is not None:
        return  # what is known beats what is not
    if new is None:
        raise ModelWorseError(
            f"{model.name}-{model.version} does not tell its macro F1; evaluate it, or activate "
            "it with force."
        )
    if old is not None and old - new > max_f1_drop:
        raise ModelWorseError(
            f"The macro F1 of {model.name}-{model.version} is {new:.3f}, that of the active "
            f"{active.name}-{active.version} is {old:.3f}; a fall of more than {max_f1_drop:g} "
            "needs force."
        )


def _announce(session: Session, model: Model, *, before: Model | None) -> None:
    data = {
        "id": format_id(IdKind.MODEL, model.public_id),
        "model_version": _version_name(model),
        "former_model_version": None if before is None else _version_name(before),
    }
    OutboxRepository(session).announce([NewEvent(EventType.MODEL_ACTIVATED, data)])


def _version_name(model: Model) -> str:
    return model_version(model.name, model.version, model.sha256.hex())
