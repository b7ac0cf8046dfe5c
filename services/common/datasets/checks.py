"""Whether a data set is enough to train on and to judge by, said before anything is cut."""

from collections import Counter
from collections.abc import Sequence

from services.common.datasets.sides import Side
from services.common.datasets.votes import SEVEN, VotedFace

# What the trainer asks for: with 30 images the interval of an accuracy of .7 is 33 points wide.
LEAST_TO_TEST = 30
LEAST_TO_CALIBRATE = 20


def shortfall(
    faces: Sequence[VotedFace], sides: Sequence[Side | None], *, least_of_each: int
) -> str | None:
    """Say what is missing and what to do about it; None where nothing is.

    Args:
        faces: of the data set.
        sides: of each.
        least_of_each: so many faces of each expression are wanted to train on.
    """
    counts = Counter(sides)
    if counts[Side.TEST] < LEAST_TO_TEST:
        drawn = sum(face.testable for face in faces)
        return (
            f"{counts[Side.TEST]} faces are held out to judge a model by, and {LEAST_TO_TEST} are"
            f" needed. Only faces that were drawn at random and reviewed blind are: {drawn} of"
            f" {len(faces)} here. Draw more (POST /v1/jobs/{{job_id}}/draws) and review them"
            " blind, or raise held_out."
        )
    trained = Counter(
        face.expression for face, side in zip(faces, sides, strict=True) if side is Side.TRAIN
    )
    short = [f"{trained[name]} of {name}" for name in SEVEN if trained[name] < least_of_each]
    if short:
        return (
            f"To train on there are {', '.join(short)}, and {least_of_each} of each expression are"
            " wanted. Review more faces of these, or send a smaller least_of_each: the card tells"
            " what is rare."
        )
    if counts[Side.VALIDATION] < LEAST_TO_CALIBRATE or not counts[Side.TRAIN]:
        return (
            f"{counts[Side.TRAIN]} faces are left to train on and {counts[Side.VALIDATION]} to"
            f" calibrate on, and {LEAST_TO_CALIBRATE} are needed. Review more faces: 200 or more"
            " in all."
        )
    return None
