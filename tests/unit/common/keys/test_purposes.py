"""Which purposes a key may have."""

import pytest

from services.common.keys.purposes import (
    PROHIBITED,
    DeclaredPurpose,
    Purpose,
    PurposeException,
    PurposeProhibitedError,
    PurposeUnclearError,
)


class TestDeclaredPurpose:
    @pytest.mark.parametrize("name", PROHIBITED)
    def test_work_and_education_are_refused_with_the_reason_and_the_way_out(
        self, name: Purpose
    ) -> None:
        for incomplete in (
            {},
            {"note": "to see who is bored"},
            {"exception": PurposeException.SAFETY},
            {"exception": PurposeException.SAFETY, "note": ""},
        ):
            with pytest.raises(PurposeProhibitedError, match=r"5\(1\)\(f\)") as caught:
                DeclaredPurpose(name, **incomplete)
            assert "purpose.exception" in caught.value.detail

    @pytest.mark.parametrize("name", PROHIBITED)
    @pytest.mark.parametrize("exception", PurposeException)
    def test_medical_and_safety_reasons_open_them_when_told(
        self, name: Purpose, exception: PurposeException
    ) -> None:
        declared = DeclaredPurpose(name, exception, "drivers who fall asleep")
        assert declared.exception is exception

    @pytest.mark.parametrize("name", sorted(set(Purpose) - set(PROHIBITED) - {Purpose.OTHER}))
    def test_every_other_one_of_the_list_needs_nothing_more(self, name: Purpose) -> None:
        assert DeclaredPurpose(name).note is None

    def test_what_does_not_fit_together_is_named(self) -> None:
        with pytest.raises(PurposeUnclearError) as caught:
            DeclaredPurpose(Purpose.OTHER)
        assert caught.value.field == "note"
        with pytest.raises(PurposeUnclearError) as caught:
            DeclaredPurpose(Purpose.MEDIA, PurposeException.SAFETY)
        assert caught.value.field == "exception"
