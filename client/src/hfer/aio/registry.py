"""The models of the service: look at them, publish one, and choose which one answers.

Changing anything needs an API key with the scope ``models:admin`` (or ``admin``).
"""

import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from hfer._bundle import find_bundle
from hfer._codec import decode
from hfer._multipart import MultipartBody, UploadProgress
from hfer._pages import entries
from hfer._retry import ONCE
from hfer._transport import Call, Transport, json_call
from hfer.errors import (
    BundleFileError,
    ModelReferenceError,
    NotFoundError,
    UnexpectedAnswerError,
)
from hfer.registry_models import Canary, ModelDetail, ModelInfo

MODELS = "/v1/models"
CANARY = f"{MODELS}/canary"


class AsyncModels:
    """The model registry of the service, for asyncio; see `hfer.Models`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(self) -> list[ModelInfo]:
        """Return all models, the newest first."""
        return [_model_info(entry) async for entry in entries(self._transport, MODELS)]

    async def find(self, reference: str) -> ModelInfo:
        """Return the model that ``reference`` names."""
        return pick_model(await self.list(), reference)

    async def get(self, reference: str) -> ModelDetail:
        """Return a model with its manifest and its card."""
        body = await self._transport.send_json(Call("GET", await self._path(reference)))
        detail = decode(ModelDetail, body)
        if not detail.id:
            raise _no_model()
        return detail

    async def file(self, reference: str, name: str) -> bytes:
        """Fetch a file of a model's bundle, such as ``confusion_matrix.png``."""
        path = f"{await self._path(reference)}/files/{quote(name, safe='')}"
        return (await self._transport.send(Call("GET", path))).content

    async def publish(
        self, directory: str | os.PathLike[str], *, on_upload: UploadProgress | None = None
    ) -> ModelInfo:
        """Send the bundle in ``directory``, as the trainer wrote it. It is not active yet."""
        files = await self._transport.wire.call(find_bundle, Path(directory))
        body = MultipartBody(files, on_progress=on_upload, fault=BundleFileError)
        call = Call("POST", MODELS, headers=body.headers, body=body)
        return _model_info(await self._transport.send_json(call))

    async def activate(self, reference: str, *, force: bool = False) -> ModelInfo:
        """Let a model answer from the next chunk of photos on."""
        call = json_call("POST", f"{await self._path(reference)}/activate", {"force": force})
        return _model_info(await self._transport.send_json(call))

    async def roll_back(self) -> ModelInfo:
        """Activate the model that was active before the present one, and return it."""
        # Repeated after a lost answer it would go one model further back.
        return _model_info(
            await self._transport.send_json(Call("POST", f"{MODELS}/rollback"), retry=ONCE)
        )

    async def canary(self) -> Canary | None:
        """Return how the candidate on trial does; None when there is none."""
        try:
            return _canary(await self._transport.send_json(Call("GET", CANARY)))
        except NotFoundError:
            return None

    async def start_canary(self, reference: str, *, share: float) -> Canary:
        """Let a candidate answer a share (above 0, up to 1) of the chunks of photos."""
        wanted = {"model": await self._id(reference), "share": share}
        return _canary(await self._transport.send_json(json_call("PUT", CANARY, wanted)))

    async def stop_canary(self) -> None:
        """End the trial; the active model answers all photos again."""
        await self._transport.send(Call("DELETE", CANARY))

    async def _path(self, reference: str) -> str:
        return f"{MODELS}/{quote(await self._id(reference), safe='')}"

    async def _id(self, reference: str) -> str:
        return (await self.find(reference)).id


def pick_model(models: Sequence[ModelInfo], reference: str) -> ModelInfo:
    """Choose the model that ``reference`` names: a whole name first, then a unique beginning.

    Raises:
        ModelReferenceError: it names none or several.
    """
    whole = [model for model in models if reference in _names(model)]
    # An empty beginning, such as an unset variable of a shell, would fit any model.
    fitting = whole or [
        model
        for model in models
        if reference and any(name.startswith(reference) for name in _names(model))
    ]
    if len(fitting) == 1:
        return fitting[0]
    fault = "fits several models" if fitting else "fits no model"
    known = ", ".join(model.model_version for model in fitting or models) or "there is none"
    raise ModelReferenceError(f"{reference!r} {fault}: {known}.")


def _names(model: ModelInfo) -> tuple[str, ...]:
    return model.id, model.model_version, f"{model.name}-{model.version}"


def _model_info(body: object) -> ModelInfo:
    info = decode(ModelInfo, body)
    if not info.id:
        raise _no_model()
    return info


def _canary(body: object) -> Canary:
    canary = decode(Canary, body)
    if not canary.candidate.id:
        raise UnexpectedAnswerError("The answer is not a canary. Does the service know models?")
    return canary


def _no_model() -> UnexpectedAnswerError:
    return UnexpectedAnswerError("The answer is not a model. Is this the URL of an HFER service?")
