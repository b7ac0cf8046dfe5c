"""JSON bodies that are parsed by hand."""

import pytest

from services.api.bodies import parse_model
from services.api.errors import ApiError
from services.api.jobs.schemas import JobConfig
from services.api.problems import ProblemCode


class TestParseModel:
    def test_takes_a_byte_order_mark(self) -> None:
        """Editors and shells of Windows write one."""
        assert parse_model(JobConfig, b'\xef\xbb\xbf{"top_n": 5}').top_n == 5

    @pytest.mark.parametrize(
        ("raw", "place"),
        [
            (b'{"top_n": 5,\n "labels" {}}', "line 2 column 11"),
            (b"", "line 1 column 0"),
            (b'{"client_ref": "\xff"}', "line 1 column 17"),
            (b'\xef\xbb\xbf{"top_n" 5}', "line 1 column 10"),
        ],
    )
    def test_tells_where_json_is_broken_and_quotes_nothing(self, raw: bytes, place: str) -> None:
        with pytest.raises(ApiError) as raised:
            parse_model(JobConfig, raw, root="config")
        assert raised.value.code == ProblemCode.INVALID_REQUEST
        assert raised.value.detail.startswith("The config part is not valid JSON: ")
        assert raised.value.detail.endswith(f"at {place}.")
        assert "client_ref" not in raised.value.detail
