"""Cursors: what comes back is what was given out, anything else is refused."""

import base64
import json
from datetime import UTC, date, datetime

import pytest
from fastapi import FastAPI, Request, Response
from hypothesis import given
from hypothesis import strategies as st

from services.api.errors import ApiError
from services.api.pagination import (
    Page,
    Pager,
    decode_day,
    decode_name,
    decode_number,
    decode_page_key,
    encode_day,
    encode_name,
    encode_number,
    encode_page_key,
)
from services.api.problems import ProblemCode
from services.common.jobs.repositories.jobs import PageKey


def cursor(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


class TestNames:
    @given(st.text("aZ09 ._@-", min_size=1, max_size=100))
    def test_come_back(self, name: str) -> None:
        assert decode_name(encode_name(name)) == name

    def test_none_is_the_first_page(self) -> None:
        assert decode_name(None) is None

    @pytest.mark.parametrize(
        "bad", [cursor(["a\x00"]), cursor(["\ud800"]), cursor([1]), cursor([])]
    )
    def test_anything_else_is_refused(self, bad: str) -> None:
        with pytest.raises(ApiError):
            decode_name(bad)


class TestDays:
    @given(st.dates(), st.text("aZ09 ._@-", min_size=1, max_size=100))
    def test_come_back(self, day: date, name: str) -> None:
        assert decode_day(encode_day(day, name)) == (day, name)

    @pytest.mark.parametrize(
        "bad", [cursor(["2026-11-30"]), cursor(["2026-13-30", "a"]), cursor(["2026-11-30", "\x00"])]
    )
    def test_anything_else_is_refused(self, bad: str) -> None:
        with pytest.raises(ApiError):
            decode_day(bad)


class TestNumbers:
    @given(st.integers(0, 2**63 - 1))
    def test_come_back(self, number: int) -> None:
        assert decode_number(encode_number(number)) == number

    def test_none_is_the_first_page(self) -> None:
        assert decode_number(None) is None

    @pytest.mark.parametrize(
        "bad",
        ["", "x", "é", "====", cursor(3), cursor([]), cursor([-1]), cursor([True]), cursor([2**63]),
         cursor(["3"]), cursor([1, 2]), cursor({"a": 1}), base64.b64encode(b"[" * 100).decode()],
    )  # fmt: skip
    def test_anything_else_is_refused(self, bad: str) -> None:
        with pytest.raises(ApiError) as caught:
            decode_number(bad)
        assert caught.value.code == ProblemCode.VALIDATION
        assert caught.value.errors[0].pointer == "#/query/cursor"

    def test_a_listing_may_have_smaller_numbers(self) -> None:
        assert decode_number(cursor([9]), biggest=9) == 9
        with pytest.raises(ApiError):
            decode_number(cursor([10]), biggest=9)


class TestPageKeys:
    @given(
        st.datetimes(timezones=st.just(UTC)),
        st.integers(0, 2**63 - 1),
    )
    def test_come_back(self, created_at: datetime, number: int) -> None:
        key = PageKey(created_at, number)
        assert decode_page_key(encode_page_key(key)) == key

    @pytest.mark.parametrize(
        "bad",
        [
            "x",
            cursor([1]),
            cursor(["yesterday", 1]),
            cursor(["2026-11-23T07:00:00", 1]),
            cursor([1, 1]),
        ],
    )
    def test_anything_else_is_refused(self, bad: str) -> None:
        with pytest.raises(ApiError):
            decode_page_key(bad)


class TestPager:
    def page(self, rows: list[int], *, more: bool = False) -> tuple[Page[int], Response]:
        scope = {"type": "http", "path": "/v1/things", "query_string": b"limit=2", "headers": []}
        request = Request({**scope, "server": ("hfer", 80), "app": FastAPI()})
        response = Response()
        pager = Pager(request, response, limit=2)
        assert pager.fetch == 3
        return pager.page(rows, show=lambda row: row, cursor_of=str, more=more), response

    @pytest.mark.parametrize(
        ("rows", "shown", "following"),
        [([1, 2, 3], [1, 2], "2"), ([1, 2], [1, 2], None), ([], [], None)],
    )
    def test_tells_of_more_only_when_there_is_more(
        self, rows: list[int], shown: list[int], following: str | None
    ) -> None:
        page, _ = self.page(rows)
        assert (page.data, page.next_cursor) == (shown, following)
        assert page.has_more == (following is not None)

    def test_goes_on_after_a_page_that_is_full_before_its_limit(self) -> None:
        page, _ = self.page([1], more=True)
        assert (page.data, page.next_cursor) == ([1], "1")

    def test_links_to_the_next_page_alone(self) -> None:
        assert self.page([1, 2, 3])[1].headers["Link"] == (
            '</v1/things?limit=2&cursor=2>; rel="next"'
        )
        assert "Link" not in self.page([1, 2])[1].headers
