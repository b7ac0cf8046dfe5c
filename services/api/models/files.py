"""`/v1/models/{model_id}/files/{name}`: the files of a bundle as they were published."""

from collections.abc import Mapping
from pathlib import PurePath
from types import MappingProxyType
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from services.api.dependencies import AnyKey, State, check_scope
from services.api.docs import carrying, problems
from services.api.errors import ApiError
from services.api.ids import ModelId, find_model
from services.api.problems import ProblemCode
from services.api.ranges import Ranged, ranged_responses
from services.common.db.session import unit_of_work
from services.common.domain.errors import BundleError
from services.common.keys.service import Scope
from services.common.registry.publishing import read_bundle_file
from services.common.storage import ObjectMissingError

router = APIRouter(prefix="/v1/models/{model_id}/files", tags=["models"])

# What any key may read. The rest is for administrators: weights, golden crops, and reports,
# whose worst examples may be photos that must not be passed on.
_OPEN_TYPES: Mapping[str, str] = MappingProxyType(
    {
        ".json": "application/json",
        ".md": "text/markdown; charset=utf-8",
        ".png": "image/png",
        ".jpg": "image/jpeg",
        ".csv": "text/csv; charset=utf-8",
    }
)
FileName = Annotated[str, Path(examples=["MODEL_CARD.md"])]
_BINARY = "application/octet-stream"
_BYTES = {"schema": {"type": "string", "format": "binary"}}
_CONTENT: dict[str, Any] = {
    **{kind.partition(";")[0]: _BYTES for kind in (*_OPEN_TYPES.values(), _BINARY)},
    "application/json": {"schema": {"type": "object"}, "example": {"name": "starter"}},
}


@router.get(
    "/{name}",
    summary="Get a file of a model's bundle",
    response_class=Response,
    responses={
        200: {
            "content": _CONTENT,
            "description": "The file, under its own type if that is Markdown, JSON or a picture",
            **carrying("ETag"),
        },
        **ranged_responses(_CONTENT),
        **problems(
            ProblemCode.INSUFFICIENT_SCOPE,
            ProblemCode.NOT_FOUND,
            ProblemCode.RANGE_NOT_SATISFIABLE,
        ),
    },
)
def get_file(
    state: State, caller: AnyKey, model_id: ModelId, name: FileName, ranges: Ranged
) -> Response:
    """Fetch the model card, a picture, `bundle.json`, or, as administrator, the weights."""
    media_type = _OPEN_TYPES.get(PurePath(name).suffix.lower())
    if media_type is None:
        check_scope(caller, Scope.MODELS_ADMIN)
    with unit_of_work(state.sessions) as session:
        model = find_model(session, model_id)
    try:
        content = read_bundle_file(state.storage, model, name)
    except (ObjectMissingError, BundleError):
        raise ApiError(ProblemCode.NOT_FOUND, "The model has no such file.") from None
    headers = {"Cache-Control": "private, max-age=300"}
    if media_type is None:
        # Never shown in place, HTML could hold scripts. The name is plain: the manifest has it.
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return ranges.answer(content, media_type=media_type or _BINARY, headers=headers)
