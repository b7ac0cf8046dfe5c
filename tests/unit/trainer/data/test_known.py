from pathlib import Path

from services.trainer.config import DataConfig
from services.trainer.data.known import FER2013, DataFacts, recognise, stated
from services.trainer.data.layouts import Sample, Split


def sample(name: str) -> Sample:
    return Sample(f"train/fear/{name}", 1, Split.TRAIN)


class TestRecognise:
    def test_knows_fer2013_by_its_file_names(self) -> None:
        samples = [sample("Training_1.png"), sample("PrivateTest_2.png")]
        assert recognise(samples, source=Path("data")) == FER2013

    def test_never_takes_other_data_for_fer2013(self) -> None:
        facts = recognise([sample("Training_1.png"), sample("me.png")], source=Path("mine.tar.gz"))
        assert facts.name == "mine.tar.gz"
        assert "unknown" in facts.licence
        assert facts.crop_margin == 0


class TestStated:
    def test_the_recipe_wins_where_it_speaks(self) -> None:
        facts = stated(FER2013, DataConfig(licence="by agreement", centre_dx=0.0))
        assert facts == DataFacts(
            name="FER2013",
            licence="by agreement",
            crop_margin=FER2013.crop_margin,
            centre_dx=0.0,
            centre_dy=FER2013.centre_dy,
            split_names=FER2013.split_names,
        )

    def test_the_facts_stay_where_it_is_silent(self) -> None:
        assert stated(FER2013, DataConfig()) == FER2013
