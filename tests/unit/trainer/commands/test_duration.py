import pytest

from services.trainer.commands.duration import Cpu, in_words, seconds_per_epoch
from services.trainer.config import with_overrides
from services.trainer.presets import load_preset


def epoch(
    preset: str, *settings: str, images: int = 10_000, cores: int = 2, bfloat16: bool = True
) -> float | None:
    config = with_overrides(load_preset(preset), settings)
    return seconds_per_epoch(config, images=images, cpu=Cpu(cores, bfloat16))


class TestSecondsPerEpoch:
    def test_goes_with_images_pixels_and_cores(self) -> None:
        whole = epoch("seed-rafdb")
        assert whole is not None
        assert epoch("seed-rafdb", images=5_000) == pytest.approx(whole / 2)
        assert epoch("seed-rafdb", "data.size=112") == pytest.approx(whole / 4)
        assert epoch("seed-rafdb", cores=1) == pytest.approx(whole * 2)

    def test_counts_no_more_cores_than_the_recipe_s_threads(self) -> None:
        whole = epoch("seed-rafdb")
        assert epoch("seed-rafdb", cores=64) == whole
        assert epoch("seed-rafdb", "loop.threads=4", cores=64) == pytest.approx((whole or 0) / 2)

    def test_counts_the_enlarged_pixels(self) -> None:
        whole = epoch("starter-teacher")
        assert whole is not None
        assert epoch("starter-teacher", "model.enlarge=4") == pytest.approx(whole * 4)

    def test_the_seed_on_two_cores_takes_hours_an_epoch_and_quick_minutes(self) -> None:
        seed, quick = epoch("seed-rafdb"), epoch("quick")
        assert seed is not None
        assert quick is not None
        assert seed > 2_000
        assert quick < 120

    def test_bfloat16_gains_where_the_cpu_has_it_and_costs_where_not(self) -> None:
        fast, slow = epoch("quick"), epoch("quick", bfloat16=False)
        plain = epoch("quick", "loop.precision=float32", bfloat16=False)
        assert fast is not None
        assert slow is not None
        assert plain is not None
        assert fast < plain < slow / 5

    @pytest.mark.parametrize("setting", ["model.backbone=vgg16", "model.densenet.growth=48"])
    def test_what_was_not_measured_is_not_guessed(self, setting: str) -> None:
        assert epoch("quick", setting) is None


class TestInWords:
    @pytest.mark.parametrize(
        ("seconds", "words"),
        [
            (0.2, "1 s"),
            (40, "40 s"),
            (3_000, "50 min"),
            (5_399, "90 min"),
            (25_200, "7 h"),
            (200_000, "2 days"),
        ],
    )
    def test_takes_the_unit_that_people_would(self, seconds: float, words: str) -> None:
        assert in_words(seconds) == words
