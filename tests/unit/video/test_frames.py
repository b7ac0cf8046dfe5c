"""Every frame at its own time, upright, whatever it is coded as and wherever a part begins."""

from fractions import Fraction

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from services.video.errors import VideoError, VideoErrorCode, VideoLimits
from services.video.frames import Damage, SampledFrame, read_frames
from services.video.packets import Film, scan
from services.video.segments import split
from tests.fixtures.films import HEIGHT, RATE, WIDTH, damaged, film, number_of, numbered, served

LIMITS = VideoLimits()
OPEN_GOP = {"x265-params": "open-gop=1:keyint=12:min-keyint=12:bframes=3:log-level=0:pools=none"}
WRITTEN = [
    ("libx264", "mp4", "yuv420p"),
    ("libx264", "mov", "yuv420p"),
    ("libx264", "matroska", "yuv420p"),
    ("libx264", "avi", "yuv420p"),
    ("libx264", "mpegts", "yuv420p"),
    ("libx264", "flv", "yuv420p"),
    ("libx265", "mp4", "yuv420p"),
    ("libvpx-vp9", "webm", "yuv420p"),
    ("libsvtav1", "mp4", "yuv420p"),
    ("mpeg4", "avi", "yuv420p"),
    ("mpeg2video", "mpeg", "yuv420p"),
    ("mpeg2video", "mpegts", "yuv420p"),
    ("mjpeg", "avi", "yuvj420p"),
    ("prores", "mov", "yuv422p10le"),
    ("ffv1", "matroska", "yuv420p"),
    ("wmv2", "asf", "yuv420p"),
]


def looked_at(data: bytes) -> Film:
    return scan(served(data), len(data), LIMITS)


def everything(
    data: bytes, *, seconds: float = 0.9, damage: Damage | None = None
) -> list[SampledFrame]:
    seen = looked_at(data)
    wanted = range(len(seen.times_s))
    return [
        frame
        for segment in split(seen, seconds)
        for frame in read_frames(served(data), seen, segment, wanted, limits=LIMITS, damage=damage)
    ]


def one(data: bytes) -> NDArray[np.uint8]:
    rgb = everything(data)[0].rgb
    assert rgb is not None
    return rgb


class TestTimes:
    @pytest.mark.parametrize(("codec", "form", "pixels"), WRITTEN)
    def test_parts_give_every_frame_once_at_its_time(
        self, codec: str, form: str, pixels: str
    ) -> None:
        data = film(codec, form, pixels=pixels, frames=50)
        frames = everything(data)
        assert [frame.index for frame in frames] == list(range(50))
        shown = [number_of(frame.rgb) for frame in frames if frame.rgb is not None]
        assert shown == list(range(50))
        wrong = [abs(frame.time_s - number / RATE) for number, frame in enumerate(frames)]
        assert max(wrong) < 0.5 / RATE

    def test_open_groups_lose_nothing_over_400_frames(self) -> None:
        data = film("libx265", "mp4", frames=400, options=OPEN_GOP)
        assert len(split(looked_at(data), 0.9)) > 10
        frames = everything(data)
        assert [number_of(f.rgb) for f in frames if f.rgb is not None] == list(range(400))

    def test_variable_rate_keeps_the_times_of_the_camera(self) -> None:
        gaps = np.random.default_rng(7).integers(1, 30, 50)
        times = [Fraction(int(at), 100) for at in np.cumsum(gaps)]
        data = film(times=times, frames=50)
        frames = everything(data, seconds=2.0)
        assert [number_of(f.rgb) for f in frames if f.rgb is not None] == list(range(50))
        expected = [float(time - times[0]) for time in times]
        assert np.allclose([f.time_s for f in frames], expected, atol=0.001)
        assert "variable_rate" in looked_at(data).warnings

    def test_only_the_wanted_frames_of_a_part_are_given(self) -> None:
        data = film(frames=50)
        seen = looked_at(data)
        part = split(seen, 0.9)[1]
        wanted = [0, part.first, part.first + 5, part.end]
        given = read_frames(served(data), seen, part, wanted, limits=LIMITS)
        assert [frame.index for frame in given] == [part.first, part.first + 5]


