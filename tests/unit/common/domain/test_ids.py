import uuid

import pytest

from services.common.domain.ids import IdKind, format_id, new_uuid7, parse_id


class TestNewUuid7:
    def test_has_version_and_variant_of_rfc_9562(self) -> None:
        value = new_uuid7()
        assert value.version == 7
        assert value.variant == uuid.RFC_4122

    def test_sorts_by_creation_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        moments = iter([1_700_000_000_000_000_000, 1_700_000_000_001_000_000])
        monkeypatch.setattr("time.time_ns", lambda: next(moments))
        assert new_uuid7() < new_uuid7()


class TestParseId:
    def test_reads_back_what_was_written(self) -> None:
        value = new_uuid7()
        assert parse_id(IdKind.JOB, format_id(IdKind.JOB, value)) == value

    @pytest.mark.parametrize(
        "text",
        ["", "job_", "job_123", "itm_" + "0" * 32, "job_" + "z" * 32, "0" * 32, "job_" + "0" * 33],
    )
    def test_anything_else_is_no_id(self, text: str) -> None:
        assert parse_id(IdKind.JOB, text) is None
