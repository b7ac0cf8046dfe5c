"""What ``two_devices.py`` found, in a process of its own."""

import json
from typing import Any

import pytest

from tests.fixtures.forked import Forked
from tests.model.trainer import two_devices

pytestmark = pytest.mark.timeout(900)  # half a minute of an idle machine


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("devices")
    log = folder / "log"
    assert Forked(two_devices.main, [str(folder)], log=log).wait() == 0, log.read_text()
    figures: dict[str, Any] = json.loads(log.read_text().splitlines()[-1])
    return figures


class TestStep:
    @pytest.mark.parametrize("kind", ["sgd", "adamw"])
    def test_is_that_of_one_device(self, found: dict[str, Any], kind: str) -> None:
        step = found["any_shares"][kind]
        assert step["moved"] > 1e-3
        for name in ("loss", "logits", "optimizer", "average", "model"):
            assert step[name] < 1e-6, name

    def test_trains_all_layers_alike_where_shares_are_equal(self, found: dict[str, Any]) -> None:
        step = found["equal_shares"]
        assert step["moved"] > 1e-3
        for name in ("loss", "logits", "average"):
            assert step[name] < 1e-5, name
        # The moving variance is that of a sample: n / (n - 1) tells a share from the whole.
        assert step["model"] < 1e-3

    def test_clips_gradients_that_were_scaled_for_half_precision(
        self, found: dict[str, Any]
    ) -> None:
        step = found["half_precision"]
        assert step["moved"] > 1e-3
        assert max(step[name] for name in ("loss", "optimizer", "average")) < 1e-6

    def test_leaves_the_copies_of_a_weight_the_same(self, found: dict[str, Any]) -> None:
        for step in (*found["any_shares"].values(), found["equal_shares"], found["went_on"]):
            assert step["copies"] == 0


class TestChangeOfDevices:
    def test_a_checkpoint_of_one_fits_two(self, found: dict[str, Any]) -> None:
        assert found["went_on"]["restored"] == 0
        assert found["went_on"]["arrays"] < 1e-6

    def test_a_run_begun_on_two_ends_on_one(self, found: dict[str, Any]) -> None:
        run = found["run"]
        assert (run["steps"], run["sessions"]) == (14, 2)
        assert run["arrays"] < 1e-6


class TestRefusal:
    def test_an_odd_batch_is_refused_with_the_remedy(self, found: dict[str, Any]) -> None:
        assert found["refusal"] == (
            "2 GPUs cannot share batches of 9 evenly; set loop.batch_size to a multiple, or "
            "loop.gpus."
        )
