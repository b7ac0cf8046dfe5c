"""Published weights that were converted, below ``XDG_CACHE_HOME`` or ``~/.cache``."""

import os
from pathlib import Path

from services.trainer.config import Backbone
from services.trainer.errors import WeightsError


def weights_cache() -> Path:
    """Folder of converted weights."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hfer" / "weights"


def faceres_file() -> Path:
    """Where the converted face weights lie, or will."""
    return weights_cache() / "faceres.npz"


def converted_faceres(backbone: Backbone) -> Path:
    """Return where the face weights lie.

    Raises:
        WeightsError: if they are of another backbone, or not there.
    """
    if backbone is not Backbone.MOBILENET_V1:
        raise WeightsError(
            f"The face weights are of a MobileNet v1, not {backbone}: set "
            "model.backbone=mobilenet_v1."
        )
    converted = faceres_file()
    if not converted.is_file():
        raise WeightsError("The face weights are not there: fetch them with `make faceres`.")
    return converted
