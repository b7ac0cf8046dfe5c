"""What is known of a data set: its name, its terms, and how it frames faces.

All three end up in the manifest of the model, so none is guessed: a data set that is not
recognised bears the name of its folder and says that its terms are unknown, until the recipe
says otherwise (``data.name=…``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from services.trainer.config import DataConfig
from services.trainer.data.layouts import Sample, Split, is_fer2013


@dataclass(frozen=True, slots=True)
class DataFacts:
    """Name and terms for people; margin and centre as in ``vision.InputSpec``.

    ``split_names`` are the data set's own, by ours.
    """

    name: str
    licence: str
    crop_margin: float = 0.0
    centre_dx: float = 0.0
    centre_dy: float = 0.0
    split_names: dict[str, str] = field(default_factory=dict)


FER2013 = DataFacts(
    name="FER2013",
    licence=(
        "ICML 2013 representation learning challenge set, for academic use; no image of it is "
        "part of this model's files"
    ),
    crop_margin=-0.05,  # measured, see framing.py
    centre_dx=0.006,
    centre_dy=-0.01,
    split_names={
        Split.TRAIN: "Training",
        Split.VALIDATION: "PublicTest",
        Split.TEST: "PrivateTest",
    },
)

# The file that ``generated.write_faces`` leaves beside the images it draws.
GENERATED_MARK = "GENERATED.txt"
GENERATED = DataFacts(
    name="generated faces", licence="none needed: drawn by this project, no one's faces"
)


def recognise(samples: Sequence[Sample], *, source: Path) -> DataFacts:
    """Return the facts of a data set that is known by its files, or what its name tells."""
    if is_fer2013(samples):
        return FER2013
    if (source / GENERATED_MARK).is_file():
        return GENERATED
    name = source.resolve().name
    return DataFacts(name=name, licence="unknown: set data.licence")


def stated(facts: DataFacts, config: DataConfig) -> DataFacts:
    """Return ``facts`` with what the recipe states in their place."""
    names = ("name", "licence", "crop_margin", "centre_dx", "centre_dy")
    said: dict[str, Any] = {name: getattr(config, name) for name in names}
    return replace(facts, **{name: value for name, value in said.items() if value is not None})
