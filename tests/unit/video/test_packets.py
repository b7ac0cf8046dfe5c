"""What the packets say, and what is refused by them."""

import io
from fractions import Fraction

import av
import pytest

from services.video.errors import VideoError, VideoErrorCode, VideoLimits
from services.video.packets import Film, scan
from services.video.ranges import RangeFile
from tests.fixtures.films import film, served, sound_only


def looked_at(data: bytes, **limits: float) -> Film:
    return scan(served(data), len(data), VideoLimits(**limits))  # type: ignore[arg-type]


def refusal(data: bytes, **limits: float) -> VideoErrorCode:
    with pytest.raises(VideoError) as caught:
        looked_at(data, **limits)
    assert caught.value.detail.endswith(".")
    return caught.value.code


class TestFacts:
    def test_length_count_size_and_key_frames(self) -> None:
        seen = looked_at(film(frames=50, group=10))
        assert (seen.width, seen.height, seen.codec) == (160, 96, "h264")
        assert seen.duration_s == pytest.approx(2.0)
        assert seen.key_frames.tolist() == [0, 10, 20, 30, 40]
        assert (seen.damaged, seen.warnings, seen.seekable) == (0, (), True)

    @pytest.mark.parametrize("form", ["mpegts", "mpeg"])
    def test_the_clock_begins_at_the_first_frame_where_the_file_begins_later(
        self, form: str
    ) -> None:
        seen = looked_at(film("mpeg2video", form, frames=25))
        assert seen.times_s[0] == 0
        assert seen.times_s[-1] == pytest.approx(0.96)
        assert seen.warnings == ("one_after_another",)

    def test_one_frame_is_a_film(self) -> None:
        seen = looked_at(film(frames=1))
        assert seen.times_s.tolist() == [0.0]
        assert seen.duration_s == pytest.approx(0.04, abs=0.05)

    def test_h264_in_avi_has_no_times_of_its_own(self) -> None:
        seen = looked_at(film("libx264", "avi", frames=25))
        assert seen.by_rank
        assert "one_after_another" in seen.warnings

    def test_a_length_that_lies_is_told(self) -> None:
        data = film(form="matroska", frames=50)
        whole = looked_at(data)
        assert "length_differs" not in whole.warnings
        assert "length_differs" in looked_at(data[: len(data) // 2]).warnings


class TestRefusals:
    def test_nothing_and_nonsense(self) -> None:
        assert refusal(b"") is VideoErrorCode.EMPTY
        assert refusal(b"film" * 1_000) is VideoErrorCode.UNSUPPORTED_FORMAT

    def test_sound_alone_is_no_film(self) -> None:
        assert refusal(sound_only()) is VideoErrorCode.NO_VIDEO

    def test_limits_of_bytes_seconds_pixels_and_rate(self) -> None:
        data = film(frames=50)
        assert refusal(data, video_bytes=len(data) - 1) is VideoErrorCode.TOO_LARGE
        assert refusal(data, video_seconds=1.5) is VideoErrorCode.TOO_LONG
        assert refusal(data, video_pixels=160 * 96 - 1) is VideoErrorCode.TOO_MANY_PIXELS
        assert refusal(data, frame_rate=20) is VideoErrorCode.ABSURD_RATE

    def test_ten_thousand_frames_a_second(self) -> None:
        times = [Fraction(number, 10_000) for number in range(50)]
        assert refusal(film(form="mov", frames=50, times=times)) is VideoErrorCode.ABSURD_RATE

    def test_raw_h264_has_no_times_and_is_not_read(self) -> None:
        assert refusal(film(form="h264", frames=10)) is VideoErrorCode.UNSUPPORTED_FORMAT

    def test_a_codec_that_is_not_on_the_list(self) -> None:
        data = film("rawvideo", "avi", frames=3, pixels="yuv420p")
        assert refusal(data) is VideoErrorCode.UNSUPPORTED_CODEC

    @pytest.mark.parametrize(
        "playlist",
        [
            b"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nother.ts\n#EXT-X-ENDLIST\n",
            b"ffconcat version 1.0\nfile other.mp4\n",
            (
                b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
                b"m=video 9 RTP/AVP 96\na=rtpmap:96 H264/90000\n"
            ),
            b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>',
        ],
        ids=["hls", "concat", "sdp", "dash"],
    )
    def test_kinds_that_name_other_files_are_refused(self, playlist: bytes) -> None:
        assert refusal(playlist) is VideoErrorCode.UNSUPPORTED_FORMAT

    def test_pictures_are_no_films(self) -> None:
        buffer = io.BytesIO()
        with av.open(buffer, "w", format="image2pipe") as container:
            stream = container.add_stream("mjpeg", rate=25)
            stream.width, stream.height, stream.pix_fmt = 64, 64, "yuvj420p"
            for packet in (*stream.encode(av.VideoFrame(64, 64, "yuvj420p")), *stream.encode()):
                container.mux(packet)
        assert refusal(buffer.getvalue()) is VideoErrorCode.UNSUPPORTED_FORMAT


class TestRanges:
    def test_a_long_file_is_read_in_parts_and_never_whole(self) -> None:
        data = film("ffv1", "matroska", frames=25)
        padded = data + bytes(40_000_000)
        asked: list[int] = []

        def read(offset: int, length: int) -> bytes:
            asked.append(length)
            return padded[offset : offset + length]

        with pytest.raises(EOFError):
            RangeFile(lambda *_: b"", 10).read(10)
        scan(RangeFile(read, len(data)), len(data), VideoLimits())
        assert max(asked) <= 1 << 20
