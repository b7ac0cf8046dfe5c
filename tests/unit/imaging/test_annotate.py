import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from services.common.domain.emotions import EMOTIONS, Emotion
from services.common.domain.errors import ItemError
from services.common.domain.faces import AnalysedFace, Box, PhotoAnalysis
from services.common.domain.limits import PhotoLimits
from services.imaging.annotate import COLOURS, annotate_photo, draw_faces
from tests.fixtures.photos import encode, encode_rotated, noise, quadrants

LIMITS = PhotoLimits()


def face(
    index: int,
    box: Box,
    *,
    emotion: Emotion = Emotion.HAPPINESS,
    probability: float = 0.88,
    uncertain: bool = False,
) -> AnalysedFace:
    rest = (1 - probability) / 6
    return AnalysedFace(
        face_index=index,
        box=box,
        landmarks=((box.x, box.y),) * 5,
        confidence=0.99,
        probabilities=tuple(probability if each is emotion else rest for each in EMOTIONS),
        margin=probability - rest,
        uncertain=uncertain,
        blur=100.0,
    )


def gray(width: int = 640, height: int = 480, value: int = 128) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


def count(picture: Image.Image, colour: tuple[int, int, int]) -> int:
    return int((np.asarray(picture) == colour).all(axis=-1).sum())


class TestDrawFaces:
    @pytest.mark.parametrize("emotion", EMOTIONS)
    def test_frames_the_box_in_the_colour_of_the_expression(self, emotion: Emotion) -> None:
        picture = draw_faces(gray(), [face(0, Box(200, 150, 120, 140), emotion=emotion)])
        for corner in ((200, 200), (320, 200), (260, 150), (260, 290)):
            assert picture.getpixel(corner) == COLOURS[emotion]

    @pytest.mark.parametrize("shade", [0, 128, 255])
    def test_frame_stands_out_from_any_background(self, shade: int) -> None:
        before = gray(value=shade)
        picture = np.asarray(draw_faces(before, [face(0, Box(200, 150, 120, 140))])).astype(int)
        across = picture[220, 190:210].sum(axis=-1)
        assert across.max() - across.min() > 300

    def test_leaves_pixels_far_from_faces_alone(self) -> None:
        photo = noise(640, 480)
        picture = np.asarray(draw_faces(photo, [face(0, Box(50, 300, 80, 90))]))
        assert np.array_equal(picture[:200, 320:], photo[:200, 320:])

    def test_same_input_gives_the_same_picture(self) -> None:
        faces = [face(0, Box(50, 300, 80, 90)), face(1, Box(300, 100, 60, 60))]
        photo = noise(640, 480)
        assert draw_faces(photo, faces).tobytes() == draw_faces(photo, faces).tobytes()

    def test_draws_the_number_of_the_face(self) -> None:
        box = Box(200, 150, 120, 140)
        assert draw_faces(gray(), [face(3, box)]) != draw_faces(gray(), [face(4, box)])

    def test_marks_uncertain_faces(self) -> None:
        box = Box(200, 150, 120, 140)
        assert draw_faces(gray(), [face(0, box)]) != draw_faces(
            gray(), [face(0, box, uncertain=True)]
        )

    @pytest.mark.parametrize(
        "box",
        [Box(0, 0, 100, 100), Box(540, 380, 100, 100), Box(0, 0, 640, 480), Box(5, 470, 10, 10)],
        ids=str,
    )
    def test_keeps_the_label_inside_the_picture(self, box: Box) -> None:
        # The label is a filled area: far more coloured pixels than the frame alone has.
        picture = draw_faces(gray(), [face(0, box)])
        line = 2
        frame = 2 * line * (box.w + box.h)
        assert count(picture, COLOURS[Emotion.HAPPINESS]) > frame * 0.5 + 300

    def test_labels_cover_no_other_face(self) -> None:
        # Two rows of faces edge to edge: a full label has no room, the number has.
        faces = [
            face(row * 8 + column, Box(20 + column * 75, 100 + row * 85, 70, 80))
            for row in range(2)
            for column in range(8)
        ]
        picture = np.asarray(draw_faces(gray(), faces))
        for each in faces:
            x, y = int(each.box.x), int(each.box.y)
            heart = picture[y + 35 : y + 70, x + 10 : x + 60]
            assert (heart == 128).all()

    def test_enlarges_a_small_photo_to_make_labels_readable(self) -> None:
        picture = draw_faces(gray(48, 64), [face(0, Box(10, 10, 30, 36))])
        assert picture.size == (360, 480)
        assert picture.getpixel((75, 200)) == COLOURS[Emotion.HAPPINESS]

    def test_shrinks_a_giant_photo(self) -> None:
        picture = draw_faces(gray(5_000, 2_500), [face(0, Box(1_000, 1_000, 500, 500))])
        assert picture.size == (4_000, 2_000)
        assert picture.getpixel((800, 1_000)) == COLOURS[Emotion.HAPPINESS]

    def test_photo_without_faces_stays_as_it_is(self) -> None:
        photo = noise(640, 480)
        assert np.array_equal(np.asarray(draw_faces(photo, [])), photo)


class TestAnnotatePhoto:
    def test_gives_an_upright_jpeg_without_metadata(self) -> None:
        photo = encode_rotated(quadrants(640, 400), 6)
        analysis = PhotoAnalysis(
            width=640, height=400, exif_orientation=6, faces=(face(0, Box(400, 250, 90, 90)),)
        )
        picture = Image.open(io.BytesIO(annotate_photo(photo, analysis, limits=LIMITS)))
        assert picture.format == "JPEG"
        assert picture.size == (640, 400)
        assert not picture.getexif()
        red, green, blue = picture.getpixel((20, 20))
        assert red > 200
        assert max(green, blue) < 60

    def test_names_a_photo_that_cannot_be_read(self) -> None:
        empty = PhotoAnalysis(width=1, height=1, exif_orientation=1)
        with pytest.raises(ItemError):
            annotate_photo(b"no photo", empty, limits=LIMITS)

    def test_does_not_need_the_vision_engines(self) -> None:
        source = Path(__file__).parents[3] / "services" / "imaging" / "annotate.py"
        assert "cv2" not in source.read_text()
        assert annotate_photo(
            encode(gray()), PhotoAnalysis(width=640, height=480, exif_orientation=1), limits=LIMITS
        )
