"""Which face of one frame is which of the next: by place, size and motion; never by its look.

No embedding, no identity: who leaves and comes back is a new track, and so is everybody after a
cut, also in the same place.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from services.video.assignment import cheapest_pairs

# Of centres, in widths of a face, beyond where its motion leads: what a quick turn takes at 6 to
# 8 frames a second.
_FAR = 0.9
# Growing by more between two samples is another face.
_SIZE_RATIO = 1.8
# How long a face may be hidden; then its motion says nothing any more.
_HIDDEN_S = 1.0
# A face hidden may be further from where its motion led, in widths a second.
_DRIFT = 1.0
# How much of the newest motion is believed: detectors' boxes tremble.
_NEWEST = 0.6
_NEVER = 1e6

FaceBox = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class TrackedFrame:
    """The faces of one frame.

    Attributes:
        time_s: seconds from the start of the film; ascending from frame to frame.
        boxes: x, y, width, height in pixels of each face.
        begins_shot: a cut lies right before it.
    """

    time_s: float
    boxes: Sequence[FaceBox]
    begins_shot: bool = False


@dataclass(slots=True)
class _Track:
    number: int
    time_s: float
    x: float  # of the centre
    y: float
    size: float
    motion: tuple[float, float] | None = field(default=None)

    def expected(self, time_s: float) -> tuple[float, float]:
        gap = time_s - self.time_s
        vx, vy = self.motion or (0.0, 0.0)
        return self.x + vx * gap, self.y + vy * gap

    def see(self, time_s: float, box: FaceBox) -> None:
        x, y, size = _centre(box)
        gap = max(time_s - self.time_s, 1e-6)
        seen = ((x - self.x) / gap, (y - self.y) / gap)
        before = self.motion or seen
        self.motion = (
            _NEWEST * seen[0] + (1 - _NEWEST) * before[0],
            _NEWEST * seen[1] + (1 - _NEWEST) * before[1],
        )
        self.time_s, self.x, self.y, self.size = time_s, x, y, size


class Tracker:
    """Gives the faces of frame after frame their tracks' numbers."""

    def __init__(self, first_number: int = 0) -> None:
        """Begin with no track; numbers count from ``first_number``."""
        self._next = first_number
        self._live: list[_Track] = []

    def follow(self, frame: TrackedFrame) -> list[int]:
        """Return the track of each of the frame's faces, in their order."""
        if frame.begins_shot:
            self._live.clear()
        self._live = [t for t in self._live if frame.time_s - t.time_s <= _HIDDEN_S]
        found: dict[int, _Track] = {}
        if self._live and frame.boxes:
            costs = np.array(
                [[_cost(t, frame.time_s, box) for box in frame.boxes] for t in self._live]
            )
            for row, column in cheapest_pairs(costs):
                if costs[row, column] < _NEVER:
                    found[column] = self._live[row]
        numbers = []
        for place, box in enumerate(frame.boxes):
            track = found.get(place)
            if track is None:
                x, y, size = _centre(box)
                track = _Track(self._next, frame.time_s, x, y, size)
                self._next += 1
                self._live.append(track)
            else:
                track.see(frame.time_s, box)
            numbers.append(track.number)
        return numbers


def track_faces(frames: Sequence[TrackedFrame]) -> list[list[int]]:
    """Return for each frame the tracks of its faces, in their order; numbers count from 0."""
    tracker = Tracker()
    return [tracker.follow(frame) for frame in frames]


def _cost(track: _Track, time_s: float, box: FaceBox) -> float:
    """Return how badly a face fits a track: 0 is where its motion led, `_NEVER` is too far."""
    x, y, size = _centre(box)
    ratio = max(size, track.size) / max(min(size, track.size), 1e-6)
    gap = time_s - track.time_s
    wx, wy = track.expected(time_s)
    width = max(size, track.size, 1e-6)
    far = float(np.hypot(x - wx, y - wy)) / width
    # A face not yet seen twice has no motion: it may have gone any way.
    reach = _FAR + _DRIFT * gap * (1.0 if track.motion else 3.0)
    if ratio > _SIZE_RATIO or far > reach:
        return _NEVER
    return far + 0.5 * float(np.log(ratio))


def _centre(box: FaceBox) -> tuple[float, float, float]:
    x, y, width, height = box
    return x + width / 2, y + height / 2, float(np.sqrt(max(width * height, 0.0)))
