import numpy as np
import pytest

from services.common.domain.faces import DetectedFace
from services.vision.detectors.looks import Looks, confidences, faces_of, roll_of
from services.vision.detectors.squares import Squares

# Eyes, nose and mouth of an upright face as shares of its square: five x, then five y.
_SHARES = np.array([[0.3, 0.7, 0.5, 0.35, 0.65, 0.4, 0.4, 0.6, 0.8, 0.8]], np.float32)


def look(x: float, y: float, side: float, roll: float, *, score: float = 0.999) -> Looks:
    """A face that is three quarters of its square wide and as high."""
    square = Squares(
        np.array([[x, y]], np.float32), np.array([side], np.float32), np.array([roll], np.float32)
    )
    offsets = np.array([[0.125, 0, -0.125, 0]], np.float32)
    return Looks.of(square, np.array([score], np.float32), offsets, _SHARES)


def faces(*looks: Looks, threshold: float = 0.5) -> list[DetectedFace]:
    together = looks[0]
    for one in looks[1:]:
        together = together.joined(one)
    logits = np.full(len(looks), 3, np.float32)
    return faces_of(together, logits, size=(200, 100), threshold=threshold, min_face_px=20)


@pytest.mark.parametrize("roll", [-170, -90, -30, 0, 45, 90, 180])
def test_roll_is_that_of_the_landmarks(roll: float) -> None:
    (found,) = roll_of(look(100, 50, 40, roll).points).tolist()
    assert (found - roll) % 360 == pytest.approx(0, abs=1e-3) or (
        found - roll
    ) % 360 == pytest.approx(360, abs=1e-3)


def test_a_face_that_lies_on_its_side_is_as_wide_as_it_is_high() -> None:
    (face,) = faces(look(100, 50, 40, 90))
    assert (face.box.x, face.box.y, face.box.w, face.box.h) == pytest.approx((80, 35, 40, 30))
    # Cut along the pixels, as an upright face is.
    assert face.upright is None
    # Turned clockwise by a quarter the left eye is above the right one.
    assert face.landmarks[0][1] < face.landmarks[1][1]


def test_a_tilted_face_has_the_box_of_its_own_frame() -> None:
    (face,) = faces(look(100, 50, 40, 60))
    assert face.upright is not None
    assert (face.upright.w, face.upright.h) == pytest.approx((30, 40))


def test_an_upright_face_is_its_box() -> None:
    (face,) = faces(look(100, 50, 40, 0))
    assert (face.box.x, face.box.y, face.box.w, face.box.h) == pytest.approx((85, 30, 30, 40))
    assert face.upright is None
    assert face.roll == pytest.approx(0, abs=1e-3)


def test_of_nested_faces_the_surer_one_stays() -> None:
    assert len(faces(look(100, 50, 40, 0), look(101, 51, 40, 0, score=0.9))) == 1
    assert len(faces(look(40, 50, 40, 0), look(150, 50, 40, 0))) == 2


def test_faces_are_clipped_to_the_photo_and_small_rests_left_out() -> None:
    (face,) = faces(look(5, 50, 60, 0))
    assert face.box.x == 0
    assert faces(look(-20, 50, 40, 0)) == []


def test_the_surest_look_of_each_candidate_stays() -> None:
    looks = look(1, 1, 40, 0, score=0.2).joined(look(2, 2, 40, 0, score=0.9))
    looks = looks.joined(look(1, 1, 40, 90, score=0.8))
    surest = looks.surest(np.array([0, 1, 0]))
    assert surest.squares.roll.tolist() == [90, 0]


def test_either_network_can_raise_the_confidence() -> None:
    low, high = np.array([-2], np.float32), np.array([5], np.float32)
    for one, other in ((low, low), (low, high), (high, low)):
        assert 0 < confidences(one, other)[0] < confidences(high, high)[0] < 1
