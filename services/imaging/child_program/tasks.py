"""What a child is asked for: a photo's pixels, or a picture made of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.common.domain.faces import AnalysedFace, Box, PhotoAnalysis
from services.common.domain.limits import PhotoLimits
from services.imaging.annotate import annotate_photo
from services.imaging.decode import decode_photo
from services.imaging.numbered import cut_out, number_faces
from services.imaging.preview import scale_photo
from services.imaging.source import Readers
from services.imaging.tiles import draw_tiles_of
from services.imaging.training_crops import cut_faces

Facts = dict[str, Any]
Parts = Sequence[bytes | memoryview]
Task = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Tasks:
    """The tasks of a child, with its readers."""

    readers: Readers

    def run(self, task: Task, photo: bytes) -> tuple[Facts, Parts]:
        """Do ``task`` and return facts about what was made, and its bytes in parts.

        Raises:
            ItemError: the photo is at fault.
            KeyError: a picture is asked for without a word on which faces are blurred in it.
            ValueError: there is no such task.
        """
        allowed = PhotoLimits(**task["limits"])
        # A format that this installation had to close is refused like one closed by a setting.
        formats = tuple(name for name in allowed.formats if name in self.readers)
        limits = replace(allowed, formats=formats)
        if task["do"] == "decode":
            return self._decoded(photo, limits)
        if task["do"] == "training":
            return self._training_crops(task, photo, limits)
        return self._drawn(task, photo, limits)

    def _drawn(self, task: Task, photo: bytes, limits: PhotoLimits) -> tuple[Facts, Parts]:
        blurred = [tuple(corners) for corners in task["blurred"]]
        match task["do"]:
            case "annotate":
                analysis = PhotoAnalysis(
                    width=task["width"],
                    height=task["height"],
                    exif_orientation=1,
                    faces=tuple(_face(face) for face in task["faces"]),
                )
                picture = annotate_photo(
                    photo, analysis, limits=limits, blurred=blurred, readers=self.readers
                )
                return {}, [picture]
            case "scale":
                picture = scale_photo(
                    photo,
                    longest_side=task["longest_side"],
                    limits=limits,
                    blurred=blurred,
                    readers=self.readers,
                )
                return {}, [picture]
            case "tiles":
                tiles = draw_tiles_of(
                    photo,
                    task["boxes"],
                    pixels=task["pixels"],
                    limits=limits,
                    blurred=blurred,
                    readers=self.readers,
                )
                return {}, [tiles]
            case "number":
                return _pixels(
                    number_faces(
                        photo,
                        [tuple(box) for box in task["boxes"]],
                        [tuple(shade) for shade in task["shades"]],
                        pixels=task["pixels"],
                        width=task["width"],
                        limits=limits,
                        blurred=blurred,
                        readers=self.readers,
                    )
                )
            case "cut":
                box = tuple(task["box"]) if task["box"] else None
                rgb = cut_out(
                    photo,
                    box,
                    pixels=task["pixels"],
                    limits=limits,
                    blurred=blurred,
                    readers=self.readers,
                )
                return _pixels(rgb)
            case other:
                raise ValueError(other)

    def _training_crops(self, task: Task, photo: bytes, limits: PhotoLimits) -> tuple[Facts, Parts]:
        boxes = [tuple(box) for box in task["boxes"]]
        made = cut_faces(photo, boxes, limits=limits, readers=self.readers)
        crops = [crop for crop, _ in made]
        hashes = [look.hex() for _, look in made]
        return {"bytes": [len(crop) for crop in crops], "hashes": hashes}, crops

    def _decoded(self, photo: bytes, limits: PhotoLimits) -> tuple[Facts, Parts]:
        decoded = decode_photo(photo, limits=limits, readers=self.readers)
        facts, parts = _pixels(decoded.rgb)
        facts |= {
            "format": decoded.format,
            "exif_orientation": decoded.exif_orientation,
            "captured_at": decoded.captured_at,
            "warnings": decoded.warnings,
            "original": decoded.original,
        }
        return facts, parts


def _pixels(rgb: NDArray[np.uint8]) -> tuple[Facts, Parts]:
    height, width = rgb.shape[:2]
    return {"width": width, "height": height}, [np.ascontiguousarray(rgb).data]


def _face(said: Mapping[str, Any]) -> AnalysedFace:
    """Read what drawing needs of a face; more of it is not sent."""
    return AnalysedFace(
        face_index=said["face_index"],
        box=Box(*said["box"]),
        landmarks=(),
        confidence=1.0,
        probabilities=tuple(said["probabilities"]),
        margin=0.0,
        uncertain=said["uncertain"],
        blur=0.0,
    )
