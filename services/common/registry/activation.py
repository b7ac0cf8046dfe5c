"""Which model answers: activating one, and going back. The caller commits.

Why figures of two test sets are never compared: ADR 0025.
"""

from sqlalchemy.orm import Session

from services.common.db.tables import Model
from services.common.domain.bundles import Truth, model_version
from services.common.domain.ids import IdKind, format_id
from services.common.domain.webhooks import EventType
from services.common.registry.canary import stop_canary
from services.common.registry.errors import (
    ModelNotComparableError,
    ModelWorseError,
    NothingToRollBackError,
)
from services.common.registry.figures import Figures, headline, on_the_same_test
from services.common.registry.repository import ModelRepository
from services.common.webhooks.repositories.outbox import NewEvent, OutboxRepository


def check_figures(session: Session, model: Model, *, max_f1_drop: float, force: bool) -> bool:
    """Hold a model's figures to those of the active one.

    Args:
        session: an open unit of work.
        model: the one wanted.
        max_f1_drop: how far its macro F1 may be below the active one's on the same test, 0..1.
        force: whatever its figures.

    Returns:
        False where it is the active model already.

    Raises:
        ModelWorseError: macro F1 falls by more.
        ModelNotComparableError: no test set is known on which both were evaluated.
    """
    active = ModelRepository(session).active()
    if active is not None and active.id == model.id:
        return False
    if active is not None and not force:
        _compare(model, active, max_f1_drop=max_f1_drop)
    return True


def activate(
    session: Session, model: Model, *, max_f1_drop: float, force: bool, actor: str
) -> None:
    """Let ``model`` answer from the next chunk on; nothing changes when it does already.

    A trial of the model ends with it.

    Args:
        session: an open unit of work.
        model: the one wanted.
        max_f1_drop: as of `check_figures`, as is ``force``.
        force: activate it whatever its figures.
        actor: who asks, for the history.

    Raises:
        ModelWorseError: see `check_figures`.
        ModelNotComparableError: see `check_figures`.
    """
    models = ModelRepository(session)
    models.lock()
    if not check_figures(session, model, max_f1_drop=max_f1_drop, force=force):
        return
    before = models.active()
    models.make_active(model.id, kind="activate", actor=actor, forced=force)
    _announce(session, model, before=before)
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


def _compare(model: Model, active: Model, *, max_f1_drop: float) -> None:
    same = on_the_same_test(model, active)
    if same is None:
        raise ModelNotComparableError(
            f"{_short_name(model)} was {_tested(headline(model.manifest))}; the active "
            f"{_short_name(active)} was {_tested(headline(active.manifest))}. No test set is "
            "known on which both were evaluated, so neither is better by these figures. Compare "
            "both on the same images (python -m services.trainer compare --record), or activate "
            "it with force."
        )
    new, old = same.candidate.macro_f1, same.active.macro_f1
    assert new is not None and old is not None  # noqa: S101, PT018 - as SameTest promises
    if old - new > max_f1_drop:
        raise ModelWorseError(
            f"The macro F1 of {_short_name(model)} is {new:.3f}, that of the active "
            f"{_short_name(active)} is {old:.3f} on the same test ({_test(same.candidate)}); a "
            f"fall of more than {max_f1_drop:g} needs force."
        )


def _tested(figures: Figures) -> str:
    if figures.macro_f1 is None:
        return "published without its macro F1"
    return f"tested on {_test(figures)}"


def _test(figures: Figures) -> str:
    """Name a test set in words."""
    images = "images" if figures.n is None else f"{figures.n:,} images"
    truth = "the judges' majority" if figures.truth == Truth.JUDGES else "the data set's labels"
    known = "of an unknown test set"
    if figures.test_sha256 is not None:
        known = f"of test set {figures.test_sha256[:8]}"
    return f"{images} {known} against {truth}"


def _announce(session: Session, model: Model, *, before: Model | None) -> None:
    data = {
        "id": format_id(IdKind.MODEL, model.public_id),
        "model_version": _version_name(model),
        "former_model_version": None if before is None else _version_name(before),
    }
    OutboxRepository(session).announce([NewEvent(EventType.MODEL_ACTIVATED, data)])


def _short_name(model: Model) -> str:
    return f"{model.name}-{model.version}"


def _version_name(model: Model) -> str:
    return model_version(model.name, model.version, model.sha256.hex())
