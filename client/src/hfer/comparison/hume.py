"""Predictions of Hume's Expression Measurement API, as its SDK 0.13.13 and its API wrote them."""

from collections.abc import Mapping
from typing import Any

from hfer.comparison.entries import SavedFace, SavedPhoto, mapping, number_at, sequence
from hfer.models import Box

SERVICE = "hume"
# Hume has no neutral (Calmness is another thing), and two surprises.
EQUALS: Mapping[str, tuple[str, ...]] = {
    "surprise": ("Surprise (negative)", "Surprise (positive)"),
    "fear": ("Fear",),
    "disgust": ("Disgust",),
    "happiness": ("Joy",),
    "anger": ("Anger",),
    "sadness": ("Sadness",),
}


def is_hume(entry: Mapping[str, Any]) -> bool:
    """Whether an entry is what Hume answered for one source."""
    return "source" in entry and ("results" in entry or "error" in entry)


def read_hume(entry: Mapping[str, Any]) -> list[SavedPhoto]:
    """Read the photos of one source; an archive holds several.

    Raises:
        SavedFileError: a face without a box or a score without a number.
    """
    source, results = mapping(entry.get("source")), mapping(entry.get("results"))
    name = str(source.get("filename") or source.get("url") or "")
    md5 = str(source["md5sum"]).lower() if source.get("md5sum") else None
    predictions = [mapping(value) for value in sequence(results.get("predictions"))]
    failed = entry.get("error") or [mapping(e).get("message") for e in _errors(results)]
    if not predictions:
        return [SavedPhoto(name, md5=md5, problem=_told(failed) if failed else None)]
    if len(predictions) == 1:
        return [_photo(predictions[0], name or str(predictions[0].get("file") or ""), md5)]
    # The checksum is the archive's.
    return [_photo(one, str(one.get("file") or name), None) for one in predictions]


def _errors(results: Mapping[str, Any]) -> list[Any]:
    return sequence(results.get("errors"))


def _told(failed: object) -> str:
    sentences = failed if isinstance(failed, list) else [failed]
    return "Hume could not read it: " + "; ".join(str(sentence) for sentence in sentences)


def _photo(prediction: Mapping[str, Any], name: str, md5: str | None) -> SavedPhoto:
    models = mapping(prediction.get("models"))
    found = [
        mapping(face)
        for group in sequence(mapping(models.get("face")).get("grouped_predictions"))
        for face in sequence(mapping(group).get("predictions"))
    ]
    if any(face.get("frame") for face in found):
        return SavedPhoto(name, md5=md5, problem="it is a video")
    return SavedPhoto(name, tuple(_face(face, at, name) for at, face in enumerate(found)), md5)


def _face(face: Mapping[str, Any], number: int, name: str) -> SavedFace:
    about = f"{name}, face {number}"
    box = mapping(face.get("box"))
    scores = {
        str(emotion.get("name")): number_at(emotion, "score", about=about)
        for emotion in map(mapping, sequence(face.get("emotions")))
    }
    equal = {
        ours: max(scores[name] for name in names if name in scores)
        for ours, names in EQUALS.items()
        if any(name in scores for name in names)
    }
    return SavedFace(
        number=number,
        box=Box(*(number_at(box, key, about=about) for key in "xywh")),
        relative=False,
        scores=equal,
        top=max(scores, key=lambda name: scores[name]) if scores else None,
    )
