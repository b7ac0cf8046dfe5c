"""A photo with its faces, as gallery and photo page show it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from services.web.views.expressions import Bar, probability_bars
from services.web.views.matching import is_match

# A face is shown with some of its surroundings: on each side this share of its longer side.
_MARGIN = 0.2
# Height of a number on the photo as a share of the photo's longer side: 16 pixels on a card that
# is 400 wide, and on a whole screen. Small faces get smaller ones, which must not hide them.
_CARD_DIGIT, _SCREEN_DIGIT = 0.04, 0.021
_FACE_DIGIT = 0.55
_TAG_HEIGHT, _TAG_WIDTH, _TAG_WIDER = 1.2, 1.15, 1.75
_WARNINGS = {
    "small_face": "small: fewer pixels than the model sees",
    "cut_off": "cut off at the edge of the photo",
}
_MENDED = {
    "end_missing": "The file ends early, behind all that a viewer shows.",
    "side_chunk_skipped": "Damaged data beside the picture was left out; the picture is whole.",
    "empty_alpha_ignored": "The file says that all of it is transparent; that was ignored.",
    "sample_range_guessed": "No tag says which of the 16-bit numbers is white; it was guessed.",
}
# Of faces, then those of photos: what the filter offers.
ALL_WARNINGS: Mapping[str, str] = MappingProxyType(_WARNINGS | _MENDED)
# Whether the same photo can have a result when it is tried again; unknown of older jobs.
_RETRY: Mapping[bool | None, str] = MappingProxyType(
    {True: "A retry may help.", False: "A retry cannot help."}
)
# A head that is turned by less looks upright.
_TURNED_DEGREES = 10


@dataclass(frozen=True, slots=True)
class Rectangle:
    """Top left corner and size, in pixels of the upright photo."""

    x: float
    y: float
    w: float
    h: float

    @property
    def view_box(self) -> str:
        """As an SVG ``viewBox``."""
        return f"{self.x:.1f} {self.y:.1f} {self.w:.1f} {self.h:.1f}"


@dataclass(frozen=True, slots=True)
class Tag:
    """Where a face's number is drawn: above its box, or inside where the photo ends."""

    box: Rectangle
    digit: float

    @property
    def x(self) -> float:
        """Middle of the number."""
        return self.box.x + self.box.w / 2

    @property
    def y(self) -> float:
        """Base line of the number."""
        return self.box.y + self.box.h / 2 + self.digit * 0.36


@dataclass(frozen=True, slots=True)
class FaceView:
    """A face: ``number`` is its ``face_index``, ``bars`` are all seven, most probable first."""

    number: int
    anchor: str
    box: Rectangle
    crop: Rectangle
    bars: tuple[Bar, ...]
    uncertain: bool
    notes: tuple[str, ...]
    is_match: bool
    card_tag: Tag
    screen_tag: Tag

    @property
    def top(self) -> Bar:
        """The first answer."""
        return self.bars[0]

    @property
    def says(self) -> str:
        """The face in words, for those who hear the page."""
        doubt = ", uncertain" if self.uncertain else ""
        return f"Face {self.number}: {self.top.label}, {self.top.text}{doubt}"


@dataclass(frozen=True, slots=True)
class PhotoView:
    """A photo of a job. ``width`` and ``height`` are of the upright photo, 0 without a result."""

    id: str
    index: int
    filename: str
    status: str
    width: int
    height: int
    faces: tuple[FaceView, ...]
    cause: str
    model: str
    engines: str
    taken: str
    mended: tuple[str, ...]
    cut: bool

    @property
    def listed(self) -> tuple[FaceView, ...]:
        """The faces, those first that the filter asks for."""
        return tuple(sorted(self.faces, key=lambda face: not face.is_match))

    @property
    def says(self) -> str:
        """What the photo shows, as alternative text."""
        if not self.faces:
            return f"{self.filename}: no face found"
        return f"{self.filename}: {'; '.join(face.says for face in self.faces[:8])}"


