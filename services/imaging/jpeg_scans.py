"""The markers of a JPEG (ITU-T T.81, annex B): which scans it has, and where its data end."""

import re
from dataclasses import dataclass

# Behind coded data: a marker other than a restart, a filling byte or a coded 0xFF.
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_EOI, _SOS = 0xD9, 0xDA
_ALONE = frozenset({0x00, 0x01, *range(0xD0, 0xD9)})
# Baseline, extended and progressive, with Huffman or arithmetic coding: what libjpeg reads.
_COMMON = frozenset({0xC0, 0xC1, 0xC2, 0xC9, 0xCA})
_PROGRESSIVE = frozenset({0xC2, 0xCA})
_UNCOMMON = {
    0xC3: "lossless",
    0xC5: "hierarchical",
    0xC6: "hierarchical",
    0xC7: "hierarchical",
    0xCB: "lossless",
    0xCD: "hierarchical",
    0xCE: "hierarchical",
    0xCF: "hierarchical",
    0xF7: "JPEG-LS",
}
_COEFFICIENTS = frozenset(range(64))


@dataclass(frozen=True, slots=True)
class _Scan:
    """``first`` says that its coefficients come for the first time, not as a refinement."""

    components: tuple[int, ...]
    coefficients: frozenset[int]
    first: bool


@dataclass(frozen=True, slots=True)
class Structure:
    """What the markers tell. ``end`` is where the coded data end; an end marker is not in it.

    Attributes:
        scans: how many there are.
        uncommon_coding: of a frame that libjpeg does not read, such as "lossless"; else empty.
        shows_all: every coefficient of every component came, if the last scan is complete.
        last_is_needed: without the last scan that would not be so.
        is_ended: there is an end marker.
        end: in bytes.
    """

    scans: int
    uncommon_coding: str
    shows_all: bool
    last_is_needed: bool
    is_ended: bool
    end: int


def read_structure(data: bytes) -> Structure:
    """Walk the markers of a JPEG as far as they go; a segment that is cut ends the data."""
    walk = _Walk()
    at = 2  # behind SOI
    while not walk.is_ended:
        at = data.find(b"\xff", at)
        filled = at
        while at >= 0 and data[at + 1 : at + 2] == b"\xff":
            at += 1
        if at < 0 or at + 1 >= len(data):
            return walk.structure(len(data) if at < 0 else filled)
        marker = data[at + 1]
        if marker == _EOI:
            walk.is_ended = True
            break
        if marker in _ALONE:
            at += 2
            continue
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        if end > len(data) or end < at + 4:
            break
        walk.take(marker, data[at + 4 : end])
        at = _end_of_scan(data, end) if marker == _SOS else end
    return walk.structure(at)


def _end_of_scan(data: bytes, start: int) -> int:
    found = _NEXT_MARKER.search(data, start)
    return found.start() if found else len(data)


class _Walk:
    """What was met on the way."""

    def __init__(self) -> None:
        self.is_ended = False
        self._coding = 0
        self._components: tuple[int, ...] = ()
        self._scans: list[_Scan] = []

    def take(self, marker: int, content: bytes) -> None:
        """Note a frame or a scan; other segments tell nothing here."""
        if marker in _COMMON or marker in _UNCOMMON:
            self._coding = marker
            self._components = tuple(content[6::3])
        elif marker == _SOS and content:
            self._scans.append(self._scan(content))

    def _scan(self, content: bytes) -> _Scan:
        count = content[0]
        components = tuple(content[1 : 1 + 2 * count : 2])
        # Only a progressive JPEG may send a part; baseline encoders write anything there.
        if self._coding not in _PROGRESSIVE or len(content) < 4 + 2 * count:
            return _Scan(components, _COEFFICIENTS, first=True)
        lowest, highest, precision = content[1 + 2 * count : 4 + 2 * count]
        return _Scan(components, frozenset(range(lowest, highest + 1)), first=precision < 1 << 4)

    def structure(self, end: int) -> Structure:
        """Sum up; ``end`` is where the data end."""
        return Structure(
            scans=len(self._scans),
            uncommon_coding=_UNCOMMON.get(self._coding, ""),
            shows_all=self._covers(self._scans),
            last_is_needed=not self._covers(self._scans[:-1]),
            is_ended=self.is_ended,
            end=end,
        )

    def _covers(self, scans: list[_Scan]) -> bool:
        sent: dict[int, set[int]] = {component: set() for component in self._components}
        for scan in scans:
            for component in scan.components if scan.first else ():
                sent.setdefault(component, set()).update(scan.coefficients)
        return bool(sent) and all(came >= _COEFFICIENTS for came in sent.values())
