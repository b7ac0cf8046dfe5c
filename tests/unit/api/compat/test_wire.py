"""hfer's wire format: its bytes exactly, in pieces."""

import json

import numpy as np
import pytest

from services.api.compat.wire import Picture, write_answer
from tests.fixtures.photos import Rgb, noise


def as_hfer(rgb: Rgb) -> dict[str, object]:
    return {"image": rgb.tobytes().decode("latin-1"), "size": rgb.shape[0:2]}


class TestWriteAnswer:
    @pytest.mark.parametrize("size", [(1, 1), (3, 2), (300, 100)])
    def test_is_what_encoding_twice_gives(self, size: tuple[int, int]) -> None:
        rgb = noise(*size)
        members = {"face_ids": ["0a", 'with " and \\'], "colors": [(153, 51, 51)]}
        written = b"".join(
            write_answer({**members, "image": Picture(rgb), "bounding_box_coords": [[1, 2, 3, 4]]})
        )
        document = {**members, "image": as_hfer(rgb), "bounding_box_coords": [[1, 2, 3, 4]]}
        # What hfer does: json.dumps, and FastAPI's compact rendering of the string.
        assert written == json.dumps(json.dumps(document), ensure_ascii=False).encode()

    def test_writes_every_byte_value(self) -> None:
        rgb = np.arange(256 * 3, dtype=np.uint8).reshape(1, 256, 3)
        document = json.loads(json.loads(b"".join(write_answer({"image": Picture(rgb)}))))
        assert document["image"]["image"].encode("latin-1") == rgb.tobytes()
        assert document["image"]["size"] == [1, 256]

    def test_takes_a_part_of_an_array(self) -> None:
        part = noise(20, 10)[2:5, 3:9]
        document = json.loads(json.loads(b"".join(write_answer({"image": Picture(part)}))))
        assert document["image"]["image"].encode("latin-1") == part.tobytes()

    def test_never_holds_a_picture_whole(self) -> None:
        pieces = list(write_answer({"image": Picture(noise(1000, 500))}))
        assert max(map(len, pieces)) < 65_536 * 7 + 100
        assert len(pieces) > 20

    def test_of_nothing_is_an_empty_document(self) -> None:
        assert b"".join(write_answer({})) == b'"{}"'
