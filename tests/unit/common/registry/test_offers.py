from datetime import UTC, datetime, timedelta

import pytest

from services.common.db.tables import Model
from services.common.registry.offers import offered

BEGUN = datetime(2026, 1, 1, tzinfo=UTC)


def model(
    version: str,
    *,
    name: str = "starter",
    day: int = 0,
    answered: bool = False,
    active: bool = False,
) -> Model:
    return Model(
        name=name,
        version=version,
        sha256=f"{name}-{version}".encode(),
        active=active,
        created_at=BEGUN + timedelta(days=day),
        activated_at=BEGUN if answered or active else None,
    )


def offer(*models: Model, shipped: tuple[str, ...] = ("starter-1.0.0",)) -> str | None:
    found = offered(models, shipped={name.encode() for name in shipped})
    return None if found is None else f"{found.name}-{found.version}"


class TestOffered:
    def test_is_the_newer_one_that_the_workers_came_with(self) -> None:
        assert offer(model("0.10.0", active=True), model("1.0.0", day=9)) == "starter-1.0.0"

    @pytest.mark.parametrize("version", ["1.0.0", "0.9.0", "0.10.0"])
    def test_is_no_older_version(self, version: str) -> None:
        shipped = (f"starter-{version}",)
        rows = model("1.0.0", active=True), model(version, day=9)
        assert offer(*rows, shipped=shipped) is None

    def test_is_not_what_answered_before(self) -> None:
        assert offer(model("0.3.1", active=True), model("1.0.0", day=9, answered=True)) is None

    def test_is_not_what_somebody_published(self) -> None:
        rows = model("0.3.1", active=True), model("2.0.0", day=9)
        assert offer(*rows, shipped=("starter-0.3.1",)) is None

    def test_beside_a_model_of_your_own_is_what_came_after_it(self) -> None:
        mine = model("7.0.0", name="mine", day=5, active=True)
        assert offer(mine, model("1.0.0", day=9)) == "starter-1.0.0"
        assert offer(mine, model("1.0.0", day=1)) is None

    def test_is_nothing_in_an_empty_installation(self) -> None:
        assert offer(model("1.0.0")) is None
        assert offer() is None
