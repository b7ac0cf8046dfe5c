from pathlib import Path

from services.trainer.config import DataConfig
from services.trainer.data.framing import Framing
from services.trainer.data.known import FER2013, DataFacts, framed, recognise, stated
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


class TestFramed:
    def test_takes_what_was_measured(self) -> None:
        facts = framed(FER2013, Framing(-0.05, 0.01, -0.02, spread=0.2, found=0.87))
        assert (facts.crop_margin, facts.centre_dx, facts.centre_dy) == (-0.05, 0.01, -0.02)
        assert (facts.framing_spread, facts.faces_found) == (0.2, 0.87)
        assert facts.name == FER2013.name

    def test_says_that_no_face_was_found(self) -> None:
        facts = framed(FER2013, None)
        assert (facts.faces_found, facts.framing_spread, facts.crop_margin) == (0.0, None, 0.0)
