"""What the grid's script is given."""

import json

import httpx

from tests.fixtures.fake_service import face_json, photo_json
from tests.fixtures.page import SCRIPT, Visitor, WebApi, api_problem, seven

JOB = "/v1/jobs/job_1"
LIST = "of=faces&sort=rare&expression=anger&min_p=0.4&q=fair&folder=2026%2Fmay&min_side=40"


def streamed(content: bytes, **headers: str) -> httpx.Response:
    return httpx.Response(200, stream=httpx.ByteStream(content), headers=headers)


def test_a_list_reaches_the_api_and_its_order_comes_as_it_is(
    visitor: Visitor, web_api: WebApi
) -> None:
    packed = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    web_api.answers["GET", f"{JOB}/order"] = streamed(b"packed", **packed)
    path = f"/jobs/job_1/grid/order?{LIST}&other=1"
    assert visitor.read_raw(path) == (200, b"packed", "gzip")
    assert dict(web_api.sent("GET", f"{JOB}/order")[0].url.params) == {
        "of": "faces",
        "sort": "rare",
        "expression": "anger",
        "min_p": "0.4",
        "q": "fair",
        "folder": "2026/may",
        "min_side": "40",
    }


def test_photos_come_as_far_as_tiles_show_them(visitor: Visitor, web_api: WebApi) -> None:
    faces = [face_json(0) | {"emotions": seven("fear")}, face_json(1) | {"emotions": seven()}]
    failed = photo_json(9, "b.jpg", status="failed", error={"detail": "Cut.", "retryable": False})
    found = [photo_json(3, "a.jpg", faces=faces), failed]
    web_api.answers["GET", f"{JOB}/items"] = {"data": found}
    response = visitor.get("/jobs/job_1/grid/items?index=3&index=9&index=x&expression=happiness")
    first, second = response.json()["items"]
    assert first["faces"] == [
        [0, "fear", "70 %", False, False, 2, 2, 30, 40, [50, 700, 50, 50, 50, 50, 50]],
        [1, "happiness", "70 %", False, True, 2, 2, 30, 40, [50, 50, 50, 700, 50, 50, 50]],
    ]
    assert (first["index"], first["id"], first["name"]) == (3, "itm_3", "a.jpg")
    assert second["cause"] == "Cut. A retry cannot help."
    assert web_api.sent("GET", f"{JOB}/items")[0].url.params.get_list("index") == ["3", "9"]


def test_nothing_asked_for_is_nothing_and_not_the_first_page(
    visitor: Visitor, web_api: WebApi
) -> None:
    assert visitor.get("/jobs/job_1/grid/items").json() == {"items": []}
    assert web_api.requests == []


def test_a_request_is_for_as_much_as_the_api_takes(visitor: Visitor, web_api: WebApi) -> None:
    web_api.answers["GET", f"{JOB}/crops"] = streamed(b'{"crops": []}')
    visitor.get("/jobs/job_1/grid/crops?" + "&".join(f"face=1.{one}" for one in range(99)))
    assert len(web_api.sent("GET", f"{JOB}/crops")[0].url.params.get_list("face")) == 64


def test_a_refusal_is_told_in_words(visitor: Visitor, web_api: WebApi) -> None:
    web_api.answers["GET", f"{JOB}/order"] = api_problem(410, "gone")
    response = visitor.get("/jobs/job_1/grid/order", headers=SCRIPT)
    assert response.status_code == 410
    assert response.json()["detail"] == "It is gone."


def test_photos_are_erased_by_their_numbers(visitor: Visitor, web_api: WebApi) -> None:
    web_api.answers["POST", f"{JOB}/items/erase"] = {"erased": 2, "erasure": "ers_1"}
    answer = visitor.post("/jobs/job_1/grid/erase", json={"index": [3, 9]}, headers=SCRIPT)
    assert answer.json() == {"erased": 2}
    [sent] = web_api.sent("POST", f"{JOB}/items/erase")
    assert json.loads(sent.content) == {"index": [3, 9], "reason": "erased in the page"}


def test_a_refusal_to_erase_is_told_in_its_words(visitor: Visitor, web_api: WebApi) -> None:
    web_api.answers["POST", f"{JOB}/items/erase"] = api_problem(409, "job-not-finished")
    answer = visitor.post("/jobs/job_1/grid/erase", json={"index": [3]}, headers=SCRIPT)
    assert (answer.status_code, answer.json()["detail"]) == (409, "It is job-not-finished.")


def test_the_tile_of_an_erased_photo_has_its_number_in_place_of_a_name(
    visitor: Visitor, web_api: WebApi
) -> None:
    error = {"code": "erased", "detail": "Erased on request."}
    web_api.answers["GET", f"{JOB}/items"] = {
        "data": [photo_json(16, "erased", status="failed", error=error)]
    }
    [tile] = visitor.get("/jobs/job_1/grid/items?index=16").json()["items"]
    assert (tile["name"], tile["status"], tile["faces"]) == ("Photo 17", "erased", [])
