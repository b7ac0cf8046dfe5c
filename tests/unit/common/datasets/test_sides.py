"""On which side of a data set a face lies, and with whom."""

import hashlib
import random
import uuid
from collections import Counter

from services.common.datasets.checks import LEAST_TO_TEST, shortfall
from services.common.datasets.sides import (
    MOST_DIFFERING,
    Side,
    grouped,
    grouped_by_photo,
    mirrored,
    near_copies,
    sides,
)
from services.common.datasets.votes import SEVEN, VotedFace

BITS = 256


def face(photo: int, number: int = 0, *, testable: bool = True, choice: int = 0) -> VotedFace:
    digest = hashlib.sha256(str(photo).encode()).digest()
    votes = Counter({SEVEN[choice]: 1})
    return VotedFace(uuid.UUID(int=1), uuid.UUID(int=photo), number, digest, votes, testable)


def looks(count: int) -> list[bytes]:
    return [hashlib.sha256(b"look" + str(index).encode()).digest() for index in range(count)]


def differing(look: bytes, bits: int) -> bytes:
    places = random.Random(bits).sample(range(BITS), bits)
    changed = int.from_bytes(look) ^ sum(1 << place for place in places)
    return changed.to_bytes(32)


class TestGroups:
    def test_faces_of_one_photo_are_together(self) -> None:
        faces = [face(1), face(2), face(1, 1)]
        assert grouped_by_photo(faces) == [0, 1, 0]
        assert grouped(faces, looks(3)) == [0, 1, 0]

    def test_a_near_copy_joins_two_photos(self) -> None:
        first, second, third = looks(3)
        near = [first, second, differing(first, MOST_DIFFERING), third]
        assert grouped([face(1), face(2), face(3), face(3, 1)], near) == [0, 1, 0, 0]

    def test_a_bit_more_is_another_face(self) -> None:
        [first] = looks(1)
        assert list(near_copies([first, differing(first, MOST_DIFFERING + 1)])) == []

    def test_every_pair_that_is_near_is_found(self) -> None:
        [first] = looks(1)
        copies = [differing(first, bits) for bits in range(1, MOST_DIFFERING + 1)]
        found = set(near_copies([first, *copies]))
        assert {(0, place) for place in range(1, len(copies) + 1)} <= found

    def test_a_mirror_image_is_a_copy(self) -> None:
        [first] = looks(1)
        assert mirrored(mirrored(int.from_bytes(first))) == int.from_bytes(first)
        assert list(near_copies([first, mirrored(int.from_bytes(first)).to_bytes(32)])) == [(0, 1)]


class TestSides:
    def test_only_faces_drawn_and_reviewed_blind_are_held_out(self) -> None:
        faces = [face(photo, testable=photo % 3 == 0) for photo in range(600)]
        found = sides(faces, range(600), held_out=0.5)
        tested = [each for each, side in zip(faces, found, strict=True) if side is Side.TEST]
        assert 70 < len(tested) < 130  # of 200
        assert all(each.testable for each in tested)
        assert 70 < found.count(Side.VALIDATION) < 130  # of 500

    def test_a_face_beside_a_held_out_one_is_on_neither_side(self) -> None:
        faces = [
            face(photo, number, testable=number == 0) for photo in range(50) for number in (0, 1)
        ]
        found = sides(faces, grouped_by_photo(faces), held_out=1)
        assert found == [Side.TEST, None] * 50

    def test_a_group_is_never_on_two_sides(self) -> None:
        faces = [face(photo, number) for photo in range(200) for number in range(3)]
        found = sides(faces, grouped_by_photo(faces), held_out=0.5)
        assert {len(set(found[start : start + 3])) for start in range(0, 600, 3)} == {1}

    def test_what_is_held_out_stays_so_in_the_next_version(self) -> None:
        before = [face(photo) for photo in range(100)]
        after = [face(photo) for photo in range(300)]
        found = sides(after, range(300), held_out=0.5)
        assert found[:100] == sides(before, range(100), held_out=0.5)


class TestShortfall:
    def test_enough_is_enough(self) -> None:
        faces = [face(photo, choice=photo % 7) for photo in range(300)]
        found = sides(faces, range(300), held_out=0.5)
        assert shortfall(faces, found, least_of_each=5) is None

    def test_too_few_to_judge_by_says_what_may_be_held_out(self) -> None:
        faces = [face(photo, testable=photo < 40, choice=photo % 7) for photo in range(300)]
        told = shortfall(faces, sides(faces, range(300), held_out=0.5), least_of_each=0)
        assert told is not None
        assert f"{LEAST_TO_TEST} are needed" in told
        assert "40 of 300" in told

    def test_a_rare_expression_is_named(self) -> None:
        faces = [face(photo, choice=photo % 6) for photo in range(300)]
        told = shortfall(faces, sides(faces, range(300), held_out=0.5), least_of_each=5)
        assert told is not None
        assert f"0 of {SEVEN[6]}, and 5" in told

    def test_too_few_to_calibrate_on(self) -> None:
        faces = [face(photo) for photo in range(80)]
        told = shortfall(faces, sides(faces, range(80), held_out=0.8), least_of_each=0)
        assert told is not None
        assert "to calibrate on" in told
