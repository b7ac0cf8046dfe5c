"""Parts of files (RFC 9110, 14), and files that are known already."""

import pytest

from services.api.errors import ApiError
from services.api.problems import ProblemCode
from services.api.ranges import Ranges, find_part

CONTENT = b"0123456789"


class TestFindPart:
    @pytest.mark.parametrize(
        ("header", "part"),
        [
            ("bytes=0-3", range(4)),
            ("bytes=4-", range(4, 10)),
            ("bytes=-3", range(7, 10)),
            ("bytes=-30", range(10)),
            ("bytes=8-99", range(8, 10)),
            (" bytes = 1 - 1 ", range(1, 2)),
        ],
    )
    def test_of_one_range(self, header: str, part: range) -> None:
        assert find_part(header, 10) == part

    @pytest.mark.parametrize(
        "header",
        ["", "bytes=-", "bytes=3-1", "bytes=0-1,4-5", "lines=0-1", "bytes=a-b", "bytes=٣-"],
    )
    def test_what_asks_for_no_single_part_gives_the_whole(self, header: str) -> None:
        assert find_part(header, 10) is None

    @pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-12", "bytes=-0"])
    def test_behind_the_end_is_refused_with_the_size(self, header: str) -> None:
        with pytest.raises(ApiError) as raised:
            find_part(header, 10)
        assert raised.value.code == ProblemCode.RANGE_NOT_SATISFIABLE
        assert raised.value.headers == {"Content-Range": "bytes */10"}


def answer(**headers: str) -> tuple[int, bytes, dict[str, str]]:
    response = Ranges(**headers).answer(CONTENT, media_type="image/png", headers={"X-A": "b"})
    return response.status_code, bytes(response.body), dict(response.headers)


class TestAnswer:
    def test_is_whole_and_says_that_parts_are_to_be_had(self) -> None:
        status, body, headers = answer()
        assert (status, body) == (200, CONTENT)
        assert (headers["accept-ranges"], headers["x-a"]) == ("bytes", "b")

    def test_a_part_says_which_it_is(self) -> None:
        status, body, headers = answer(wanted="bytes=2-4")
        assert (status, body) == (206, b"234")
        assert headers["content-range"] == "bytes 2-4/10"
        assert headers["content-length"] == "3"
        assert headers["content-type"] == "image/png"

    def test_a_download_goes_on_only_in_the_same_file(self) -> None:
        tag = answer()[2]["etag"]
        assert answer(wanted="bytes=5-", if_range=tag)[:2] == (206, b"56789")
        assert answer(wanted="bytes=5-", if_range='"another"')[:2] == (200, CONTENT)
        assert answer(wanted="bytes=50-", if_range='"another"')[:2] == (200, CONTENT)
        assert answer(wanted="bytes=5-", if_range=f"W/{tag}")[:2] == (200, CONTENT)
        assert answer(wanted="bytes=5-", if_range="Mon, 30 Nov 2026 00:00:00 GMT")[0] == 200

    def test_who_has_it_is_sent_nothing(self) -> None:
        tag = answer()[2]["etag"]
        assert answer(if_none_match=tag, wanted="bytes=50-")[:2] == (304, b"")
        assert answer(if_none_match='"another"')[0] == 200
