"""Films are opened here: with an allow-list of kinds, and no way to any other file."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.stream import VideoStream

from services.video.errors import VideoError, VideoErrorCode
from services.video.ranges import RangeFile

# libav's demuxers that hold films in one file. Playlists (hls, dash, concat, sdp, ...) make it open
# other files or the network; raw streams have no times.
FORMATS = (
    "mov",
    "matroska",
    "webm",
    "avi",
    "mpegts",
    "mpeg",
    "asf",
    "flv",
    "ogg",
    "dv",
    "mxf",
)
# By decoder. Fewer decoders are fewer to be attacked.
CODECS = (
    "h264",
    "hevc",
    "vvc",
    "vp8",
    "vp9",
    "libdav1d",
    "av1",
    "mpeg1video",
    "mpeg2video",
    "mpeg4",
    "msmpeg4v2",
    "msmpeg4",
    "h263",
    "flv",
    "mjpeg",
    "prores",
    "dnxhd",
    "dvvideo",
    "wmv1",
    "wmv2",
    "wmv3",
    "vc1",
    "theora",
    "ffv1",
)
_OPTIONS = {
    "format_whitelist": ",".join(FORMATS),
    "codec_whitelist": ",".join(CODECS),
}


@contextmanager
def open_film(source: RangeFile) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a film and find its first stream of moving pictures; closed afterwards.

    Raises:
        VideoError: UNSUPPORTED_FORMAT, NO_VIDEO, UNSUPPORTED_CODEC or ENCRYPTED.
    """
    try:
        container = av.open(source, "r", options=dict(_OPTIONS), io_open=_refuse)
    except (FFmpegError, UnicodeDecodeError):
        raise VideoError(
            VideoErrorCode.UNSUPPORTED_FORMAT,
            "The file is no film that can be read, or its head is damaged; send mp4, mov, mkv, "
            "webm, avi, MPEG-TS, MPEG-PS, WMV, FLV, Ogg, DV or MXF.",
        ) from None
    with container:
        yield container, _stream_of(container)


def _refuse(*_: Any) -> NoReturn:
    """Refuse the other files that a film names."""
    raise PermissionError("a film may name no other file")


def _stream_of(container: InputContainer) -> VideoStream:
    # A cover is one picture that players show beside the sound.
    moving = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not moving:
        raise VideoError(VideoErrorCode.NO_VIDEO, "The file holds no moving pictures; send a film.")
    stream = moving[0]
    context = stream.codec_context
    name = context.name
    if name not in CODECS:
        raise VideoError(
            VideoErrorCode.UNSUPPORTED_CODEC,
            f"The film's pictures are coded as {name}, which is not read; convert it to H.264.",
        )
    # One thread: two in a child would take its address space and cost 10 to 20 % more CPU.
    context.thread_count = 1
    return stream
