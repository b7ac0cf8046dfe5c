"""A file of reviews, whatever its form."""

import json
from collections.abc import Sequence
from pathlib import Path

from hfer.errors import SavedFileError
from hfer.models import PhotoResult
from hfer.reviewing.found import Found, Photos
from hfer.reviewing.label_studio import read_tasks
from hfer.reviewing.rows import read_rows


def find_reviews(
    path: Path, text: str, results: Sequence[PhotoResult], *, reviewer: str | None, blind: bool
) -> Found:
    """Read the reviews in a file and find the faces of a job that they are of.

    Args:
        path: of the file, to name it.
        text: of the file.
        results: of the job.
        reviewer: who says it where the file does not tell.
        blind: whether reviewers saw neither the model's answers nor each other's.

    Raises:
        SavedFileError: it is neither an export of Label Studio nor such a table.
    """
    found, photos = Found(), Photos(results)
    if text.lstrip()[:1] not in {"[", "{"}:
        read_rows(text, photos, found, reviewer=reviewer, blind=blind)
        return found
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SavedFileError(f"{path} is not JSON: {error}.") from error
    tasks = parsed if isinstance(parsed, list) else [parsed]
    if not all(isinstance(task, dict) and "annotations" in task for task in tasks):
        raise SavedFileError(
            f"{path} is no export of Label Studio with annotations: export as JSON, not JSON-MIN."
        )
    read_tasks(tasks, photos, found, reviewer=reviewer, blind=blind)
    return found