def photo_view(
    photo: Mapping[str, Any], narrow: Mapping[str, str] = MappingProxyType({})
) -> PhotoView:
    """Read a photo's result of the API; faces that ``narrow`` asks for are matches."""
    image = photo.get("image") or {}
    width, height = int(image.get("width") or 0), int(image.get("height") or 0)
    item = str(photo.get("item_id") or "")
    faces = photo.get("faces") or () if width and height else ()
    return PhotoView(
        id=item,
        index=int(photo.get("index") or 0),
        filename=str(photo.get("filename") or "unnamed"),
        status=str(photo.get("status") or ""),
        width=width,
        height=height,
        faces=tuple(_face(face, item, narrow, width=width, height=height) for face in faces),
        cause=cause_of(photo.get("error")),
        model=str(photo.get("model_version") or ""),
        engines=_engines(photo),
        taken=str(photo.get("captured_at") or "").replace("T", " "),
        mended=tuple(_MENDED.get(code, str(code)) for code in photo.get("warnings") or ()),
        cut=bool(photo.get("faces_truncated")),
    )


def photo_views(photos: Sequence[Mapping[str, Any]], narrow: Mapping[str, str]) -> list[PhotoView]:
    """Read a page of photos."""
    return [photo_view(photo, narrow) for photo in photos]


def _face(
    face: Mapping[str, Any], item: str, narrow: Mapping[str, str], *, width: int, height: int
) -> FaceView:
    number = int(face.get("face_index") or 0)
    box = Rectangle(*(float(face["box"][name]) for name in "xywh"))
    longer = max(width, height)
    notes = [_WARNINGS.get(name, name) for name in face.get("warnings") or ()]
    notes += _turned(face.get("roll"))
    return FaceView(
        number=number,
        anchor=f"face-{item}-{number}",
        box=box,
        crop=_crop(box, width=width, height=height),
        bars=probability_bars(face["emotions"]),
        uncertain=bool(face.get("uncertain")),
        notes=tuple(notes),
        is_match=is_match(face, narrow),
        card_tag=_tag(number, box, longer * _CARD_DIGIT),
        screen_tag=_tag(number, box, longer * _SCREEN_DIGIT),
    )


def _turned(roll: float | None) -> list[str]:
    if roll is None or abs(roll) < _TURNED_DEGREES:
        return []
    return [f"turned by {abs(roll):.0f}° {'clockwise' if roll > 0 else 'counter-clockwise'}"]


def _engines(photo: Mapping[str, Any]) -> str:
    names = [str(photo[key]) for key in ("precision", "detector") if photo.get(key)]
    return " · ".join("each picture one face" if name == "none" else name for name in names)


def _tag(number: int, box: Rectangle, digit: float) -> Tag:
    digit = min(digit, box.h * _FACE_DIGIT)
    width = digit * (_TAG_WIDTH if number < 10 else _TAG_WIDER)  # noqa: PLR2004 - two digits
    height = digit * _TAG_HEIGHT
    above = box.y >= height
    return Tag(Rectangle(box.x, box.y - height if above else box.y, width, height), digit)


def _crop(box: Rectangle, *, width: int, height: int) -> Rectangle:
    """Make a square around a box, moved into the photo where it sticks out."""
    side = min(max(box.w, box.h) * (1 + 2 * _MARGIN), width, height)
    x = min(max(box.x + box.w / 2 - side / 2, 0.0), width - side)
    y = min(max(box.y + box.h / 2 - side / 2, 0.0), height - side)
    return Rectangle(x, y, side, side)


def cause_of(error: Mapping[str, Any] | None) -> str:
    """Say why a photo failed, in the sentence of the API, and whether a retry can help."""
    if not error:
        return ""
    code = str(error.get("code") or "internal")
    said = str(error.get("detail") or f"It could not be analysed ({code}).")
    return f"{said} {_RETRY.get(error.get('retryable'), '')}".rstrip()
