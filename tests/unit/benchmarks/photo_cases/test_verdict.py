from dataclasses import replace

from benchmarks.photo_cases.right import right
from benchmarks.photo_cases.verdict import described, faults
from services.common.domain.emotions import EMOTIONS, Emotion
from services.common.domain.errors import ItemError, ItemErrorCode
from services.common.domain.faces import AnalysedFace, Box, PhotoAnalysis, PhotoWarning

UPRIGHT = ((30.0, 30.0), (50.0, 30.0), (40.0, 42.0), (32.0, 55.0), (48.0, 55.0))
FACE = AnalysedFace(
    face_index=0,
    box=Box(20.0, 20.0, 40.0, 50.0),
    landmarks=UPRIGHT,
    confidence=1.0,
    probabilities=tuple(0.7 if each is Emotion.FEAR else 0.05 for each in EMOTIONS),
    margin=0.65,
    uncertain=False,
    blur=1.0,
)
PHOTO = PhotoAnalysis(width=80, height=90, exif_orientation=1, faces=(FACE,))


def told(words: str, answer: PhotoAnalysis | ItemError = PHOTO) -> list[str]:
    return faults(right("a.jpg", words), answer, collected=False)


def with_face(**changes: object) -> PhotoAnalysis:
    return replace(PHOTO, faces=(replace(FACE, **changes),))  # type: ignore[arg-type] - fields


class TestFaults:
    def test_a_right_answer_has_none(self) -> None:
        assert told("one face near x 22 y 18 w 40 h 50 (of 80x90), fear, in the middle") == []

    def test_names_what_differs(self) -> None:
        assert told("two faces near x 60 y 60 w 9 h 9 (of 90x80), anger") == [
            "the picture is 80x90",
            "1 faces",
            "no face near x 60 y 60",
            "fear, not anger",
        ]

    def test_uncertain_is_right_where_the_table_says_so(self) -> None:
        unsure = with_face(uncertain=True)
        assert told("anger, or uncertain", unsure) == []
        assert told("anger, or uncertain") == ["fear, not anger"]
        assert told("anger", unsure) == ["fear, not anger"]

    def test_landmarks_are_looked_at_in_the_picture(self) -> None:
        on_its_head = with_face(landmarks=tuple((80 - x, 90 - y) for x, y in UPRIGHT))
        on_its_side = with_face(landmarks=tuple((90 - y, x) for x, y in UPRIGHT))
        assert told("one face, eyes below the mouth", on_its_head) == []
        assert told("one face, eyes right of the mouth", on_its_side) == []
        assert told("one face, landmarks turned with it", on_its_side) == []
        assert told("one face, landmarks turned with it") == ["landmarks not turned"]
        assert told("one face, eyes below the mouth") == ["eyes above the mouth"]

    def test_an_edge_and_its_warning(self) -> None:
        cut = with_face(box=Box(0.0, 20.0, 30.0, 50.0))
        assert told("one face at the left edge, warning cut_off", cut) == []
        assert told("one face at the left edge, warning cut_off") == [
            "not at the left edge",
            "no warning cut_off",
        ]

    def test_a_warning_of_the_photo(self) -> None:
        mended = replace(PHOTO, warnings=(PhotoWarning.END_MISSING,))
        assert told("one face, warning end_missing", mended) == []
        assert told("one face, warning end_missing") == ["no warning end_missing"]

    def test_a_refusal_names_the_format(self) -> None:
        refused = ItemError(ItemErrorCode.UNSUPPORTED_FORMAT, "This is camera RAW (DNG).")
        assert told("one face, or an error that names camera raw", refused) == []
        assert told("one face, or an error that says float", refused) == [
            "the error does not name float"
        ]
        assert told("one face", refused) == ["refused"]
        assert told("an error that names camera raw") == ["not refused"]

    def test_the_client_takes_the_file_out_of_a_folder(self) -> None:
        assert told("`hfer submit FOLDER` takes it (one face)") == [
            "hfer submit FOLDER passes it over"
        ]


def test_an_answer_in_a_few_words() -> None:
    assert described(PHOTO) == "80x90, 1 faces; x 20 y 20 w 40 h 50 fear 0.70"
    assert described(ItemError(ItemErrorCode.EMPTY, "Nothing.")) == "empty: Nothing."
