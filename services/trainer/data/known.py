"""What is known of a data set: its name and its terms, and how it frames faces.

All of it ends up in the manifest of the model, so none is guessed: a data set that is not
recognised bears the name of its folder and says that its terms are unknown, until the recipe
says otherwise (``data.name=…``). The framing is measured, see ``framing.py``.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from services.trainer.config import DataConfig
from services.trainer.data.framing import Framing
from services.trainer.data.layouts import Sample, Split, is_fer2013


@dataclass(frozen=True, slots=True)
class DataFacts:
    """Name and terms for people; how faces are framed, measured or as the recipe says.

    Attributes:
        name: of the data set.
        licence: its terms.
        crop_margin: as in ``vision.InputSpec``; 0 when no face was found in any image.
        centre_dx: likewise.
        centre_dy: likewise.
        framing_spread: interquartile range of the margin; None when it was not measured.
        faces_found: share of the images in which our detector finds a face; None likewise.
        split_names: the data set's own, by ours.
    """

    name: str
    licence: str
    crop_margin: float = 0.0
    centre_dx: float = 0.0
    centre_dy: float = 0.0
    framing_spread: float | None = None
    faces_found: float | None = None
    split_names: dict[str, str] = field(default_factory=dict)


FER2013 = DataFacts(
    name="FER2013",
    licence=(
        "ICML 2013 representation learning challenge set, for academic use; no image of it is "
        "part of this model's files"
    ),
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
    """Return the facts of a data set that is known by its files, or what its name says."""
    if is_fer2013(samples):
        return FER2013
    if (source / GENERATED_MARK).is_file():
        return GENERATED
    name = source.resolve().name
    return DataFacts(name=name, licence="unknown: set data.licence")


def framed(facts: DataFacts, framing: Framing | None) -> DataFacts:
    """Return ``facts`` with a measured framing; None: no face was found to measure it on."""
    if framing is None:
        return replace(facts, faces_found=0.0)
    measured = asdict(framing)
    spread, found = measured.pop("spread"), measured.pop("found")
    return replace(facts, framing_spread=spread, faces_found=found, **measured)


def halved(facts: DataFacts) -> DataFacts:
    """Return ``facts`` of a data set whose validation images are cut in halves."""
    whole = facts.split_names.get(Split.VALIDATION)
    if whole is None:
        return facts
    halves = {str(Split.VALIDATION): f"{whole}, half A", str(Split.TEST): f"{whole}, half B"}
    return replace(facts, split_names={**facts.split_names, **halves})


def stated(facts: DataFacts, config: DataConfig) -> DataFacts:
    """Return ``facts`` with what the recipe states in their place."""
    names = ("name", "licence", "crop_margin", "centre_dx", "centre_dy")
    said: dict[str, Any] = {name: getattr(config, name) for name in names}
    return replace(facts, **{name: value for name, value in said.items() if value is not None})
