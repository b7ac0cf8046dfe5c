"""Results as files of other tools, written here: the service holds no writer of them.

Each form is written photo by photo, in the order sent, so that memory stays flat however large the
job is. The same job gives the same bytes: no clock is read, and what dates there are are the job's.
"""

import importlib.util
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from hfer.errors import ExportError, MissingPackageError
from hfer.exports.coco import CocoWriter
from hfer.exports.label_studio import LabelStudioWriter, Per
from hfer.exports.parquet import ParquetWriter
from hfer.exports.pyfeat import PyFeatWriter
from hfer.exports.xlsx import XlsxWriter
from hfer.models import JobState, PhotoResult

__all__ = ["ExportFormat", "Exporter", "Per", "Writer", "exporting", "require_writer"]


class ExportFormat(StrEnum):
    """The forms of a file of results; docs/exports.md tells what each is for."""

    PARQUET = "parquet"
    XLSX = "xlsx"
    COCO = "coco"
    LABEL_STUDIO = "label-studio"
    PYFEAT = "pyfeat"


class Writer(Protocol):
    """Writes one file. Whoever does not get as far as `close` calls `abandon`."""

    def add(self, photo: PhotoResult) -> None:
        """Write what came of one photo.

        Raises:
            ExportError: the form cannot hold it.
        """

    def close(self) -> None:
        """Write what is left, and close the file."""

    def abandon(self) -> None:
        """Let go of the file and of all temporary ones."""


_PACKAGES = {ExportFormat.PARQUET: "pyarrow", ExportFormat.XLSX: "xlsxwriter"}


def require_writer(form: ExportFormat) -> None:
    """Say early that a package is missing, before results are fetched.

    Raises:
        MissingPackageError: it is.
    """
    package = _PACKAGES.get(form)
    if package is not None and importlib.util.find_spec(package) is None:
        raise MissingPackageError(f"{form} needs {package}: pip install 'hfer[tables]'.")


@dataclass(frozen=True, slots=True)
class Exporter:
    """A form and its settings; ``per`` and ``image_prefix`` are of label-studio."""

    form: ExportFormat
    per: Per = Per.PHOTO
    image_prefix: str = ""

    def open(self, path: Path, state: JobState) -> Writer:
        """Begin a file."""
        makers: dict[ExportFormat, Callable[[], Writer]] = {
            ExportFormat.PARQUET: lambda: ParquetWriter(path, state),
            ExportFormat.XLSX: lambda: XlsxWriter(path, state),
            ExportFormat.COCO: lambda: CocoWriter(path, state),
            ExportFormat.LABEL_STUDIO: lambda: LabelStudioWriter(
                path, state, per=self.per, image_prefix=self.image_prefix
            ),
            ExportFormat.PYFEAT: lambda: PyFeatWriter(path),
        }
        return makers[self.form]()


@contextmanager
def exporting(
    path: str | os.PathLike[str], exporter: Exporter, state: JobState
) -> Iterator[Callable[[Sequence[PhotoResult]], None]]:
    """Write a file beside ``path``, and put it there once it is whole.

    Gives what takes the photos, in the order sent. An error leaves what was at ``path`` before.

    Raises:
        MissingPackageError: the form needs a package that is not installed.
        ExportError: the path is a folder.
    """
    require_writer(exporter.form)
    target = Path(path)
    if target.is_dir():
        raise ExportError(f"{target} is a folder: name a file for {exporter.form}.")
    unfinished = target.with_name(f"{target.name}.part")
    # XlsxWriter would find out about a folder that is missing when it has all rows.
    unfinished.touch()
    writer = exporter.open(unfinished, state)

    def add(photos: Sequence[PhotoResult]) -> None:
        for photo in photos:
            writer.add(photo)

    try:
        yield add
        writer.close()
    except BaseException:
        try:
            writer.abandon()
        finally:
            unfinished.unlink(missing_ok=True)
        raise
    unfinished.replace(target)
