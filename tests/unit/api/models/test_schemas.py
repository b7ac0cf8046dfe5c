"""Rows to public objects: figures in both shapes in which trainers write them."""

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
    @pytest.mark.parametrize(
        ("metric", "value"),
        [
            (0.5, 0.5),
            (1, 1.0),
            ({"value": 0.5, "low": 0.4, "high": 0.6}, 0.5),
            ({"low": 0.4}, None),
            (True, None),
            ("0.5", None),
            (None, None),
            ([0.5], None),
        ],
    )
    def test_tells_a_figure_with_or_without_its_interval(
        self, metric: object, value: float | None
    ) -> None:
        shown = model_object(row({"metrics": {"macro_f1": metric}}), UNUSED)
        assert shown.metrics.macro_f1 == value
        assert shown.metrics.accuracy is None

    @pytest.mark.parametrize("manifest", [{}, {"metrics": None}, {"metrics": [1]}])
    def test_tells_none_where_nothing_was_measured(self, manifest: dict[str, Any]) -> None:
        metrics = model_object(row(manifest), UNUSED).metrics
        assert set(metrics.model_dump().values()) == {None}

    def test_knows_the_model_on_trial_by_its_row(self) -> None:
        for trial in (7, 8, None):
            shown = model_object(row({}), Usage(canary_id=trial, workers={}))
            assert shown.canary == (trial == 7)

    def test_counts_the_workers_that_answer_with_it(self) -> None:
        workers = {"starter-1.0.0+00010203": 2, "starter-1.0.0+ffffffff": 5}
        assert model_object(row({}), Usage(canary_id=None, workers=workers)).workers == 2
        assert model_object(row({}), UNUSED).workers == 0
