"""Answers of Amazon Rekognition's DetectFaces, as boto3 returns and the AWS CLI prints them.

An answer does not name its photo. People save the name beside it: as a key, as a field of the
same object, or as the file's own name.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from hfer.comparison.entries import SavedFace, SavedPhoto, mapping, number_at, sequence
from hfer.models import Box

SERVICE = "rekognition"
# CALM is the nearest to neutral; CONFUSED and UNKNOWN have no equal.
EQUALS: Mapping[str, str] = {
    "surprise": "SURPRISED",
    "fear": "FEAR",
    "disgust": "DISGUSTED",
    "happiness": "HAPPY",
    "anger": "ANGRY",
    "sadness": "SAD",
    "neutral": "CALM",
}
NAME_FIELDS = ("filename", "file", "name", "path", "key", "Key", "Name", "image", "Image")
_FACES = "FaceDetails"


def find_answers(entry: Mapping[str, Any], name: str) -> Iterator[SavedPhoto]:
    """Read the answers in an entry: itself, beside a name, or under names.

    Args:
        entry: an object of the file.
        name: of the photo, if the entry tells no other.

    Raises:
        SavedFileError: a face without a box, or a number that is none.
    """
    own = next(filter(None, (_name(entry.get(field)) for field in NAME_FIELDS)), name)
    if _FACES in entry:
        yield _photo(entry, own)
        return
    answers = {key: value for key, value in entry.items() if _FACES in mapping(value)}
    named = len(answers) == 1 and len(entry) > 1 and own != name
    for key, answer in answers.items():
        yield _photo(answer, own if named else key)


def _name(value: object) -> str:
    if isinstance(value, str):
        return value
    # The request, kept beside its answer.
    return str(mapping(mapping(value).get("S3Object")).get("Name") or "")


def _photo(answer: Mapping[str, Any], name: str) -> SavedPhoto:
    faces = [mapping(face) for face in sequence(answer[_FACES])]
    return SavedPhoto(name, tuple(_face(face, at, name) for at, face in enumerate(faces)))


def _face(face: Mapping[str, Any], number: int, name: str) -> SavedFace:
    about = f"{name or 'a photo'}, face {number}"
    box = mapping(face.get("BoundingBox"))
    scores = {
        str(emotion.get("Type")): number_at(emotion, "Confidence", about=about)
        for emotion in map(mapping, sequence(face.get("Emotions")))
    }
    sides = ("Left", "Top", "Width", "Height")
    return SavedFace(
        number=number,
        box=Box(*(number_at(box, side, about=about) for side in sides)),
        relative=True,
        scores={ours: scores[name] for ours, name in EQUALS.items() if name in scores},
        top=max(scores, key=lambda name: scores[name]) if scores else None,
    )
