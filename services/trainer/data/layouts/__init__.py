"""Which images there are, what they show and which split they belong to; one file per layout."""

from services.trainer.data.layouts.folders import EXPECTED, is_fer2013
from services.trainer.data.layouts.sample import IMAGE_SUFFIXES, KnownBox, Sample, Split
from services.trainer.data.layouts.scan import count_contempt, data_root, opened, scan

__all__ = [
    "EXPECTED",
    "IMAGE_SUFFIXES",
    "KnownBox",
    "Sample",
    "Split",
    "count_contempt",
    "data_root",
    "is_fer2013",
    "opened",
    "scan",
]
