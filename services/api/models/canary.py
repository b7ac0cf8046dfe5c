"""`/v1/models/canary`: a candidate on a share of the chunks, beside the active model."""

from fastapi import APIRouter
from sqlalchemy.orm import Session

from services.api.audit.refusals import audits
from services.api.dependencies import AnyKey, ModelAdmin, Transaction
from services.api.docs import problems
from services.api.errors import ApiError
from services.api.ids import find_model
from services.api.models.schemas import CanaryObject, NewCanary, canary_object
from services.api.models.usage import read_usage
from services.api.problems import ProblemCode
from services.common.audit.actions import Action
from services.common.audit.service import record
from services.common.domain.ids import IdKind, format_id
from services.common.registry.canary import canary_report, start_canary, stop_canary

router = APIRouter(prefix="/v1/models/canary", tags=["models"])


@router.get(
    "", summary="See how the model on trial does", responses={**problems(ProblemCode.NOT_FOUND)}
)
def get_canary(session: Transaction, _caller: AnyKey) -> CanaryObject:
    """Tell how often the candidate agrees with the active model; 404 when none is on trial."""
    return _report(session)


@router.put(
    "",
    summary="Put a model on trial",
    responses={**problems(ProblemCode.NOT_FOUND, ProblemCode.CANARY_IS_ACTIVE)},
)
@audits(Action.CANARY_STARTED)
def put_canary(session: Transaction, caller: ModelAdmin, wanted: NewCanary) -> CanaryObject:
    """Let a candidate answer a share of the chunks; one that is on trial already is replaced.

    Its faces are classified by the active model too, and the agreement is counted.
    """
    model = find_model(session, wanted.model)
    start_canary(session, model, share=wanted.share, actor=caller.key_id)
    record(session, caller, Action.CANARY_STARTED, format_id(IdKind.MODEL, model.public_id))
    return _report(session)


@router.delete("", status_code=204, summary="End the trial", responses={**problems()})
@audits(Action.CANARY_STOPPED)
def delete_canary(session: Transaction, caller: ModelAdmin) -> None:
    """Let the active model answer all photos again; no error when none is on trial."""
    stop_canary(session)
    record(session, caller, Action.CANARY_STOPPED)


def _report(session: Session) -> CanaryObject:
    report = canary_report(session)
    if report is None:
        raise ApiError(ProblemCode.NOT_FOUND, "No model is on trial.")
    return canary_object(report, read_usage(session))
