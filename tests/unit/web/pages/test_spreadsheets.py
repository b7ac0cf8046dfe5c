"""The page for Excel: the client's xlsx, or CSV where that is too much or not to be had."""

import io
import json
import sys
from typing import Any

import httpx
import openpyxl
import pytest

from hfer._columns import NAMES
from services.web.pages import spreadsheets
from tests.fixtures.fake_service import job_json
from tests.fixtures.page import Visitor, WebApi
from tests.fixtures.told_job import as_json

RESULTS = "/v1/jobs/job_1/results"


def answer(web_api: WebApi, photos: list[dict[str, Any]]) -> None:
    body = "".join(f"{json.dumps(photo, ensure_ascii=False)}\n" for photo in photos)
    web_api.answers["GET", "/v1/jobs/job_1"] = job_json("succeeded", succeeded=len(photos))
    web_api.answers["GET", RESULTS] = httpx.Response(
        200, content=body.encode(), headers={"Content-Type": "application/x-ndjson"}
    )


def test_the_table_comes_as_xlsx(visitor: Visitor, web_api: WebApi) -> None:
    # A line separator of Unicode is none of JSON Lines.
    answer(web_api, [*as_json(), as_json()[0] | {"filename": "a\u2028b.jpg"}])
    response = visitor.get("/jobs/job_1/download/xlsx")
    assert response.headers["content-disposition"].endswith('"hfer-job_1.xlsx"')
    head, *rows = openpyxl.load_workbook(io.BytesIO(response.content))["faces"].values
    assert head == NAMES
    assert len(rows) == 10
    assert rows[-1][NAMES.index("filename")] == "a\u2028b.jpg"
    [asked] = web_api.sent("GET", RESULTS)
    assert dict(asked.url.params) == {"format": "jsonl", "partial": "true"}


def test_the_filter_of_the_gallery_goes_with_it(
    visitor: Visitor, web_api: WebApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(web_api, as_json())
    narrowed = "/jobs/job_1/download/xlsx?expression=fear&other=1"
    assert visitor.get(narrowed).status_code == 200
    [asked] = web_api.sent("GET", RESULTS)
    assert dict(asked.url.params) == {
        "format": "jsonl",
        "partial": "true",
        "expression": "fear",
    }
    monkeypatch.setattr(spreadsheets, "MOST_ROWS", 1)
    location = visitor.get(narrowed).headers["location"]
    assert location.endswith("/jobs/job_1/download/excel?expression=fear")


def test_the_page_offers_it(visitor: Visitor) -> None:
    assert "download/xlsx" in visitor.get("/jobs/job_1").text


def test_an_image_without_the_writer_offers_csv_for_excel(
    visitor: Visitor, web_api: WebApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    page = visitor.get("/jobs/job_1").text
    assert "download/excel" in page
    assert "download/xlsx" not in page
    answer(web_api, as_json())
    response = visitor.get("/jobs/job_1/download/xlsx")
    assert response.headers["location"].endswith("/jobs/job_1/download/excel")


@pytest.mark.parametrize("most", [6, 7])
def test_more_rows_than_are_made_here_come_as_csv(
    visitor: Visitor, web_api: WebApi, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    # Seven photos of eight rows: told from the photos, and only from the rows.
    monkeypatch.setattr(spreadsheets, "MOST_ROWS", most)
    answer(web_api, as_json())
    response = visitor.get("/jobs/job_1/download/xlsx")
    assert response.status_code == 303
    assert response.headers["location"].endswith("/jobs/job_1/download/excel")


def test_csv_for_excel_has_the_mark(visitor: Visitor, web_api: WebApi) -> None:
    web_api.answers["GET", RESULTS] = httpx.Response(200, content=b"\xef\xbb\xbfa\r\n")
    response = visitor.get("/jobs/job_1/download/excel")
    assert response.content == b"\xef\xbb\xbfa\r\n"
    assert response.headers["content-disposition"].endswith('"hfer-job_1.csv"')
    [asked] = web_api.sent("GET", RESULTS)
    assert dict(asked.url.params) == {"format": "csv", "bom": "true", "partial": "true"}


def test_a_refusal_is_a_page_and_no_broken_file(visitor: Visitor, web_api: WebApi) -> None:
    answer(web_api, as_json())
    del web_api.answers["GET", RESULTS]
    response = visitor.get("/jobs/job_1/download/xlsx")
    assert response.status_code == 404
    assert "text/html" in response.headers["content-type"]
