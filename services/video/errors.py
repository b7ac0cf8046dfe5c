"""Why a film is refused, and how much of one may be."""

from dataclasses import dataclass
from enum import StrEnum


class VideoErrorCode(StrEnum):
    """Why a film has no result. Stable: users' programs switch on it."""

    EMPTY = "empty"
    UNSUPPORTED_FORMAT = "unsupported_format"
    UNSUPPORTED_CODEC = "unsupported_codec"
    DECODE_FAILED = "decode_failed"
    ENCRYPTED = "encrypted"
    NO_VIDEO = "no_video"
    NO_FRAMES = "no_frames"
    NO_TIMES = "no_times"
    ABSURD_RATE = "absurd_rate"
    TOO_LARGE = "too_large"
    TOO_LONG = "too_long"
    TOO_MANY_PIXELS = "too_many_pixels"
    TIME_LIMIT = "time_limit"
    OUT_OF_MEMORY = "out_of_memory"
    CRASHED_WORKER = "crashed_worker"
    INTERNAL = "internal"


class VideoError(Exception):
    """A film is at fault.

    Attributes:
        code: stable, for programs.
        detail: a sentence that says what to do.
    """

    def __init__(self, code: VideoErrorCode, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class VideoLimits:
    """How much one film may hold.

    Attributes:
        video_bytes: largest file.
        video_seconds: longest film, by its packets and not by what its head says.
        video_pixels: most pixels of one frame; 4096 x 2304.
        frame_rate: most frames a second on average.
    """

    video_bytes: int = 2_000_000_000
    video_seconds: float = 7_200.0
    video_pixels: int = 9_437_184
    frame_rate: float = 1_000.0
