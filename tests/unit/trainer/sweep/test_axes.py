import pytest

from services.trainer.config import with_overrides
from services.trainer.sweep.axes import Axis, candidates, named, parse_settings
from tests.fixtures.training import tiny_config
from tests.fixtures.trials import grid


class TestSettings:
    def test_colons_part_alternatives(self) -> None:
        fixed, axes = parse_settings(["optim.lr=0.1:0.2", "loop.batch_size=4"])
        assert fixed == ["loop.batch_size=4"]
        assert axes == [Axis("optim.lr", ("0.1", "0.2"))]

    def test_lists_paths_and_addresses_keep_their_signs(self) -> None:
        fixed, axes = parse_settings(
            [
                "model.head.units=:512,256:64",
                "model.weights=runs/a:none",
                "data.licence=https://example.org/terms",
            ]
        )
        assert fixed == ["data.licence=https://example.org/terms"]
        assert [axis.values for axis in axes] == [("", "512,256", "64"), ("runs/a", "none")]

    @pytest.mark.parametrize(
        ("settings", "why"),
        [
            (["optim.lr=0.1", "optim.lr=0.2"], "set twice"),
            (["loop.epochs=3:4"], "what --rungs says"),
            (["loop.epochs=3"], "what --rungs says"),
        ],
    )
    def test_refuses(self, settings: list[str], why: str) -> None:
        with pytest.raises(ValueError, match=why):
            parse_settings(settings)


class TestCandidates:
    def test_are_the_whole_grid(self) -> None:
        found = grid("optim.lr=0.1:0.2", "model.head.pooling=gap:flatten", "model.head.units=:8,4")
        assert len(found) == 8
        tried = {
            (one.config.optim.lr, one.config.model.head.pooling, one.config.model.head.units)
            for one in found
        }
        assert (0.2, "flatten", (8, 4)) in tried
        assert len(tried) == 8

    @pytest.mark.parametrize(
        "setting",
        [
            "model.backbone=vgg16:resnet50:densenet121",
            "model.freeze=0:12:all",
            "model.head.activation=relu:gelu",
            "optim.kind=sgd:adamw",
            "optim.schedule=cosine:plateau",
            "optim.early_stop.patience=3:5",
            "loss.imbalance.method=none:weights:effective_number:focal:logit_adjust:oversample",
            "data.size=32:48",
            "loop.seed=0:1",
        ],
    )
    def test_any_field_can_be_an_axis(self, setting: str) -> None:
        values = setting.partition("=")[2].split(":")
        assert [one.values for one in grid(setting)] == [(value,) for value in values]

    def test_a_sample_is_drawn_by_the_seed(self) -> None:
        _, axes = parse_settings(["optim.lr=0.1:0.2:0.3:0.4:0.5", "loss.label_smoothing=0:0.1:0.2"])
        whole = candidates(tiny_config(), axes)
        config = with_overrides(tiny_config(), ["loop.seed=7"])
        drawn = [
            [one.values for one in candidates(each, axes, sample=6)]
            for each in (tiny_config(), tiny_config(), config)
        ]
        assert drawn[0] == drawn[1] != drawn[2]
        assert len(set(drawn[0])) == 6
        assert set(drawn[0]) < {one.values for one in whole}

    def test_a_sample_of_more_than_all_is_all(self) -> None:
        _, axes = parse_settings(["optim.lr=0.1:0.2"])
        assert len(candidates(tiny_config(), axes, sample=99)) == 2

    def test_the_key_tells_recipes_apart_not_their_order(self) -> None:
        one, other = grid("optim.lr=0.1:0.2"), grid("optim.lr=0.2:0.1")
        assert [each.key for each in one] == [each.key for each in reversed(other)]
        assert one[0].key != one[1].key

    @pytest.mark.parametrize(
        ("settings", "why"),
        [
            (["optim.lr=0.1"], "nothing to compare"),
            (["optim.speed=1:2"], "not a setting"),
            (["optim.lr=0.1:fast"], "optim.lr=fast"),
            (["optim.lr=0.1:-1"], "optim.lr=-1"),
            (["optim.lr=0.1:0.10"], "there twice"),
            (["model.head.units=8:8,4", "model.head.l2=0.1:"], "2 layers"),
        ],
    )
    def test_a_wrong_recipe_is_named(self, settings: list[str], why: str) -> None:
        with pytest.raises(ValueError, match=why):
            grid(*settings)

    def test_a_wrong_alternative_is_found_even_if_not_drawn(self) -> None:
        _, axes = parse_settings(["optim.lr=0.1:0.2:0.3:0.4:0.5:0.6:0.7:fast"])
        for seed in range(4):
            config = with_overrides(tiny_config(), [f"loop.seed={seed}"])
            with pytest.raises(ValueError, match=r"optim\.lr=fast"):
                candidates(config, axes, sample=1)

    def test_a_name_is_what_the_command_line_takes(self) -> None:
        settings = ["optim.lr=0.1:0.2", "model.head.units=:8,4"]
        _, axes = parse_settings(settings)
        one = candidates(tiny_config(), axes)[3]
        assert named(axes, one) == "optim.lr=0.2 model.head.units=8,4"
        assert with_overrides(tiny_config(), named(axes, one).split()) == one.config
