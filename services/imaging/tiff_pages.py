"""The directories of a TIFF (TIFF 6.0 and BigTIFF): what pages there are and how each is stored.

Pillow opens the first page only and keeps a Python object per strip; this reads the few tags
that say which page is the photo, and whether it can be read right, at a bounded cost.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

# A slide scanner's file has two pages, a pyramid a dozen, a fax some hundred.
_MOST_PAGES = 64
_MOST_TAGS = 4_096
_MOST_VALUES = 16


class Tag(IntEnum):
    """Numbers of TIFF 6.0, TIFF/EP and DNG."""

    NEW_SUBFILE_TYPE = 254
    SUBFILE_TYPE = 255
    WIDTH = 256
    HEIGHT = 257
    BITS = 258
    COMPRESSION = 259
    PHOTOMETRIC = 262
    MAKE = 271
    STRIP_OFFSETS = 273
    ORIENTATION = 274
    SAMPLES = 277
    STRIP_BYTES = 279
    MIN_SAMPLE = 280
    MAX_SAMPLE = 281
    PLANAR = 284
    TILE_OFFSETS = 324
    TILE_BYTES = 325
    SUB_IFDS = 330
    EXTRA_SAMPLES = 338
    SAMPLE_FORMAT = 339
    DNG_VERSION = 50706


_TAGS = frozenset(Tag)
# Types of whole numbers, and of text: bytes of each value and how struct reads it.
_TYPES = {
    1: (1, "B"),
    2: (1, "c"),
    3: (2, "H"),
    4: (4, "I"),
    13: (4, "I"),
    16: (8, "Q"),
    18: (8, "Q"),
}
_REDUCED = 1
_MASK = 4
_OLD_REDUCED = 2


@dataclass(frozen=True, slots=True)
class Entry:
    """A tag's values, at most 16 of ``count``; where they lie, and how struct reads one."""

    values: tuple[int, ...]
    count: int
    at: int
    code: str


@dataclass(frozen=True, slots=True)
class Page:
    """One directory. ``at`` is its place in the file."""

    at: int
    entries: Mapping[int, Entry]

    def get(self, tag: Tag, default: int = 0) -> int:
        """Return the first value of a tag."""
        entry = self.entries.get(tag)
        return entry.values[0] if entry and entry.values else default

    def count(self, tag: Tag) -> int:
        """Return how many values a tag has."""
        entry = self.entries.get(tag)
        return entry.count if entry else 0

    @property
    def is_full(self) -> bool:
        """Whether it is a photo, neither a smaller copy of another page nor a mask."""
        is_reduced = self.get(Tag.NEW_SUBFILE_TYPE) & (_REDUCED | _MASK)
        return not is_reduced and self.get(Tag.SUBFILE_TYPE) != _OLD_REDUCED


class Directories:
    """Reads the directories of one file."""

    def __init__(self, data: bytes) -> None:
        """Read the header of a TIFF."""
        self._data = data
        self.order = "<" if data[:2] == b"II" else ">"
        self.is_big = data[2:4] in {b"+\x00", b"\x00+"}
        self.first_at = 8 if self.is_big else 4

    @property
    def pointer(self) -> str:
        """How struct reads and writes the place of a directory."""
        return self.order + ("Q" if self.is_big else "I")

    def pages(self) -> Iterator[Page]:
        """Yield the pages in their order, each followed by the pages below it; 64 at most.

        Raises:
            struct.error: a directory is cut off by the file's end.
        """
        seen: set[int] = set()
        at = self._number(self.pointer, self.first_at)
        while at and at not in seen and len(seen) < _MOST_PAGES:
            seen.add(at)
            page, following = self._page(at)
            yield page
            below = page.entries.get(Tag.SUB_IFDS)
            for place in below.values if below else ():
                if place not in seen and len(seen) < _MOST_PAGES:
                    seen.add(place)
                    yield self._page(place)[0]
            at = following

    def reach(self, page: Page) -> int:
        """Return where the last strip or tile of a page ends in the file, by its own account."""
        ends = [0]
        for offsets, sizes in (
            (Tag.STRIP_OFFSETS, Tag.STRIP_BYTES),
            (Tag.TILE_OFFSETS, Tag.TILE_BYTES),
        ):
            if offsets in page.entries and sizes in page.entries:
                ends += [
                    start + size
                    for start, size in zip(
                        self._all(page.entries[offsets]),
                        self._all(page.entries[sizes]),
                        strict=False,
                    )
                ]
        return max(ends)

    def _all(self, entry: Entry) -> tuple[int, ...]:
        code = f"{self.order}{entry.count}{entry.code}"
        return struct.unpack_from(code, self._data, entry.at)

    def _page(self, at: int) -> tuple[Page, int]:
        counter = self.order + ("Q" if self.is_big else "H")
        count = min(self._number(counter, at), _MOST_TAGS)
        first = at + struct.calcsize(counter)
        size = 20 if self.is_big else 12
        entries: dict[int, Entry] = {}
        for place in range(first, first + count * size, size):
            tag, kind = struct.unpack_from(self.order + "HH", self._data, place)
            if tag in _TAGS and kind in _TYPES:
                entries[tag] = self._entry(kind, place + 4)
        return Page(at, entries), self._number(self.pointer, first + count * size)

    def _entry(self, kind: int, place: int) -> Entry:
        count = self._number(self.pointer, place)
        width, code = _TYPES[kind]
        at = place + struct.calcsize(self.pointer)
        if count * width > struct.calcsize(self.pointer):
            at = self._number(self.pointer, at)
        read = min(count, _MOST_VALUES)
        if code == "c":
            return Entry(tuple(self._data[at : at + read]), count, at, "B")
        values = struct.unpack_from(f"{self.order}{read}{code}", self._data, at)
        return Entry(values, count, at, code)

    def _number(self, code: str, at: int) -> int:
        return int(struct.unpack_from(code, self._data, at)[0])
