"""The models of the service: look at them, publish one, and choose which one answers.

Changing anything needs an API key with the scope ``models:admin`` (or ``admin``).
"""

import os

from hfer._multipart import UploadProgress
from hfer._wire import run
from hfer.aio.registry import AsyncModels
from hfer.registry_models import Canary, ModelDetail, ModelInfo


class Models:
    """The model registry of the service.

    A ``reference`` is a model's id (``mdl_…``), its version as results name it
    (``starter-0.1.0+1a2b3c4d``), that without the digest (``starter-0.1.0``), or the beginning
    of one of these that fits a single model. Methods that take one raise `ModelReferenceError`
    when it fits none or several.
    """

    def __init__(self, core: AsyncModels) -> None:
        self._core = core

    def list(self) -> list[ModelInfo]:
        """Return all models, the newest first."""
        return run(self._core.list())

    def find(self, reference: str) -> ModelInfo:
        """Return the model that ``reference`` names."""
        return run(self._core.find(reference))

    def get(self, reference: str) -> ModelDetail:
        """Return a model with its manifest and its card."""
        return run(self._core.get(reference))

    def file(self, reference: str, name: str) -> bytes:
        """Fetch a file of a model's bundle, such as ``confusion_matrix.png``.

        Raises:
            NotFoundError: the bundle has no file of this name.
            PermissionDeniedError: weights are for administrators.
        """
        return run(self._core.file(reference, name))

    def publish(
        self, directory: str | os.PathLike[str], *, on_upload: UploadProgress | None = None
    ) -> ModelInfo:
        """Send the bundle in ``directory``, as the trainer wrote it. It is not active yet.

        The same bundle published again is the same model.

        Args:
            directory: holds ``bundle.json`` and the files that it names.
            on_upload: called with the bytes sent so far and in all.

        Raises:
            BundleFileError: the folder is no bundle; nothing was sent.
            InvalidRequestError: a file is not what the manifest says; nothing was published.
            ConflictError: another bundle has this name and version.
        """
        return run(self._core.publish(directory, on_upload=on_upload))

    def activate(self, reference: str, *, force: bool = False) -> ModelInfo:
        """Let a model answer from the next chunk of photos on.

        A live worker loads it first, which may take half a minute; ``checked`` of what is
        returned is False where none was there to do so.

        Args:
            reference: the model.
            force: also when its macro F1 is clearly below that of the active model or cannot be
                compared with it, or a worker did not load it in time.

        Raises:
            ConflictError: model-worse, model-not-comparable or trial-load-unfinished;
                model-not-loadable, which force does not help.
        """
        return run(self._core.activate(reference, force=force))

    def roll_back(self) -> ModelInfo:
        """Activate the model that was active before the present one, and return it.

        Twice goes back twice. Not tried again when no answer comes: look which is active.

        Raises:
            ConflictError: there was none before.
        """
        return run(self._core.roll_back())

    def canary(self) -> Canary | None:
        """Return how the candidate on trial does; None when there is none."""
        return run(self._core.canary())

    def start_canary(self, reference: str, *, share: float) -> Canary:
        """Let a candidate answer a share (above 0, up to 1) of the chunks of photos.

        Its faces are classified by the active model too, and the agreement is counted. A
        candidate on trial already is replaced.

        Raises:
            ConflictError: the candidate is the active model.
        """
        return run(self._core.start_canary(reference, share=share))

    def stop_canary(self) -> None:
        """End the trial; the active model answers all photos again."""
        run(self._core.stop_canary())
