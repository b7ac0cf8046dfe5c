"""The wanted frames of a segment as pictures that stand upright."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from services.video.errors import VideoLimits
from services.video.opening import open_film
from services.video.packets import Film, check_pixels, packets_of
from services.video.ranges import RangeFile
from services.video.segments import Segment

# Narrower or wider pixels are a mistake in the file: no camera or disc has them.
_ASPECTS = (0.25, 4.0)


@dataclass(frozen=True, slots=True)
class SampledFrame:
    """One wanted frame.

    Attributes:
        index: its number in the film, in the order shown.
        time_s: seconds from the film's first frame.
        rgb: uint8 ``[H, W, 3]``, upright and with square pixels; None where it is damaged so much
            that the decoder gave nothing.
    """

    index: int
    time_s: float
    rgb: NDArray[np.uint8] | None


@dataclass(slots=True)
class Damage:
    """What could not be decoded on the way; counted while frames are read."""

    packets: int = 0
    interlaced: int = 0


def read_frames(
    source: RangeFile,
    film: Film,
    segment: Segment,
    wanted: Sequence[int],
    *,
    limits: VideoLimits,
    damage: Damage | None = None,
) -> Iterator[SampledFrame]:
    """Yield the wanted frames of a segment, ascending, every one of them.

    Frames of an interlaced film are made of their upper lines alone, so that what moves has no
    comb: half of the height is lost. Damaged packets are skipped one by one.

    Args:
        source: the file.
        film: what `scan` said of it.
        segment: the part to decode.
        wanted: frames, ascending; those outside of the segment are left out.
        limits: what a frame may hold.
        damage: counts what is skipped.

    Raises:
        VideoError: a frame is too large, or the file is no longer what it was.
    """
    left = [index for index in wanted if segment.first <= index < segment.end]
    damage = damage if damage is not None else Damage()
    if not left:
        return
    at = 0
    for index, frame in _decoded(source, film, segment, damage):
        while at < len(left) and left[at] < index:
            yield SampledFrame(left[at], float(film.times_s[left[at]]), None)
            at += 1
        if at == len(left):
            return
        if left[at] == index:
            check_pixels(frame.width, frame.height, limits)
            damage.interlaced += frame.interlaced_frame
            rgb = upright(frame, film.pixel_aspect, limits)
            yield SampledFrame(index, float(film.times_s[index]), rgb)
            at += 1
            if at == len(left):
                return
    for index in left[at:]:
        yield SampledFrame(index, float(film.times_s[index]), None)


def upright(frame: VideoFrame, pixel_aspect: float, limits: VideoLimits) -> NDArray[np.uint8]:
    """Return a frame as RGB, uint8 ``[H, W, 3]``, turned as it is to be shown.

    Pixels that are not square are stretched to the longer of their sides: nothing is lost.
    """
    width, height = frame.width, frame.height
    if _ASPECTS[0] <= pixel_aspect <= _ASPECTS[1]:
        if pixel_aspect > 1:
            width = round(width * pixel_aspect)
        else:
            height = round(height / pixel_aspect)
    check_pixels(width, height, limits)
    if frame.interlaced_frame:
        field = np.ascontiguousarray(frame.to_ndarray(format="rgb24")[0::2]).astype(np.uint8)
        half = VideoFrame.from_ndarray(field, format="rgb24")
        rgb = half.to_ndarray(format="rgb24", width=width, height=height)
    else:
        rgb = frame.to_ndarray(format="rgb24", width=width, height=height)
    turns = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(rgb, turns)).astype(np.uint8, copy=False)


def _decoded(
    source: RangeFile, film: Film, segment: Segment, damage: Damage
) -> Iterator[tuple[int, VideoFrame]]:
    """Yield the decoder's frames that the film knows, ascending, with their numbers."""
    places = {int(pts): place for place, pts in enumerate(film.pts)}
    last, rank = -1, 0
    with open_film(source) as (container, stream):
        for frame in _frames(_from_key(container, stream, film, segment), stream, damage):
            if film.by_rank:
                index: int | None = rank if rank < len(film.pts) else None
                rank += 1
            else:
                index = places.get(frame.pts) if frame.pts is not None else None
            # A frame without its own time, or one that comes back, answers nothing.
            if index is not None and index > last:
                last = index
                yield index, frame


def _from_key(
    container: InputContainer, stream: VideoStream, film: Film, segment: Segment
) -> "Iterator[Packet[Any]]":
    """Yield packets from the segment's key frame on; what lies before is read, not decoded."""
    place = None if segment.key is None else int(film.key_places[segment.key])
    if place is not None and segment.key is not None and film.seekable:
        dts = int(film.key_dts[segment.key])
        container.seek(dts, stream=stream, backward=True)
        sought = True
    else:
        dts, sought = 0, False
    begun = place is None
    for number, packet in packets_of(container, stream):
        if packet is None:
            return
        if not begun:
            begun = packet.is_keyframe and packet.dts == dts if sought else number == place
        if begun:
            yield packet


def _frames(
    packets: "Iterator[Packet[Any]]", stream: VideoStream, damage: Damage
) -> Iterator[VideoFrame]:
    for packet in packets:
        try:
            yield from packet.decode()
        except (FFmpegError, ValueError):
            damage.packets += 1
    try:
        yield from stream.decode(None)
    except (FFmpegError, ValueError):
        damage.packets += 1
