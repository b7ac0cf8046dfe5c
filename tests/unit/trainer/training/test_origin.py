import json
from pathlib import Path
from typing import Any

import pytest

from services.trainer.training.origin import Origin, origin_of


def bundle(folder: Path, name: str, recipe: dict[str, Any]) -> str:
    """A model's folder, as far as its origin is told there."""
    folder.mkdir()
    manifest = {"name": name, "version": "1.0.0", "recipe": recipe}
    (folder / "bundle.json").write_text(json.dumps(manifest))
    return str(folder)


def made(weights: str, *, minutes: float, origin: Origin | None = None) -> dict[str, Any]:
    return {"model": {"weights": weights}, "training": {"minutes": minutes, "origin": origin}}


class TestOriginOf:
    @pytest.mark.parametrize("weights", ["none", "imagenet", "faceres"])
    def test_published_weights_are_their_own(self, weights: str) -> None:
        assert origin_of(weights) == Origin(weights=weights, models=[], minutes=0)

    def test_a_file_of_arrays_is_a_file(self) -> None:
        assert origin_of("some.npz") == Origin(weights="file", models=[], minutes=0)

    def test_a_model_of_before_names_the_weights_of_its_recipe(self, tmp_path: Path) -> None:
        weights = bundle(tmp_path / "a", "teacher", made("imagenet", minutes=60.04))
        assert origin_of(weights) == Origin(
            weights="imagenet", models=["teacher-1.0.0"], minutes=60.0
        )

    def test_a_model_that_came_from_another_names_both_and_all_minutes(
        self, tmp_path: Path
    ) -> None:
        first = origin_of(bundle(tmp_path / "a", "teacher", made("faceres", minutes=60)))
        second = bundle(tmp_path / "b", "starter", made("a", minutes=20, origin=first))
        assert origin_of(second) == Origin(
            weights="faceres", models=["teacher-1.0.0", "starter-1.0.0"], minutes=80
        )

    def test_what_a_model_does_not_say_is_unknown(self, tmp_path: Path) -> None:
        weights = bundle(tmp_path / "a", "starter", {"model": {"weights": "runs/gone"}})
        assert origin_of(weights)["weights"] == "unknown"

    def test_a_run_tells_as_its_bundle_would(self, tmp_path: Path) -> None:
        record = {
            "sessions": [{"origin": origin_of("faceres")}],
            "config": {"model": {"weights": "faceres"}},
        }
        (tmp_path / "run.json").write_text(json.dumps(record))
        assert origin_of(str(tmp_path)) == Origin(
            weights="faceres", models=[tmp_path.name], minutes=0
        )
