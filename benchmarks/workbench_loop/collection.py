"""A collection that no model has seen: photocopied portraits, and what ten judges said of each.

The faces are FER2013's PublicTest with FER+ votes, of the half that the starter was only ever
judged on (``services/trainer/data/halves.py``); no training saw it. Each is enlarged, laid on a
page and copied as an office copier does: blurred, grained, and all but black and white.
"""

import hashlib
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from services.common.domain.emotions import EMOTIONS
from services.common.domain.reviews import Answer
from services.trainer.data.halves import Half, half_of
from services.trainer.data.votes import majority, read_votes

Pixels = NDArray[np.uint8]

_FACE_PX, _BORDER_PX, _PAPER = 240, 24, 110
_BLUR_PX, _GRAIN = 1.2, 18.0
# The copier's threshold, and over how many shades it turns from black to white.
_THRESHOLDS, _SHADES = (90.0, 130.0), 6.0
_QUALITY = 60


@dataclass(frozen=True, slots=True)
class Portrait:
    """A photo of the collection, by its name, and the judges' majority."""

    filename: str
    answer: Answer


def photocopied(face: Pixels, seed: int) -> Pixels:
    """Return a page with a copied face. ``face`` is uint8 ``[H, W]``, the seed is the copier's."""
    random = np.random.default_rng(seed)
    page = np.full((_FACE_PX + 2 * _BORDER_PX,) * 2, _PAPER, np.uint8)
    inner = slice(_BORDER_PX, _BORDER_PX + _FACE_PX)
    page[inner, inner] = cv2.resize(face, (_FACE_PX, _FACE_PX), interpolation=cv2.INTER_CUBIC)
    gray = cv2.GaussianBlur(page.astype(np.float64), (0, 0), _BLUR_PX)
    gray += random.normal(0, _GRAIN, gray.shape)
    toner = 255 / (1 + np.exp(-(gray - random.uniform(*_THRESHOLDS)) / _SHADES))
    return np.asarray(np.rint(toner), np.uint8)


def write_collection(data: Path, votes: Path, folder: Path, *, photos: int) -> Iterator[Portrait]:
    """Write so many photos into a folder and yield them; of equal arguments always the same.

    Args:
        data: the archive ``fer2013.tar.gz``.
        votes: the table of FER+ votes for its PublicTest, ``PublicTest.csv``.
        folder: gets ``copy-0000.jpg`` and on.
        photos: how many, fewer where there are no more faces with a majority.
    """
    folder.mkdir(parents=True, exist_ok=True)
    faces = sorted(_faces(data, votes))[:photos]
    for number, (digest, answer, png) in enumerate(track(faces, description="photocopies")):
        face = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE)
        name = f"copy-{number:04}.jpg"
        page = photocopied(np.asarray(face, np.uint8), int(digest[:8], 16))
        cv2.imwrite(str(folder / name), page, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        yield Portrait(name, answer)


def _faces(data: Path, votes: Path) -> Iterator[tuple[str, Answer, bytes]]:
    """Yield digest, majority and PNG of each face of half B whose judges have a majority."""
    table = read_votes([votes])
    with tarfile.open(data) as archive:
        for member in archive:
            counts = table.counts.get(Path(member.name).name)
            file = archive.extractfile(member) if counts is not None else None
            if file is None or counts is None:
                continue
            png = file.read()
            digest = hashlib.sha256(png).hexdigest()
            labels, decided = majority(np.array([counts]))
            if half_of(digest) is Half.B and decided[0]:
                yield digest, Answer(EMOTIONS[labels[0]]), png
