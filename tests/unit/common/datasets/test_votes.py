"""Which reviewed faces a data set takes, and whose votes count."""

import uuid
from typing import Any

from services.common.datasets.votes import LeftOut, Word, usable
from services.common.domain.reviews import Answer

JOB, PHOTO = uuid.UUID(int=1), uuid.UUID(int=2)


def word(answer: Answer, face: int = 0, **changes: Any) -> Word:
    said: dict[str, Any] = {
        "job": JOB,
        "item": PHOTO,
        "face_index": face,
        "answer": answer,
        "blind": False,
        "drawn": False,
        "photo_sha256": b"p" * 32,
        "photo_kept": True,
    }
    return Word(**said | changes)


def test_all_votes_count_for_a_face_that_is_trained_on() -> None:
    [face], left_out = usable([word(Answer.FEAR), word(Answer.FEAR), word(Answer.SURPRISE)])
    assert face.votes == {Answer.FEAR: 2, Answer.SURPRISE: 1}
    assert face.expression is Answer.FEAR
    assert not face.testable
    assert not left_out


def test_only_blind_votes_count_for_a_face_that_may_be_held_out() -> None:
    said = [word(Answer.FEAR, drawn=True), word(Answer.ANGER, drawn=True, blind=True)]
    [face], _ = usable(said)
    assert face.testable
    assert face.votes == {Answer.ANGER: 1}


def test_a_face_is_held_out_only_if_it_was_drawn_and_reviewed_blind() -> None:
    picked = word(Answer.FEAR, 0, blind=True)
    in_sight = word(Answer.FEAR, 1, drawn=True)
    undecided = [
        word(Answer.FEAR, 2, drawn=True, blind=True),
        word(Answer.ANGER, 2, drawn=True, blind=True),
        word(Answer.ANGER, 2, drawn=True),
    ]
    faces, _ = usable([picked, in_sight, *undecided])
    assert [face.testable for face in faces] == [False, False, False]


def test_says_why_a_face_is_left_out() -> None:
    faces, left_out = usable(
        [
            word(Answer.NOT_A_FACE, 0),
            word(Answer.CANNOT_TELL, 1),
            word(Answer.FEAR, 2),
            word(Answer.ANGER, 2),
            word(Answer.FEAR, 3, photo_kept=False),
            word(Answer.FEAR, 4),
        ]
    )
    assert [face.face_index for face in faces] == [4]
    assert left_out == {
        LeftOut.NOT_A_FACE: 1,
        LeftOut.CANNOT_TELL: 1,
        LeftOut.TIED: 1,
        LeftOut.PHOTO_GONE: 1,
    }


def test_a_majority_needs_half_of_all_votes_on_the_seven() -> None:
    none = [word(Answer.CANNOT_TELL), word(Answer.CANNOT_TELL), word(Answer.FEAR)]
    faces, left_out = usable(none)
    assert not faces
    assert left_out == {LeftOut.CANNOT_TELL: 1}
