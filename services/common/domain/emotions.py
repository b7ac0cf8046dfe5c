"""The seven apparent expressions, in the one order that every array in this project uses."""

from enum import StrEnum


class Emotion(StrEnum):
    """An apparent facial expression: what a face looks like, never what a person feels.

    The order is the seed project's (RAF-DB's labels 1 to 7) and is part of the model bundle
    format: index i of a probability vector belongs to ``EMOTIONS[i]``.
    """

    SURPRISE = "surprise"
    FEAR = "fear"
    DISGUST = "disgust"
    HAPPINESS = "happiness"
    ANGER = "anger"
    SADNESS = "sadness"
    NEUTRAL = "neutral"


EMOTIONS: tuple[Emotion, ...] = tuple(Emotion)

# Folder and column names met in the field's data sets, all of the same seven classes.
_SYNONYMS = {
    "angry": Emotion.ANGER,
    "happy": Emotion.HAPPINESS,
    "sad": Emotion.SADNESS,
    "surprised": Emotion.SURPRISE,
    "fearful": Emotion.FEAR,
    "disgusted": Emotion.DISGUST,
}


def parse_emotion(name: str) -> Emotion:
    """Return the expression that ``name`` means, whatever its case (``Happy`` is happiness).

    Raises:
        ValueError: if the name is none of the seven nor a known synonym.
    """
    key = name.strip().lower()
    if key in _SYNONYMS:
        return _SYNONYMS[key]
    try:
        return Emotion(key)
    except ValueError:
        known = ", ".join(sorted({*EMOTIONS, *_SYNONYMS}))
        raise ValueError(f"unknown expression {name!r}; expected one of {known}") from None
