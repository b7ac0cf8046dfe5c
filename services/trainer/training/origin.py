"""Where the weights of a run come from: published ones, or a model, and what that came from."""

import json
from pathlib import Path
from typing import Any, TypedDict

from services.common.domain.bundles import MANIFEST_NAME
from services.trainer.config import PUBLISHED_WEIGHTS


class Origin(TypedDict):
    """What a model card says of it.

    Attributes:
        weights: that the first training began with: "none", "imagenet", "faceres", "file" for one
            of named arrays, "unknown" where a model does not say.
        models: that were trained one after the other since, the first one first.
        minutes: that their trainings took together.
    """

    weights: str
    models: list[str]
    minutes: float


def origin_of(weights: str) -> Origin:
    """Return where ``model.weights`` of a recipe leads to.

    Raises:
        OSError, ValueError: if a model is gone or damaged.
    """
    if weights in PUBLISHED_WEIGHTS:
        return Origin(weights=weights, models=[], minutes=0.0)
    folder = Path(weights)
    if not folder.is_dir():
        return Origin(weights="file", models=[], minutes=0.0)
    if not (folder / MANIFEST_NAME).is_file():
        return _run_origin(folder)
    manifest = json.loads((folder / MANIFEST_NAME).read_bytes())
    recipe = manifest.get("recipe", {})
    name = f"{manifest.get('name')}-{manifest.get('version')}"
    training = recipe.get("training", {})
    return _and(_told(training.get("origin"), recipe), name, training.get("minutes", 0.0))


def _run_origin(folder: Path) -> Origin:
    record = json.loads((folder / "run.json").read_bytes())
    return _and(_told(record["sessions"][0].get("origin"), record["config"]), folder.name, 0.0)


def _told(origin: Origin | None, recipe: dict[str, Any]) -> Origin:
    """Return what a model says; one of before said at least which published weights it took."""
    weights = recipe.get("model", {}).get("weights")
    known = weights if weights in PUBLISHED_WEIGHTS else "unknown"
    return origin or Origin(weights=known, models=[], minutes=0.0)


def _and(origin: Origin, model: str, minutes: float) -> Origin:
    return Origin(
        weights=origin["weights"],
        models=[*origin["models"], model],
        minutes=round(origin["minutes"] + minutes, 1),
    )
