"""Small photos for `FakeAnalyser` and the real one alike, and an analyser that never ends."""

import io
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

from services.common.config import Settings
from services.common.domain.faces import AnalysisOptions
from tests.e2e.photos import sample_paths
from tests.fixtures.analysers import FakeAnalyser


class HeldAnalyser(FakeAnalyser):
    """Never comes back from a photo that says so: its worker holds the lease until killed."""

    def with_bundle(self, directory: Path) -> "HeldAnalyser":
        return HeldAnalyser(version=super().with_bundle(directory).model_version)

    def analyse(self, photos: Sequence[bytes], options: AnalysisOptions) -> Any:
        while any(b" held " in content for content in photos):
            time.sleep(1)
        return super().analyse(photos, options)


def held(settings: Settings) -> HeldAnalyser:
    """Factory for the worker of the snapshot."""
    return HeldAnalyser().with_bundle(settings.worker.bundle_dir)


def photo(number: int, *, source: str = "hopper", side: int = 200, word: str = "") -> bytes:
    """A small JPEG whose comment makes it a healthy photo for `FakeAnalyser` as well."""
    path = next(path for path in sample_paths() if path.stem == source)
    with Image.open(path) as image:
        upright = ImageOps.exif_transpose(image).convert("RGB")
    upright.thumbnail((side, side))
    stream = io.BytesIO()
    upright.save(stream, "JPEG", quality=60, comment=f" healthy {word} photo-{number:03d} ")
    return stream.getvalue()


def plain(number: int) -> bytes:
    """A photo without a face."""
    stream = io.BytesIO()
    comment = f" healthy plain photo-{number:03d} "
    Image.new("RGB", (160, 120), (90, 140, 90)).save(stream, "JPEG", comment=comment)
    return stream.getvalue()
