"""`/v1/models`: which models are published, and which one answers."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, HTTPException, Request, Response
from starlette.concurrency import run_in_threadpool

from services.api.audit.refusals import audits
from services.api.dependencies import AnyKey, Base, ModelAdmin, State, Transaction
from services.api.docs import BODY, carrying, problems
from services.api.ids import ModelId, find_model
from services.api.limits.enforcement import holding
from services.api.models.activation import Wish, activate_checked
from services.api.models.bundle_reader import take_bundle
from services.api.models.openapi import BUNDLE_BODY
from services.api.models.schemas import (
    ActivatedModel,
    Activation,
    ModelDetail,
    ModelList,
    ModelObject,
    model_object,
)
from services.api.models.trained_on import trained_on
from services.api.models.usage import read_usage
from services.api.problems import ProblemCode
from services.api.state import ApiState
from services.common.audit.actions import Action
from services.common.audit.service import record
from services.common.db.session import unit_of_work
from services.common.db.tables import Model
from services.common.domain.errors import BundleError
from services.common.domain.ids import IdKind, format_id
from services.common.registry.activation import roll_back
from services.common.registry.publishing import read_bundle_file
from services.common.registry.repository import ModelRepository
from services.common.storage import ObjectMissingError
from services.common.telemetry import get_logger

CARD_NAME = "MODEL_CARD.md"

router = APIRouter(prefix="/v1/models", tags=["models"])

_log = get_logger(__name__)


@router.get("", summary="List models", responses={**problems()})
def get_models(session: Transaction, _caller: AnyKey) -> ModelList:
    """List all models; results name theirs as `model_version`."""
    usage = read_usage(session)
    return ModelList(data=[model_object(row, usage) for row in ModelRepository(session).all()])


@router.post(
    "",
    status_code=201,
    summary="Publish a model bundle",
    openapi_extra=BUNDLE_BODY,
    responses={
        201: carrying("Location"),
        **problems(*BODY, ProblemCode.MODEL_VERSION_TAKEN, ProblemCode.BUNDLE_REFUSED),
    },
)
@audits(Action.MODEL_PUBLISHED)
async def publish_model(
    request: Request, response: Response, state: State, base: Base, caller: ModelAdmin
) -> ModelObject:
    """Take the files of one bundle, check each against the manifest, and store them.

    The model answers no photo before it is activated. The same bundle again is the same model.
    """
    async with holding(state, caller, "open_uploads"):
        public_id = await take_bundle(request, state, caller)
    shown = await run_in_threadpool(_show, state, format_id(IdKind.MODEL, public_id))
    _log.info("model.published", model=shown.model_version, actor=caller.key_id)
    response.headers["Location"] = f"{base}/v1/models/{shown.id}"
    return shown


@router.post(
    "/rollback",
    summary="Activate the model that was active before",
    responses={**problems(ProblemCode.NOTHING_TO_ROLL_BACK)},
)
@audits(Action.MODEL_ROLLED_BACK)
def roll_back_model(session: Transaction, caller: ModelAdmin) -> ModelObject:
    """Go back one model in the history of activations; the next call goes back further."""
    model = roll_back(session, actor=caller.key_id)
    session.flush()
    session.refresh(model)
    record(session, caller, Action.MODEL_ROLLED_BACK, format_id(IdKind.MODEL, model.public_id))
    return model_object(model, read_usage(session))


@router.get("/rollback", include_in_schema=False)
async def refuse_to_get_rollback() -> None:
    """Say that the method is wrong: read as a model's id, the path would be a 404."""
    raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED)


@router.get(
    "/{model_id}",
    summary="Get a model with its card",
    responses={**problems(ProblemCode.NOT_FOUND)},
)
def get_model(state: State, _caller: AnyKey, model_id: ModelId) -> ModelDetail:
    """Tell all about a model: training data, recipe, metrics, thresholds, files, model card."""
    # The transaction ends before the bucket is asked.
    with unit_of_work(state.sessions) as session:
        model = find_model(session, model_id)
        shown = model_object(model, read_usage(session))
        data_set = trained_on(session, model.manifest)
    card = _card(state, model)
    return ModelDetail(**dict(shown), manifest=model.manifest, card=card, data_set=data_set)


@router.post(
    "/{model_id}/activate",
    summary="Activate a model",
    responses={
        **problems(
            ProblemCode.NOT_FOUND,
            ProblemCode.MODEL_WORSE,
            ProblemCode.MODEL_NOT_COMPARABLE,
            ProblemCode.MODEL_NOT_LOADABLE,
            ProblemCode.TRIAL_LOAD_UNFINISHED,
        )
    },
)
@audits(Action.MODEL_ACTIVATED)
async def activate_model(
    state: State,
    caller: ModelAdmin,
    model_id: ModelId,
    wanted: Annotated[Activation | None, Body()] = None,
) -> ActivatedModel:
    """Let a model answer, from each worker's next chunk on; nothing restarts, no photo fails.

    Refused when its macro F1 is clearly below the active model's on the same test, or no common
    test is known, unless `force` is true; and when a live worker cannot load it.
    """
    force = wanted is not None and wanted.force
    return await activate_checked(state, Wish(model_id, force=force, caller=caller))


def _show(state: ApiState, model_id: str) -> ModelObject:
    with unit_of_work(state.sessions) as session:
        return model_object(find_model(session, model_id), read_usage(session))


def _card(state: ApiState, model: Model) -> str | None:
    """Return the card's text; null also for a model whose files never reached the bucket."""
    try:
        return read_bundle_file(state.storage, model, CARD_NAME).decode(errors="replace")
    except (ObjectMissingError, BundleError):  # registered before bundles were published
        return None
