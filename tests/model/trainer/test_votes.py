"""Trained on votes, with a second head for the data set's own label."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from services.common.domain.emotions import EMOTIONS
from services.trainer.config import TrainConfig, with_overrides
from services.trainer.networks.build import build_network, served_network
from services.trainer.networks.normalisation import Normalisation
from services.trainer.training.loop import Loop, Stop
from services.trainer.training.run import Run
from services.trainer.training.state import TrainingState
from services.vision.bundle import load_bundle
from tests.fixtures.training import Silent, striped, tiny_config, voted, write_image
from tests.fixtures.votes import joined
from tests.model.trainer.conftest import SETTINGS, invoke

TWO_HEADS = with_overrides(tiny_config(), ["loss.own_label_weight=0.5", "augment.mixup=0.2"])
SCALE = Normalisation((128.0,), (60.0,))


def train(folder: Path, config: TrainConfig, interrupted: Callable[[], bool]) -> Stop:
    return Loop(
        config,
        data=voted(),
        run=Run(folder),
        build_state=TrainingState,
        reporter=Silent(),
        interrupted=interrupted,
    ).train()


class TestTwoHeads:
    def test_the_served_network_is_the_first_head_with_the_same_weights(self) -> None:
        both = build_network(TWO_HEADS.model, size=16, normalisation=SCALE, own_head=True)
        served = served_network(both)
        crops = np.random.default_rng(0).uniform(0, 255, (3, 16, 16, 1)).astype(np.float32)
        first, own = both(crops, training=False)
        np.testing.assert_array_equal(served(crops, training=False), first)
        assert own.shape == first.shape == (3, 7)
        plain = build_network(TWO_HEADS.model, size=16, normalisation=SCALE)
        assert [v.shape for v in served.variables] == [v.shape for v in plain.variables]
        assert served_network(plain) is plain

    def test_an_interrupted_run_ends_like_an_uninterrupted_one(self, tmp_path: Path) -> None:
        stops = iter(range(1, 1_000_000))
        assert train(tmp_path / "whole", TWO_HEADS, lambda: False) is Stop.FINISHED
        for end in (Stop.INTERRUPTED, Stop.FINISHED):
            assert train(tmp_path / "parts", TWO_HEADS, lambda: next(stops) == 5) is end
        whole, parts = (Run(tmp_path / name).checkpoints.load_last() for name in ("whole", "parts"))
        assert whole
        assert parts
        for name, array in whole.arrays.items():
            np.testing.assert_array_equal(array, parts.arrays[name], err_msg=name)

    def test_the_second_head_learns_what_the_first_does_not_see(self, tmp_path: Path) -> None:
        train(tmp_path, TWO_HEADS, lambda: False)
        end = Run(tmp_path).checkpoints.load_last()
        assert end
        state = TrainingState(TWO_HEADS, normalisation=SCALE, counts=(8,) * 7)
        names = [variable.path for variable in state.model.variables]
        before = state.capture()
        moved = {
            path.partition("/")[0]: np.abs(end.arrays[key] - before[key]).max()
            for path, key in zip(names, [k for k in before if k.startswith("model/")], strict=True)
            if "logits" in path
        }
        assert moved["logits"] > 0
        assert moved["head_own_logits"] > 0


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on stripes that judges call by their class, in folders that call all but one fear."""
    folder = tmp_path_factory.mktemp("votes")
    votes: dict[str, dict[str, int]] = {}
    for split, prefix, count in (("train", "Training", 12), ("test", "PublicTest", 8)):
        for label, emotion in enumerate(EMOTIONS):
            for index in range(count):
                name = f"{prefix}_{label}{index:02d}.png"
                own = "surprise" if index == 0 else "fear"
                pixels = striped(label, seed=index + 100 * len(prefix))
                write_image(folder / "data" / split / own / name, pixels)
                votes[name] = {str(emotion): 8, "unknown": 2}
    table = joined(folder / "ferplus" / "votes.csv", votes)
    invoke(
        *("train", "--data", str(folder / "data"), "--run", str(folder / "run"), *SETTINGS),
        *(f"data.votes={table}", "data.split_rule=halves", "loss.own_label_weight=0.3"),
        *("model.int8=false", "loop.epochs=6"),
    )
    return folder / "run"


class TestWholeWay:
    def test_reports_half_b_against_the_judges(self, run: Path) -> None:
        report = json.loads((run / "report" / "report.json").read_bytes())["evaluation"]
        assert (report["split"], report["truth"]) == ("test", "judges")
        judges = report["judges"]
        assert judges["n"] == report["n"] < 56
        assert judges["agreement"]["value"] == report["accuracy"]["value"] > 2 / 7
        assert judges["own_labels"]["agreement_with_majority"]["value"] < 0.4

    def test_the_card_names_the_truth_and_the_half(self, run: Path) -> None:
        card = (run / "bundle" / "MODEL_CARD.md").read_text()
        assert "Split: test (PublicTest, half B)" in card
        assert "people among themselves" in card
        assert "second head, not shipped" in card

    def test_serves_the_first_head_alone(self, run: Path) -> None:
        bundle = load_bundle(run / "bundle")
        graph = onnx.load(bundle.model_path()).graph
        assert [output.name for output in graph.output] == ["logits"]
        assert sum(node.op_type == "Gemm" for node in graph.node) == 1

    def test_a_bundle_is_where_another_training_starts(self, run: Path) -> None:
        config = with_overrides(
            Run(run).config(), [f"model.weights={run / 'bundle'}", "loss.own_label_weight=1"]
        )
        state = TrainingState(config, normalisation=SCALE, counts=(8,) * 7)
        found = served_network(state.model).get_layer("logits").kernel.numpy()
        graph = onnx.load(load_bundle(run / "bundle").model_path()).graph
        assert any(
            np.array_equal(onnx.numpy_helper.to_array(each), found) for each in graph.initializer
        )

    def test_evaluate_says_the_same_of_the_bundle(self, run: Path) -> None:
        asked = ("evaluate", "--bundle", str(run / "bundle"), "--data", str(run.parent / "data"))
        votes = ("--votes", str(run.parent / "ferplus"), "--half", "B")
        found = json.loads(invoke(*asked, *votes, "--split", "validation", "--json"))
        report = json.loads((run / "report" / "report.json").read_bytes())["evaluation"]
        assert found["judges"]["agreement"] == report["judges"]["agreement"]
        assert found["judges"]["kl"]["value"] == pytest.approx(
            report["judges"]["kl"]["value"], abs=2e-3
        )
        assert "majority" in invoke(*asked, *votes, "--split", "validation")
