"""Which photos of a job are wanted: the same parameters for listing and downloads."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query

from services.common.domain.emotions import Emotion
from services.common.domain.jobs import ItemStatus
from services.common.jobs.repositories.faces import FaceFilter


@dataclass(frozen=True, slots=True)
class PhotoFilter:
    """Photos in a status, and with one face that fits all that is asked of it."""

    status: Annotated[ItemStatus | None, Query(description="only photos in this status")] = None
    expression: Annotated[
        Emotion | None, Query(description="only photos with a face of this first answer")
    ] = None
    min_p: Annotated[
        float | None, Query(ge=0, le=1, description="lowest probability of that answer")
    ] = None
    uncertain: Annotated[bool | None, Query(description="whether that answer is uncertain")] = None

    @property
    def faces(self) -> FaceFilter:
        """What is asked of the face."""
        return FaceFilter(self.expression, self.min_p, self.uncertain)

    @property
    def asks(self) -> bool:
        """Whether anything is asked for: else all photos are wanted."""
        return self != PhotoFilter()


ALL_PHOTOS = PhotoFilter()
Narrowing = Annotated[PhotoFilter, Depends()]
