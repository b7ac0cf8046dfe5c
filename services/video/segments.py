"""A long film in parts that several workers read, and the frames of it that are wanted."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from services.video.packets import Film

# Wanted times lie on a grid, those of frames on another: less than this apart is the same.
_SAME_S = 1e-6


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a film, in frames as shown: ``first`` up to but without ``end``.

    Attributes:
        first: its first frame.
        end: the frame after its last.
        key: the number of the key frame to begin decoding with, one before that of ``first``
            where there is one: frames shown before a key frame may need the group before it. None:
            from the head.
    """

    first: int
    end: int
    key: int | None


def split(film: Film, seconds: float) -> list[Segment]:
    """Cut a film at key frames into parts of about so many seconds.

    A film whose frames are known by their rank alone is one part, decoded from its head.
    """
    count = len(film.times_s)
    if film.by_rank or len(film.key_frames) == 0:
        return [Segment(0, count, None)]
    # What lies before the first key frame belongs to the first part.
    starts: list[tuple[int, int | None]] = [(0, None)]
    for key, frame in enumerate(film.key_frames.tolist()):
        far = film.times_s[frame] - film.times_s[starts[-1][0]] >= seconds
        if far and frame > starts[-1][0]:
            starts.append((frame, key - 1 if key > 0 else None))
    ends = [first for first, _ in starts[1:]] + [count]
    return [Segment(first, end, key) for (first, key), end in zip(starts, ends, strict=True)]


@dataclass(frozen=True, slots=True)
class Sampling:
    """Which frames are wanted.

    Attributes:
        fps: frames a second, or every key frame.
        start: seconds from the first frame.
        end: seconds; frames at or after it are not wanted. None: to the end.
        max_frames: most frames, the first ones.
    """

    fps: float | Literal["keyframes"] = 2.0
    start: float = 0.0
    end: float | None = None
    max_frames: int | None = None


def sample(film: Film, wish: Sampling) -> list[int]:
    """Return the wanted frames, ascending, each once.

    A time is answered by the frame on show then: the last that began. Where the film has fewer
    frames a second than are asked for, each of its frames answers once.

    Raises:
        ValueError: ``fps`` is not a positive number.
    """
    times = film.times_s
    end = film.duration_s if wish.end is None else min(wish.end, film.duration_s)
    if wish.fps == "keyframes":
        keys = film.key_frames
        inside = (times[keys] >= wish.start - _SAME_S) & (times[keys] < end - _SAME_S)
        found: Sequence[int] = np.unique(keys[inside]).tolist()
    else:
        if not (math.isfinite(wish.fps) and wish.fps > 0):
            raise ValueError("fps is a positive number")
        # Never more times than frames could answer, whatever rate is asked for.
        step = max(1.0 / wish.fps, _SAME_S * 10)
        first, last = wish.start, end - _SAME_S
        if last < first:
            return []
        if (last - first) / step > 4 * len(times) + 4:
            inside = (times >= first - _SAME_S) & (times <= last)
            found = np.flatnonzero(inside).tolist()
        else:
            asked = first + step * np.arange(math.floor((last - first) / step) + 1)
            shown = np.searchsorted(times, asked + _SAME_S, side="right") - 1
            found = np.unique(shown[shown >= 0]).tolist()
    return list(found[: wish.max_frames])