class TestDamage:
    def test_decoding_goes_on_behind_packets_of_noise_and_counts_them(self) -> None:
        # Its frames are large enough that noise is an error and not a picture.
        noise = np.random.default_rng(3).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
        data = film(frames=250, group=25, picture=lambda n: numbered(n) // 2 + noise // 3)
        spoilt = damaged(data, [30, 31, 32, 33, 34, 80, 140])
        damage = Damage()
        frames = everything(spoilt, seconds=5.0, damage=damage)
        assert len(frames) == 250
        assert sum(frame.rgb is not None for frame in frames) >= 222
        assert damage.packets >= 7

    def test_a_film_that_breaks_off_is_read_up_to_there_and_says_so(self) -> None:
        data = film(form="matroska", frames=50)
        cut = data[: len(data) * 2 // 3]
        seen = looked_at(cut)
        assert 20 < len(seen.times_s) < 50
        frames = everything(cut)
        shown = [number_of(frame.rgb) for frame in frames if frame.rgb is not None]
        assert shown[:20] == list(range(20))


class TestUpright:
    @pytest.mark.parametrize("rotation", [90, 180, 270])
    def test_turned_films_stand_as_opencv_shows_them(self, rotation: int, tmp_path: object) -> None:
        data = film(frames=3, rotation=rotation)
        path = f"{tmp_path}/turned.mp4"
        with open(path, "wb") as file:  # noqa: PTH123
            file.write(data)
        reader = cv2.VideoCapture(path)
        shown = cv2.cvtColor(reader.read()[1], cv2.COLOR_BGR2RGB)
        reader.release()
        ours = one(data)
        assert ours.shape == shown.shape
        assert np.abs(ours.astype(int) - shown.astype(int)).mean() < 4

    def test_narrow_and_wide_pixels_become_square(self) -> None:
        assert one(film(frames=3, aspect=Fraction(2, 1))).shape == (HEIGHT, 2 * WIDTH, 3)
        assert one(film(frames=3, aspect=Fraction(1, 2))).shape == (2 * HEIGHT, WIDTH, 3)

    def test_interlaced_frames_show_one_moment(self) -> None:
        def combed(number: int) -> NDArray[np.uint8]:
            picture = numbered(number)
            picture[1::2] = 255  # the later field: all white
            return picture

        data = film(
            "mpeg2video",
            "mpegts",
            frames=4,
            group=1,
            options={"flags": "+ilme+ildct", "field_order": "tt", "qmin": "1", "qmax": "2"},
            picture=combed,
        )
        damage = Damage()
        frames = everything(data, damage=damage)
        assert damage.interlaced == 4
        rgb = frames[3].rgb
        assert rgb is not None
        assert rgb.shape == (HEIGHT, WIDTH, 3)
        assert number_of(rgb) == 3
        assert rgb[60:90].mean() < 90

    def test_a_size_that_changes_in_the_stream_is_followed(self) -> None:
        small = film(form="mpegts", frames=25)
        large = film(
            form="mpegts",
            frames=25,
            height=2 * HEIGHT,
            picture=lambda number: numbered(number, WIDTH, 2 * HEIGHT),
        )
        frames = everything(small + large)
        assert len(frames) == 50
        assert [number_of(f.rgb) for f in frames if f.rgb is not None] == [*range(25)] * 2
        heights = [frame.rgb.shape[0] for frame in frames if frame.rgb is not None]
        assert heights == [HEIGHT] * 25 + [2 * HEIGHT] * 25
        times = [frame.time_s for frame in frames]
        assert (np.diff(times) > 0).all()
        assert "joined" in looked_at(small + large).warnings

    def test_a_frame_above_the_limit_is_refused(self) -> None:
        data = film(frames=3, aspect=Fraction(2, 1))
        seen = looked_at(data)
        tight = VideoLimits(video_pixels=WIDTH * HEIGHT)
        with pytest.raises(VideoError) as caught:
            list(read_frames(served(data), seen, split(seen, 9)[0], [0], limits=tight))
        assert caught.value.code is VideoErrorCode.TOO_MANY_PIXELS
