"""Files that were found and are not sent, and why."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath

_SHOWN = 3


class SkipReason(StrEnum):
    """Why a file that was found in a folder, by a pattern or in an archive is not sent.

    ``SIDE_FILE``: it is no photo by its name nor by its content, or hidden.
    ``DEAD_LINK``: it is a link to nothing.
    ``UNREADABLE``: this user may not read it, or it is a pipe or a device.
    ``FORMAT``: it is a picture of a format that the service does not read.
    ``ARCHIVE``: it is an archive, which is opened only where it is named itself.
    """

    SIDE_FILE = "side_file"
    DEAD_LINK = "dead_link"
    UNREADABLE = "unreadable"
    FORMAT = "format"
    ARCHIVE = "archive"


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that is not sent; ``detail`` says in a few words what it is."""

    path: str
    reason: SkipReason
    detail: str

    @property
    def may_be_photo(self) -> bool:
        """Whether a photo may be missing from the results because of this file."""
        return self.reason not in {SkipReason.SIDE_FILE, SkipReason.DEAD_LINK}


OnSkip = Callable[[Skipped], None]


def describe_skipped(skipped: Iterable[Skipped]) -> list[str]:
    """Return a sentence for each kind of file: how many, what they are, and the first of them."""
    files = list(skipped)
    sentences = []
    if side := [file for file in files if file.reason is SkipReason.SIDE_FILE]:
        endings = Counter(PurePath(file.path).suffix or PurePath(file.path).name for file in side)
        shown = ", ".join(f"{count:,} {ending}" for ending, count in endings.most_common(_SHOWN))
        more = ", …" if len(endings) > _SHOWN else ""
        sentences.append(f"Passed over {_count(side)} that {_be(side)} no photo ({shown}{more}).")
    for detail in dict.fromkeys(f.detail for f in files if f.reason is not SkipReason.SIDE_FILE):
        alike = [file for file in files if file.detail == detail]
        verb = "Left out" if alike[0].may_be_photo else "Passed over"
        names = ", ".join(file.path for file in alike[:_SHOWN])
        more = f" and {len(alike) - _SHOWN:,} more" if len(alike) > _SHOWN else ""
        sentences.append(f"{verb} {_count(alike)}, {detail}: {names}{more}.")
    return sentences


def _count(files: Sequence[Skipped]) -> str:
    return f"{len(files):,} file{'' if len(files) == 1 else 's'}"


def _be(files: Sequence[Skipped]) -> str:
    return "is" if len(files) == 1 else "are"
