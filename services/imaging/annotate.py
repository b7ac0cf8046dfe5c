"""Photos with their faces drawn on: a numbered, coloured box and a label for each."""

import io
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from services.common.domain.emotions import EMOTIONS, Emotion
from services.common.domain.faces import AnalysedFace, PhotoAnalysis
from services.common.domain.limits import PhotoLimits
from services.imaging.blur import Corners, decode_blurred
from services.imaging.source import Readers

COLOURS: Mapping[Emotion, tuple[int, int, int]] = {
    Emotion.SURPRISE: (245, 130, 11),
    Emotion.FEAR: (147, 51, 234),
    Emotion.DISGUST: (22, 163, 74),
    Emotion.HAPPINESS: (250, 204, 21),
    Emotion.ANGER: (220, 38, 38),
    Emotion.SADNESS: (37, 99, 235),
    Emotion.NEUTRAL: (200, 204, 210),
}

# A label needs pixels: smaller photos are enlarged. Nobody looks at more than the larger size,
# and a 50 Mpx JPEG would take seconds and megabytes.
_SHORTEST_SIDE, _LONGEST_SIDE = 480, 4000
_BLACK, _WHITE = (0, 0, 0), (255, 255, 255)
# Perceived brightness (BT.601) above which black text reads better than white.
_BRIGHT = 140

_Rectangle = tuple[int, int, int, int]


def annotate_photo(
    photo: bytes,
    analysis: PhotoAnalysis,
    *,
    limits: PhotoLimits,
    blurred: Sequence[Corners] = (),
    readers: Readers | None = None,
) -> bytes:
    """Decode ``photo``, draw the faces of ``analysis`` and return a JPEG without metadata.

    The picture is upright. It has the photo's size, unless that is below 480 or above 4,000
    pixels on the longer side: then it is scaled to that side. ``blurred`` are the faces that
    nobody is to be recognised by.

    Raises:
        ItemError: as ``decode_photo`` does.
    """
    enough = _LONGEST_SIDE * _LONGEST_SIDE
    decoded = decode_blurred(photo, blurred, limits=limits, enough_pixels=enough, readers=readers)
    picture, shrunk = Image.fromarray(decoded.rgb), decoded.shrunk
    del decoded  # 3 bytes a pixel, while the picture is scaled
    picture = _drawn(picture, analysis.faces, shrunk=shrunk)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def draw_faces(
    rgb: NDArray[np.uint8], faces: Sequence[AnalysedFace], *, shrunk: float = 1.0
) -> Image.Image:
    """Return uint8 ``[H, W, 3]`` as a picture with the faces drawn, the same for equal input.

    ``shrunk`` is how many times as long as those of ``rgb`` the sides of the photo are, in whose
    pixels the boxes count.

    Colour tells the top expression, the number is ``face_index``, a question mark says
    uncertain. Where faces are so close that a label would cover another face or label, only
    the number stays.
    """
    return _drawn(Image.fromarray(rgb), faces, shrunk=shrunk)


def _drawn(picture: Image.Image, faces: Sequence[AnalysedFace], *, shrunk: float) -> Image.Image:
    wide, high = picture.width * shrunk, picture.height * shrunk
    longer = max(high, wide)
    scale = min(max(longer, _SHORTEST_SIDE), _LONGEST_SIDE) / longer
    size = (max(1, round(wide * scale)), max(1, round(high * scale)))
    if size != picture.size:
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    canvas = _Canvas(picture)
    boxes = [_scaled(face, scale) for face in faces]
    for face, box in zip(faces, boxes, strict=True):
        canvas.outline(box, COLOURS[_top(face)[0]])
    for index, (face, box) in enumerate(zip(faces, boxes, strict=True)):
        canvas.label(box, face, others=boxes[:index] + boxes[index + 1 :])
    return picture


