import pytest

from services.trainer.config import Precision, TrainConfig, with_overrides
from services.trainer.presets import PRESETS, load_preset


class TestOverrides:
    def test_sets_fields_by_dotted_path(self) -> None:
        config = with_overrides(
            load_preset("quick"),
            [
                "optim.lr=0.03",
                "loop.epochs=2",
                "model.densenet.blocks=2,4",
                "loop.precision=float32",
            ],
        )
        assert config.optim.lr == 0.03
        assert config.loop.epochs == 2
        assert config.model.densenet.blocks == (2, 4)
        assert config.loop.precision is Precision.FLOAT32

    def test_leaves_the_rest_as_it_was(self) -> None:
        before = load_preset("quick")
        after = with_overrides(before, ["loop.seed=7"])
        changed = before.model_copy(update={"loop": before.loop.model_copy(update={"seed": 7})})
        assert after == changed

    @pytest.mark.parametrize(
        "setting", ["lr=1", "optim.lr", "optim.speed=1", "loop.epochs.more=1", "preset.x=1", "=1"]
    )
    def test_refuses_what_names_no_field(self, setting: str) -> None:
        with pytest.raises(ValueError, match=r"write it as optim\.lr=0\.03"):
            with_overrides(load_preset("quick"), [setting])

    @pytest.mark.parametrize("setting", ["optim.lr=-1", "loop.epochs=0", "loop.precision=int3"])
    def test_refuses_values_out_of_range(self, setting: str) -> None:
        with pytest.raises(ValueError, match=setting.split("=", maxsplit=1)[0].split(".")[1]):
            with_overrides(load_preset("quick"), [setting])


class TestVotes:
    def test_are_named_by_files_parted_by_commas(self) -> None:
        config = with_overrides(load_preset("quick"), ["data.votes=a.csv,ferplus"])
        assert config.data.votes == ("a.csv", "ferplus")

    def test_do_not_go_with_the_cut_of_hfer_v0(self) -> None:
        with pytest.raises(ValueError, match=r"does not go with data\.split_rule=seed"):
            with_overrides(load_preset("quick"), ["data.votes=a.csv", "data.split_rule=seed"])


class TestPresets:
    @pytest.mark.parametrize("name", sorted(PRESETS))
    def test_survives_a_round_trip_through_json(self, name: str) -> None:
        preset = load_preset(name)
        assert preset.preset == name
        assert TrainConfig.model_validate_json(preset.model_dump_json()) == preset

    def test_an_unknown_one_is_answered_with_the_known(self) -> None:
        with pytest.raises(ValueError, match="there are: best-gpu, quick"):
            load_preset("slow")
