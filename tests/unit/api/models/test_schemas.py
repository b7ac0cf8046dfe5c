"""Rows to public objects."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.api.models.schemas import model_object
from services.api.models.usage import Usage
from services.common.db.tables import Model
from services.common.domain.ids import new_uuid7

UNUSED = Usage(canary_id=None, workers={})


def row(manifest: dict[str, Any]) -> Model:
    return Model(
        id=7,
        public_id=new_uuid7(),
        name="starter",
        version="1.0.0",
        sha256=bytes(range(32)),
        manifest=manifest,
        active=False,
        created_at=datetime(2026, 11, 23, tzinfo=UTC),
        activated_at=None,
    )


class TestModelObject:
    def test_tells_the_figures_with_truth_test_and_images(self) -> None:
        figures = {"macro_f1": {"value": 0.5}, "truth": "judges", "test_sha256": "a" * 64, "n": 9}
        shown = model_object(row({"metrics": figures}), UNUSED).metrics
        assert shown.model_dump() == {
            "accuracy": None,
            "macro_recall": None,
            "macro_f1": 0.5,
            "truth": "judges",
            "test_sha256": "a" * 64,
            "n": 9,
        }

    @pytest.mark.parametrize("manifest", [{}, {"metrics": None}, {"metrics": [1]}])
    def test_tells_none_where_nothing_was_measured(self, manifest: dict[str, Any]) -> None:
        metrics = model_object(row(manifest), UNUSED).metrics
        assert set(metrics.model_dump().values()) == {None}

    def test_knows_the_model_that_is_offered_by_its_row(self) -> None:
        for offer in (7, 8, None):
            shown = model_object(row({}), Usage(canary_id=None, workers={}, offered_id=offer))
            assert shown.offered == (offer == 7)

    def test_knows_the_model_on_trial_by_its_row(self) -> None:
        for trial in (7, 8, None):
            shown = model_object(row({}), Usage(canary_id=trial, workers={}))
            assert shown.canary == (trial == 7)

    def test_counts_the_workers_that_answer_with_it(self) -> None:
        workers = {"starter-1.0.0+00010203": 2, "starter-1.0.0+ffffffff": 5}
        assert model_object(row({}), Usage(canary_id=None, workers=workers)).workers == 2
        assert model_object(row({}), UNUSED).workers == 0