class _Canvas:
    """A picture being drawn on, and the labels already placed."""

    def __init__(self, picture: Image.Image) -> None:
        self._draw = ImageDraw.Draw(picture)
        self._width, self._height = picture.size
        self._line = max(2, round(max(picture.size) / 400))
        self._labels: list[_Rectangle] = []

    def outline(self, box: _Rectangle, colour: tuple[int, int, int]) -> None:
        """Draw a coloured frame between two black ones, to be seen on any background."""
        edge = max(1, self._line // 2)
        for grow, line, shade in (
            (edge, self._line + 2 * edge, _BLACK),
            (0, self._line, colour),
        ):
            x1, y1, x2, y2 = box
            frame = (x1 - grow, y1 - grow, x2 + grow, y2 + grow)
            self._draw.rectangle(frame, outline=shade, width=line)

    def label(self, box: _Rectangle, face: AnalysedFace, *, others: list[_Rectangle]) -> None:
        """Write the label where it covers no other face or label, else only the number."""
        emotion, probability = _top(face)
        doubt = "?" if face.uncertain else ""
        number = str(face.face_index)
        font = self._font(box)
        for text in (f"{number} {emotion}{doubt} {probability:.0%}", number):
            for place in self._places(box, text, font):
                if not any(_overlap(place, taken) for taken in self._labels + others):
                    self._write(place, text, font, COLOURS[emotion])
                    return
        self._write(self._places(box, number, font)[-1], number, font, COLOURS[emotion])

    def _font(self, box: _Rectangle) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
        longer = max(self._width, self._height)
        wanted = (box[3] - box[1]) / 6
        return ImageFont.load_default(size=min(max(wanted, 14, longer / 80), max(14, longer / 30)))

    def _places(
        self,
        box: _Rectangle,
        text: str,
        font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    ) -> list[_Rectangle]:
        """Rectangles for the text above, below and inside the box, all within the picture."""
        pad = 2 * self._line
        left, top, right, bottom = self._draw.textbbox((0, 0), text, font=font)
        width, height = round(right - left) + 2 * pad, round(bottom - top) + 2 * pad
        x1, y1, x2, y2 = box
        corners = (
            (x1, y1 - height),
            (x1, y2),
            (x2 - width, y1 - height),
            (x2 - width, y2),
            (x1, y1),
        )
        places = []
        for x, y in corners:
            inside_x = min(max(x, 0), max(0, self._width - width))
            inside_y = min(max(y, 0), max(0, self._height - height))
            places.append((inside_x, inside_y, inside_x + width, inside_y + height))
        return places

    def _write(
        self,
        place: _Rectangle,
        text: str,
        font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
        colour: tuple[int, int, int],
    ) -> None:
        self._labels.append(place)
        x1, y1, x2, y2 = place
        frame = (x1, y1, x2 - 1, y2 - 1)  # Pillow counts the last row and column in
        self._draw.rectangle(frame, fill=colour, outline=_BLACK, width=max(1, self._line // 2))
        left, top, _, _ = self._draw.textbbox((0, 0), text, font=font)
        corner = (x1 + 2 * self._line - left, y1 + 2 * self._line - top)
        self._draw.text(corner, text, font=font, fill=text_colour(colour))


def _top(face: AnalysedFace) -> tuple[Emotion, float]:
    index = max(range(len(EMOTIONS)), key=face.probabilities.__getitem__)
    return EMOTIONS[index], face.probabilities[index]


def _scaled(face: AnalysedFace, scale: float) -> _Rectangle:
    x1, y1, x2, y2 = (round(value * scale) for value in face.box.corners)
    return x1, y1, max(x2, x1 + 1), max(y2, y1 + 1)


def text_colour(background: tuple[int, int, int]) -> tuple[int, int, int]:
    """Return black or white, whichever reads better on ``background``."""
    red, green, blue = background
    return _BLACK if 0.299 * red + 0.587 * green + 0.114 * blue > _BRIGHT else _WHITE


def _overlap(one: _Rectangle, other: _Rectangle) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
