"""On which side of a data set each face lies: train, validation or test.

A group goes whole to one side: the faces of one photo, and of photos with near copies among them.
Which side is told by the group's hash, so that a face which was held out from one version of a data
set is held out from the next one too, unless a later photo joins two groups.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import pairwise

from services.common.datasets.votes import VotedFace

# Near copies differ in fewer of the 256 bits; other photos of one face in some 60 and more.
MOST_DIFFERING = 24
_BITS = 256
_ROW = 16
# Of what is not held out.
_VALIDATION = 0.2


class Side(StrEnum):
    """What a face is for: to learn, to choose and calibrate by, to judge."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


def grouped(faces: Sequence[VotedFace], looks: Sequence[bytes]) -> list[int]:
    """Return the group of each face, as the number of its first member.

    Args:
        faces: of a data set.
        looks: the difference hash of each, 32 bytes.
    """
    parent = list(range(len(faces)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    def join(a: int, b: int) -> None:
        low, high = sorted((root(a), root(b)))
        parent[high] = low

    for index, first in enumerate(grouped_by_photo(faces)):
        join(index, first)
    for a, b in near_copies(looks):
        join(a, b)
    return [root(index) for index in range(len(faces))]


def grouped_by_photo(faces: Sequence[VotedFace]) -> list[int]:
    """Return the group of each face as `grouped` does, before it is known how any looks."""
    photos: dict[bytes, int] = {}
    return [photos.setdefault(face.photo_sha256, index) for index, face in enumerate(faces)]


def near_copies(looks: Sequence[bytes]) -> Iterator[tuple[int, int]]:
    """Yield pairs of places whose hashes differ in few bits, also where one is mirrored.

    Two hashes that differ in ``MOST_DIFFERING`` bits are equal in one of one more bands: only
    those that share a band are compared.
    """
    plain = [int.from_bytes(look) for look in looks]
    seen: list[defaultdict[int, list[int]]] = [defaultdict(list) for _ in _BANDS]
    for index, look in enumerate(plain):
        for which in (look, mirrored(look)):
            near = {
                other
                for band, (shift, mask) in zip(seen, _BANDS, strict=True)
                for other in band.get(which >> shift & mask, ())
            }
            for other in near:
                if (plain[other] ^ which).bit_count() <= MOST_DIFFERING:
                    yield other, index
        for band, (shift, mask) in zip(seen, _BANDS, strict=True):
            band[look >> shift & mask].append(index)


def mirrored(look: int) -> int:
    """Return the hash of the mirrored picture: each row backwards, brighter for darker."""
    bits = f"{look:0{_BITS}b}"
    rows = (bits[start : start + _ROW][::-1] for start in range(0, _BITS, _ROW))
    return int("".join(rows), 2) ^ ((1 << _BITS) - 1)


def sides(
    faces: Sequence[VotedFace], groups: Sequence[int], *, held_out: float
) -> list[Side | None]:
    """Return the side of each face; None for one beside a held-out face, on neither side.

    Args:
        faces: of a data set.
        groups: of each.
        held_out: which share of the groups with faces that may be held out is, 0..1.
    """
    members: defaultdict[int, list[int]] = defaultdict(list)
    for index, group in enumerate(groups):
        members[group].append(index)
    found: list[Side | None] = [Side.TRAIN] * len(faces)
    for places in members.values():
        testable = any(faces[place].testable for place in places)
        lot = _lot(min(faces[place].photo_sha256 for place in places))
        if testable and lot < held_out:
            for place in places:
                found[place] = Side.TEST if faces[place].testable else None
        elif (lot if not testable else (lot - held_out) / (1 - held_out)) < _VALIDATION:
            for place in places:
                found[place] = Side.VALIDATION
    return found


def _lot(photo_sha256: bytes) -> float:
    """Return 0..1, the same for a photo every time, and evenly spread."""
    return int.from_bytes(hashlib.sha256(b"hfer split " + photo_sha256).digest()[:8]) / 2**64


def _bands() -> list[tuple[int, int]]:
    edges = [_BITS * band // (MOST_DIFFERING + 1) for band in range(MOST_DIFFERING + 2)]
    return [(low, (1 << (high - low)) - 1) for low, high in pairwise(edges)]


_BANDS = _bands()
