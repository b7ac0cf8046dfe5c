"""The packets of a film, looked at without decoding any: a hundredth of its cost.

They alone tell the truth about times, number of frames, length and damage; heads of files and
rates of streams often do not.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.stream import VideoStream
from numpy.typing import NDArray

from services.video.errors import VideoError, VideoErrorCode, VideoLimits
from services.video.opening import open_film
from services.video.ranges import RangeFile

# A film with times that run back by more is one that was joined of others.
_JOINT_S = 0.5
# By the name of the container: seeking there loses frames or gives some twice.
_NOT_SEEKABLE = frozenset({"mpegts", "mpeg"})
_HDR_TRANSFERS = frozenset({16, 18})  # PQ (SMPTE 2084) and HLG (ARIB B67)
_LENGTH_LIES_S = 1.0
_STEADY = 0.05


@dataclass(frozen=True, slots=True)
class Film:
    """What the packets of a film say.

    Attributes:
        format: libav's name of the container.
        codec: libav's name of the decoder.
        width: of the coded pictures in pixels, before turning.
        height: likewise.
        pixel_aspect: width of a pixel over its height.
        duration_s: from the first frame to the end of the last.
        times_s: float64 ``[N]``, of each frame in the order shown, from the first frame.
        pts: int64 ``[N]``, the same in the stream's unit as the packets have it.
        key_places: int64 ``[K]``, which packets are key frames, counted as they lie in the file.
        key_dts: int64 ``[K]``, where to seek for each.
        key_frames: int64 ``[K]``, which frames they are in the order shown, ascending.
        by_rank: the pts do not tell which frame is which: the n-th frame decoded is the n-th.
        seekable: one may begin at a key frame without reading what is before.
        damaged: packets that are empty, marked as damaged or without any time.
        warnings: stable words: cut_short, hdr, joined, length_differs, one_after_another,
            variable_rate.
    """

    format: str
    codec: str
    width: int
    height: int
    pixel_aspect: float
    duration_s: float
    times_s: NDArray[np.float64]
    pts: NDArray[np.int64]
    key_places: NDArray[np.int64]
    key_dts: NDArray[np.int64]
    key_frames: NDArray[np.int64]
    by_rank: bool
    seekable: bool
    damaged: int
    warnings: tuple[str, ...]


def packets_of(
    container: InputContainer, stream: VideoStream
) -> Iterator["tuple[int, Packet[Any] | None]"]:
    """Yield the packets with frames, numbered, and once None where the file breaks off.

    Packets that an edit list cuts away are not numbered; they are yielded with number -1, since
    others need them to be decoded.
    """
    number = 0
    try:
        for packet in container.demux(stream):
            if packet.size == 0 and packet.dts is None:
                continue  # the flush at the end
            if packet.is_discard:
                yield -1, packet
                continue
            yield number, packet
            number += 1
    except (FFmpegError, EOFError):
        yield number, None


class _Scan:
    """What is gathered while packets pass."""

    def __init__(self, time_base: Fraction) -> None:
        self.pts: list[int] = []
        self.keys: list[tuple[int, int, int]] = []  # place, dts, pts
        self.durations = 0
        self.damaged = 0
        self.joined = self.cut_short = False
        self._back = round(_JOINT_S / time_base)
        self._offset = 0
        self._last_dts: int | None = None

    def add(self, packet: "Packet[Any]") -> None:
        """Note one packet; one without any time stamp counts as damaged and has no frame."""
        dts = packet.dts if packet.dts is not None else packet.pts
        pts = packet.pts if packet.pts is not None else packet.dts
        if packet.size == 0 or packet.is_corrupt:
            self.damaged += 1
        if pts is None or dts is None:
            self.damaged += packet.size > 0 and not packet.is_corrupt
            return
        if self._last_dts is not None and dts + self._offset < self._last_dts - self._back:
            self.joined = True
            self._offset = self._last_dts + (packet.duration or 1) - dts
        self._last_dts = dts + self._offset
        if packet.is_keyframe:
            self.keys.append((len(self.pts), dts, pts + self._offset))
        self.pts.append(pts + self._offset)
        self.durations = packet.duration or self.durations


def scan(source: RangeFile, size: int, limits: VideoLimits) -> Film:
    """Read a film's packets and say what it is.

    Args:
        source: the file.
        size: its bytes.
        limits: what it may hold.

    Raises:
        VideoError: it is no film, holds no frame, or more than it may.
    """
    if size == 0:
        raise VideoError(VideoErrorCode.EMPTY, "The file is empty; send it again.")
    if size > limits.video_bytes:
        raise VideoError(
            VideoErrorCode.TOO_LARGE,
            f"The film has {size:,} bytes, more than {limits.video_bytes:,}; "
            "cut it or code it smaller.",
        )
    with open_film(source) as (container, stream):
        check_pixels(stream.codec_context.width, stream.codec_context.height, limits)
        base = stream.time_base or Fraction(1, 1_000)
        found = _Scan(base)
        for _, packet in packets_of(container, stream):
            if packet is None:
                found.cut_short = True
            elif packet.has_sidedata("encryption_info"):
                raise VideoError(
                    VideoErrorCode.ENCRYPTED,
                    "The film is protected against copying; send one that is not.",
                )
            elif not packet.is_discard:
                found.add(packet)
                _check_length(found, base, limits)
        return _film(container, stream, found, limits)


def check_pixels(width: int, height: int, limits: VideoLimits) -> None:
    """Refuse frames that are too large.

    Raises:
        VideoError: TOO_MANY_PIXELS.
    """
    if width * height > limits.video_pixels:
        raise VideoError(
            VideoErrorCode.TOO_MANY_PIXELS,
            f"The film's frames are {width} x {height}, more than {limits.video_pixels:,} pixels; "
            "scale it down.",
        )


def _check_length(found: _Scan, base: Fraction, limits: VideoLimits) -> None:
    """Stop reading as soon as it is too much: a small file may hold very many packets."""
    if len(found.pts) > limits.video_seconds * limits.frame_rate:
        raise _too_fast(limits)
    if found.pts and (found.pts[-1] - found.pts[0]) * base > limits.video_seconds + 60:
        raise _too_long(limits)


def _too_fast(limits: VideoLimits) -> VideoError:
    return VideoError(
        VideoErrorCode.ABSURD_RATE,
        f"The film claims more than {limits.frame_rate:g} frames a second; save it again with "
        "its true rate.",
    )


def _too_long(limits: VideoLimits) -> VideoError:
    return VideoError(
        VideoErrorCode.TOO_LONG,
        f"The film is longer than {limits.video_seconds:g} s; cut it into parts.",
    )


def _film(
    container: InputContainer, stream: VideoStream, found: _Scan, limits: VideoLimits
) -> Film:
    if not found.pts:
        without_times = found.damaged > 0
        raise VideoError(
            VideoErrorCode.NO_TIMES if without_times else VideoErrorCode.NO_FRAMES,
            "No frame of the film has a time; put it into mp4 or mkv."
            if without_times
            else "The film holds no frame; send one that plays.",
        )
    base = stream.time_base or Fraction(1, 1_000)
    in_file = np.array(found.pts, np.int64)
    pts = np.sort(in_file)
    times = (pts - pts[0]) * float(base)
    gaps = np.diff(times)
    last_s = float(found.durations * base) or (float(np.median(gaps)) if len(gaps) else 0.0)
    duration = float(times[-1]) + last_s
    if duration > limits.video_seconds:
        raise _too_long(limits)
    if len(pts) > 1 and len(pts) / max(duration, 1e-9) > limits.frame_rate:
        raise _too_fast(limits)
    context = stream.codec_context
    keys = sorted(found.keys, key=lambda key: key[2])
    # AVI has no pts: the decoder gives frames in another order than the packets' times.
    by_rank = found.joined or (container.format.name == "avi" and context.has_b_frames > 0)
    by_rank = by_rank or bool((gaps == 0).any())
    seekable = not by_rank and container.format.name not in _NOT_SEEKABLE and len(keys) > 0
    head_s = _head_duration(container, stream, base)
    steady = np.median(gaps) if len(gaps) else 0.0
    warnings = {
        "cut_short": found.cut_short,
        "hdr": int(context.color_trc) in _HDR_TRANSFERS,
        "joined": found.joined,
        "length_differs": head_s is not None and abs(head_s - duration) > _LENGTH_LIES_S,
        "one_after_another": not seekable,
        "variable_rate": bool((np.abs(gaps - steady) > _STEADY * steady + 0.0011).any()),
    }
    aspect = stream.sample_aspect_ratio
    return Film(
        format=container.format.name,
        codec=context.name,
        width=context.width,
        height=context.height,
        pixel_aspect=float(aspect) if aspect else 1.0,
        duration_s=duration,
        times_s=times,
        pts=pts,
        key_places=np.array([key[0] for key in keys], np.int64),
        key_dts=np.array([key[1] for key in keys], np.int64),
        key_frames=np.searchsorted(pts, np.array([key[2] for key in keys], np.int64)),
        by_rank=by_rank,
        seekable=seekable,
        damaged=found.damaged,
        warnings=tuple(word for word, true in warnings.items() if true),
    )


def _head_duration(container: InputContainer, stream: VideoStream, base: Fraction) -> float | None:
    """Return the length that the file claims, where it does."""
    if stream.duration is not None:
        return float(stream.duration * base)
    return container.duration / 1_000_000 if container.duration is not None else None
