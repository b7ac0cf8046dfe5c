from pathlib import Path

from PIL import Image

from benchmarks.photos import write_crowd, write_empty


class TestWriteCrowd:
    def test_goes_through_the_sizes_and_repeats_no_photo(self, tmp_path: Path) -> None:
        paths = write_crowd(tmp_path, count=3, megapixels=(0.1, 0.5))
        areas = []
        for path in paths:
            with Image.open(path) as image:
                areas.append(round(image.width * image.height / 1e6, 1))
        assert areas == [0.1, 0.3, 0.5]
        assert len({path.read_bytes() for path in paths}) == 3

    def test_the_same_seed_writes_the_same_photos(self, tmp_path: Path) -> None:
        written = []
        for name in ("one", "other"):
            (tmp_path / name).mkdir()
            (path,) = write_crowd(tmp_path / name, count=1, megapixels=(0.1, 0.1))
            written.append(path.read_bytes())
        assert written[0] == written[1]


class TestWriteEmpty:
    def test_no_two_are_the_same(self, tmp_path: Path) -> None:
        paths = write_empty(tmp_path, count=2, megapixels=(0.1, 0.2))
        assert len({path.read_bytes() for path in paths}) == 2
