"""Saved predictions of another service beside a job: ``hfer compare FILE JOB``.

Numbers of two services do not mean the same, so that only their order is compared.
"""

from hfer.comparison.compared import Comparison, FacePair, LoneFace, LonePhoto, compare
from hfer.comparison.page import comparison_page
from hfer.comparison.saved import SavedFace, SavedFile, SavedPhoto, read_saved

__all__ = [
    "Comparison",
    "FacePair",
    "LoneFace",
    "LonePhoto",
    "SavedFace",
    "SavedFile",
    "SavedPhoto",
    "compare",
    "comparison_page",
    "read_saved",
]
