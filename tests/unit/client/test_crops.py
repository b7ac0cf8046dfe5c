"""Faces cut out of their photos."""

import base64

import httpx
import pytest

from hfer import Client
from hfer.errors import NotFoundError
from tests.fixtures.fake_service import JOB, FakeService, problem

Face = tuple[int, int]


def sheet(*crops: tuple[Face, bytes | None], pending: bool = False) -> httpx.Response:
    told = [
        {
            "index": index,
            "face_index": number,
            "jpeg": None if jpeg is None else base64.b64encode(jpeg).decode(),
        }
        for (index, number), jpeg in crops
    ]
    return httpx.Response(200, json={"crops": told, "pending": pending})


def asked(request: httpx.Request) -> list[str]:
    return request.url.params.get_list("face")


def test_come_in_the_order_asked_with_gaps_64_a_request(
    client: Client, service: FakeService
) -> None:
    faces = [(number, 0) for number in range(65)]
    whole = sheet(*((face, b"a" if face[0] else None) for face in faces[:64]))
    service.upsets += [whole, sheet((faces[64], b"b"))]
    found = list(client.jobs.attach(JOB).crops(faces))
    assert found == [None, *[b"a"] * 63, b"b"]
    assert [len(asked(request)) for request in service.requests] == [64, 1]
    assert asked(service.requests[1]) == ["64.0"]


def test_that_are_still_drawn_are_asked_for_again(client: Client, service: FakeService) -> None:
    first, second, none = (3, 1), (3, 2), (9, 0)
    service.upsets += [
        sheet((first, b"a"), (second, None), (none, None), pending=True),
        sheet((second, b"b"), (none, None)),
    ]
    assert list(client.jobs.attach(JOB).crops([first, second, none])) == [b"a", b"b", None]
    assert asked(service.requests[1]) == ["3.2", "9.0"]


def test_one_is_had_by_its_photo(client: Client, service: FakeService) -> None:
    service.upsets += [httpx.Response(200, content=b"\xff\xd8"), problem(404, "not-found")]
    job = client.jobs.attach(JOB)
    assert job.crop("itm_0", 2) == b"\xff\xd8"
    assert service.requests[0].url.path == f"/v1/jobs/{JOB}/items/itm_0/faces/2/crop"
    with pytest.raises(NotFoundError):
        job.crop("itm_0", 3)
