"""RAF-DB (Li et al., CVPR 2017, arXiv 1702.06416): the official form and Kaggle's.

official  Image/aligned/train_00001_aligned.jpg … with [EmoLabel/]list_patition_label.txt,
          lines such as ``train_00001.jpg 5`` (the file's name is misspelt by its authors)
Kaggle    [DATASET/]train/1 … train/7 and test/1 … test/7

The data set has a train and a test split; validation is cut from train.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from services.common.domain.emotions import EMOTIONS, Emotion
from services.trainer.data.layouts.folders import SPLIT_FOLDERS, folders, images, wrong
from services.trainer.data.layouts.sample import Sample, Split
from services.trainer.errors import DataLayoutError

# As in its label file and in the folder names of Kaggle's form.
NUMBERS: Mapping[Emotion, str] = {
    Emotion.SURPRISE: "1",
    Emotion.FEAR: "2",
    Emotion.DISGUST: "3",
    Emotion.HAPPINESS: "4",
    Emotion.SADNESS: "5",
    Emotion.ANGER: "6",
    Emotion.NEUTRAL: "7",
}
LIST = "list_patition_label.txt"
_LABELS = {number: EMOTIONS.index(emotion) for emotion, number in NUMBERS.items()}
_PREFIXES = {"train": Split.TRAIN, "test": Split.TEST}


def is_official(base: Path) -> bool:
    """Whether ``base`` holds the official form."""
    return (base / "Image" / "aligned").is_dir()


def scan_official(base: Path) -> list[Sample]:
    """List the aligned images that the label file names.

    Raises:
        DataLayoutError: if the label file or an image that it names is missing, or a line is
            not a file name and a number from 1 to 7.
    """
    listing = next((p for p in (base / "EmoLabel" / LIST, base / LIST) if p.is_file()), None)
    if listing is None:
        raise wrong(base, folders(base), f"Image/aligned needs {LIST} beside it or in EmoLabel/")
    return list(_listed(base, listing))


def is_numbered(base: Path) -> bool:
    """Whether ``base`` holds split folders with the classes 1 to 7."""
    splits = [name for name in folders(base) if name.lower() in _PREFIXES]
    return bool(splits) and all(set(folders(base / name)) == set(_LABELS) for name in splits)


def scan_numbered(base: Path) -> list[Sample]:
    """List the images of ``train/1`` to ``test/7``."""
    return [
        Sample(path.relative_to(base).as_posix(), label, SPLIT_FOLDERS[split.lower()])
        for split in folders(base)
        if split.lower() in _PREFIXES
        for number, label in _LABELS.items()
        for path in images((base / split / number).iterdir())
    ]


def _listed(base: Path, listing: Path) -> Iterator[Sample]:
    # A byte that is no UTF-8 becomes a sign that no name has, and its line is named below.
    text = listing.read_text("utf-8", errors="replace")
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        name, _, label = line.strip().partition(" ")
        stem, _, suffix = name.rpartition(".")
        split = _PREFIXES.get(name.partition("_")[0])
        path = f"Image/aligned/{stem}_aligned.{suffix}"
        if split is None or label not in _LABELS or "/" in name:
            raise DataLayoutError(
                f"{listing.name}, line {number}: expected a name such as train_00001.jpg and a "
                f"number from 1 to 7, found {line.strip()[:60]!r}"
            )
        if not (base / path).is_file():
            raise DataLayoutError(f"{listing.name}, line {number}: {path} is missing")
        yield Sample(path, _LABELS[label], split)
