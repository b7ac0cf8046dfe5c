"""Downloads of what is selected in the grid."""

from typing import Any

import httpx
import pytest

from tests.fixtures.page import Visitor, WebApi

RESULTS, ARTIFACTS = "/v1/jobs/job_1/results", "/v1/jobs/job_1/artifacts"


def post(visitor: Visitor, form: str, only: str) -> httpx.Response:
    return visitor.post(f"/jobs/job_1/selected/{form}", data={"only": only})


def csv(request: httpx.Request) -> httpx.Response:
    row = request.url.params["only"].partition(",")[0]
    return httpx.Response(
        200, content=f"index\r\n{row}\r\n".encode(), headers={"Content-Type": "text/csv"}
    )


def test_results_of_the_selection_are_streamed(visitor: Visitor, web_api: WebApi) -> None:
    web_api.answers["GET", RESULTS] = csv
    response = post(visitor, "csv", "3-9,12")
    assert response.text == "index\r\n3-9\r\n"
    assert response.headers["content-disposition"].endswith('"hfer-job_1-selected.csv"')
    assert response.headers["content-type"].startswith("text/csv")
    asked = dict(web_api.sent("GET", RESULTS)[0].url.params)
    assert asked == {"only": "3-9,12", "format": "csv", "partial": "true"}


def test_faces_are_named_with_their_photos(visitor: Visitor, web_api: WebApi) -> None:
    web_api.answers["GET", RESULTS] = httpx.Response(200, content=b"{}\n")
    assert post(visitor, "jsonl", "17.0,17.2").content == b"{}\n"
    assert web_api.sent("GET", RESULTS)[0].url.params["only"] == "17.0,17.2"


def test_a_long_selection_is_one_file_of_several_answers(visitor: Visitor, web_api: WebApi) -> None:
    web_api.answers["GET", RESULTS] = csv
    chosen = [f"{photo}.{face}" for photo in range(10_000, 14_000) for face in (0, 1)]
    lines = post(visitor, "csv", ",".join(chosen)).text.splitlines()
    asked = [request.url.params["only"] for request in web_api.sent("GET", RESULTS)]
    assert len(asked) > 1
    assert max(map(len, asked)) <= 16_000
    assert ",".join(asked).split(",") == chosen
    # No photo is cut in two, as its faces come in one row each and its error once.
    assert all(piece.endswith(".1") for piece in asked)
    assert lines == ["index", *(piece.partition(",")[0] for piece in asked)]


def test_the_zip_is_the_apis(visitor: Visitor, web_api: WebApi) -> None:
    web_api.answers["GET", ARTIFACTS] = httpx.Response(200, content=b"PK")
    assert post(visitor, "zip", "1,4").content == b"PK"
    assert dict(web_api.sent("GET", ARTIFACTS)[0].url.params) == {"only": "1,4"}
    response = post(visitor, "zip", ",".join(map(str, range(10_000, 20_000, 2))))
    assert response.status_code == 400
    assert "do not fit into one zip" in response.text


@pytest.mark.parametrize("only", ["", "x", "1,", "1.2.3", "1-2-3", "9" * 10])
def test_what_names_nothing_is_refused(visitor: Visitor, web_api: WebApi, only: str) -> None:
    response = post(visitor, "csv", only)
    assert response.status_code == 400
    assert "Nothing is selected" in response.text
    assert web_api.sent("GET", RESULTS) == []


def test_there_are_three_downloads(visitor: Visitor) -> None:
    assert post(visitor, "exe", "1").status_code == 404


@pytest.mark.parametrize("output", ["full", "blurred"])
def test_faces_stand_alone_only_where_the_key_sees_them(
    visitor: Visitor, web_api: WebApi, output: str
) -> None:
    web_api.answers["GET", "/v1/api-keys/current"] = {"output": output}
    page = visitor.get("/jobs/job_1").text
    assert ('data-of="faces"' in page) == (output == "full")
    assert ("sees faces blurred" in page) == (output == "blurred")


def counted(**counts: Any) -> dict[str, Any]:
    return {
        "faces": sum(counts.values()),
        "groups": [
            {"expressions": name.split("_"), "faces": faces} for name, faces in counts.items()
        ],
    }


def test_a_key_that_sees_counts_gets_counts(visitor: Visitor, web_api: WebApi) -> None:
    web_api.answers["GET", "/v1/api-keys/current"] = {"output": "aggregate"}
    web_api.answers["GET", "/v1/jobs/job_1/counts"] = counted(happiness_surprise=120, neutral=7)
    page = visitor.get("/jobs/job_1").text
    assert "<dt>happiness or surprise</dt><dd>120 faces</dd>" in page
    assert 'id="grid"' not in page
    assert "/download/" not in page
    for path in ("items", "summary", "facets"):
        assert web_api.sent("GET", f"/v1/jobs/job_1/{path}") == []
    web_api.answers["GET", "/v1/jobs/job_1/counts"] = counted()
    assert "no count may be told" in visitor.get("/jobs/job_1").text
    assert 'id="head"' in visitor.get("/jobs/job_1/parts").text
