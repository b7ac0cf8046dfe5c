import hashlib

import pytest

from services.trainer.data.halves import Half, half_of
from services.trainer.data.layouts import Split
from services.trainer.data.splits import halve_validation
from services.trainer.errors import DataLayoutError

A, B = "7" + "f" * 63, "8" + "0" * 63


def test_the_first_digit_of_the_hash_tells_the_half() -> None:
    assert [half_of(digest) for digest in (A, B)] == [Half.A, Half.B]


def test_the_halves_are_about_as_large() -> None:
    found = [half_of(hashlib.sha256(bytes([n])).hexdigest()) for n in range(256)]
    assert 108 < found.count(Half.A) < 148


class TestHalveValidation:
    def test_makes_half_b_of_validation_a_test_set(self) -> None:
        splits = [Split.TRAIN, Split.VALIDATION, Split.VALIDATION]
        found = halve_validation(splits, [B, A, B])
        assert found == [Split.TRAIN, Split.VALIDATION, Split.TEST]

    @pytest.mark.parametrize("splits", [[Split.VALIDATION, Split.TEST], [Split.TRAIN], [None]])
    def test_refuses_data_with_a_test_set_or_without_validation(
        self, splits: list[Split | None]
    ) -> None:
        with pytest.raises(DataLayoutError, match=r"data\.split_rule=halves"):
            halve_validation(splits, [A] * len(splits))
