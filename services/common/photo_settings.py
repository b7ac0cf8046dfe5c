"""What a deployment sets of the photos that it takes."""

from pydantic import Field, field_validator

from services.common.domain.limits import PhotoLimits
from services.common.environment import Group

_DEFAULTS = PhotoLimits()


class PhotoSettings(Group):
    """How large a photo may be, and what is read. The defaults are those of `PhotoLimits`."""

    bytes: int = Field(
        default=_DEFAULTS.photo_bytes,
        ge=100_000,
        le=400_000_000,
        description="largest photo file; memory and temporary folders of api, ingest and worker"
        " grow with it",
    )
    pixels: int = Field(
        default=_DEFAULTS.photo_pixels,
        ge=1_000_000,
        le=200_000_000,
        description="most pixels of a photo; a worker child needs up to 6 bytes for each",
    )
    faces: int = Field(
        default=_DEFAULTS.faces_per_photo,
        ge=1,
        le=2_000,
        description="most faces kept of a photo, the largest; a cut is told in the results",
    )
    formats: tuple[str, ...] = Field(
        default=_DEFAULTS.formats,
        description="JSON list of what is read, by content; leave one out to close it",
    )

    @field_validator("formats")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not names or set(names) - set(_DEFAULTS.formats):
            raise ValueError(f"takes one or more of {', '.join(_DEFAULTS.formats)}")
        return names

    @property
    def limits(self) -> PhotoLimits:
        """The limits that this deployment enforces."""
        return PhotoLimits(
            photo_bytes=self.bytes,
            photo_pixels=self.pixels,
            faces_per_photo=self.faces,
            formats=self.formats,
        )
