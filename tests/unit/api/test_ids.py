"""Ids that lead to nothing."""

import uuid

import pytest

from services.api.errors import ApiError
from services.api.ids import not_found, read_id
from services.common.domain.ids import IdKind, format_id


@pytest.mark.parametrize("kind", list(IdKind))
class TestReadId:
    def test_reads_what_is_written_for_users(self, kind: IdKind) -> None:
        assert read_id(kind, format_id(kind, uuid.UUID(int=7))) == uuid.UUID(int=7)

    @pytest.mark.parametrize("text", ["", "7", "xyz_00000000000000000000000000000007"])
    def test_what_is_no_id_is_not_found(self, kind: IdKind, text: str) -> None:
        with pytest.raises(ApiError) as caught:
            read_id(kind, text)
        assert caught.value.code == "not-found"
        assert caught.value.detail == not_found(kind).detail
