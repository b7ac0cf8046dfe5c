"""A job of any size behind the page, without a service: its order, photos and crops."""

import base64
import json
from functools import cache
from typing import Any

import cv2
import httpx
import numpy as np

from tests.fixtures.fake_service import face_json, job_json, photo_json
from tests.fixtures.page import EXPRESSIONS, Answer, WebApi, seven, summary_json, usual_answers

FACES_A_PHOTO = 9
_JOB = "/v1/jobs/job_1"


@cache
def jpeg(shade: int) -> bytes:
    """A small picture of one colour."""
    pixels = np.full((40, 60, 3), (shade * 37 % 256, 120, shade * 11 % 256), np.uint8)
    encoded: bytes = cv2.imencode(".jpg", pixels)[1].tobytes()
    return encoded


def photo(index: int, *, faces: int) -> dict[str, Any]:
    """A photo whose faces stand side by side, with all expressions in turn."""
    found = [
        face_json(number)
        | {
            "box": {"x": 20 + 60 * number, "y": 50, "w": 50, "h": 60},
            "emotions": seven(EXPRESSIONS[(index + number) % 7], 0.4 + 0.05 * number),
        }
        for number in range(faces)
    ]
    image = {"width": 600 + index % 5 * 100, "height": 600, "exif_orientation": 1}
    return photo_json(index, f"photo-{index:06d}.jpg", faces=found, image=image)


def streamed(body: object) -> httpx.Response:
    """An answer that is still to be read, as those of the network are."""
    return httpx.Response(
        200,
        stream=httpx.ByteStream(json.dumps(body).encode()),
        headers={"Content-Type": "application/json"},
    )


class BigJob:
    """Answers for the page; ``asked`` counts requests by what they were for."""

    def __init__(self, photos: int, *, faces: int = FACES_A_PHOTO) -> None:
        self.photos, self.faces = photos, faces
        self.api = WebApi(self._answers())

    def _answers(self) -> dict[tuple[str, str], Answer | list[Answer]]:
        job = job_json("succeeded", succeeded=self.photos) | {"id": "job_1"}
        return usual_answers() | {
            ("GET", _JOB): job | {"labels": {"name": "Collection"}},
            ("GET", f"{_JOB}/summary"): summary_json(happiness=self.photos * self.faces),
            ("GET", f"{_JOB}/order"): self._order,
            ("GET", f"{_JOB}/items"): self._items,
            ("GET", f"{_JOB}/crops"): self._crops,
        }

    def transport(self) -> httpx.MockTransport:
        """What the page's gateway is given in place of the network."""

        def answer(request: httpx.Request) -> httpx.Response:
            if request.url.path.endswith("/photo"):
                shade = int(request.url.path.split("/")[5].removeprefix("itm_"))
                return httpx.Response(
                    200, content=jpeg(shade % 16), headers={"Content-Type": "image/jpeg"}
                )
            if request.url.path.startswith(f"{_JOB}/items/itm_"):
                index = int(request.url.path.rpartition("_")[2])
                return httpx.Response(200, json=photo(index, faces=self.faces))
            return self.api(request)

        return httpx.MockTransport(answer)

    def _order(self, request: httpx.Request) -> httpx.Response:
        asked = request.url.params
        numbers = range(self.photos)
        wanted = list(reversed(numbers)) if asked.get("sort") == "name" else list(numbers)
        if asked.get("of") != "faces":
            ratio = [100 + index % 5 * 17 for index in wanted]
            body: dict[str, Any] = {"total": len(wanted), "index": wanted, "ratio": ratio}
        else:
            index = [one for one in wanted for _ in range(self.faces)]
            number = list(range(self.faces)) * len(wanted)
            body = {"total": len(index), "index": index, "face_index": number}
            body["expression"] = [(a + b) % 7 for a, b in zip(index, number, strict=True)]
            body["reviewed"] = [0] * len(index)
        if label := asked.get("expression"):
            chosen = EXPRESSIONS.index(label)
            kept = [at for at, one in enumerate(body.get("expression", ())) if one == chosen]
            body |= {k: [v[at] for at in kept] for k, v in body.items() if k != "total" and kept}
            body["total"] = len(body["index"])
        return streamed(body)

    def _items(self, request: httpx.Request) -> httpx.Response:
        asked = [int(one) for one in request.url.params.get_list("index")]
        wanted = asked or range(min(self.photos, 24))
        found = [photo(index, faces=self.faces) for index in wanted if index < self.photos]
        return httpx.Response(200, json={"data": found, "next_cursor": None})

    def _crops(self, request: httpx.Request) -> httpx.Response:
        pairs = [tuple(map(int, one.split("."))) for one in request.url.params.get_list("face")]
        crops = [
            {
                "index": index,
                "face_index": number,
                "jpeg": base64.b64encode(jpeg((index + number) % 16)).decode(),
            }
            for index, number in pairs
        ]
        return streamed({"crops": crops})
