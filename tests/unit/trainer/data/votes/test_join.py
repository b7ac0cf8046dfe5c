from pathlib import Path

import numpy as np
import pytest

from services.common.domain.emotions import EMOTIONS
from services.trainer.data.layouts import Sample, Split, scan
from services.trainer.data.votes import CHOICES, judged, shares
from services.trainer.errors import VotesError
from tests.fixtures.votes import PUBLISHED, joined, write

FEAR = {"fear": 10}
ROW = "Training,,0,0,0,0,0,0,10,0,0,0"


def files(*paths: str) -> list[Sample]:
    return [Sample(path, 1, Split.TRAIN) for path in paths]


def rows(*usages: Split | None) -> list[Sample]:
    return [Sample(f"fer2013.csv#{i}", 0, split, b"x") for i, split in enumerate(usages)]


class TestJudged:
    def test_without_votes_all_samples_stay_as_they_are(self, tmp_path: Path) -> None:
        samples = files("train/fear/a.png")
        assert judged(samples, sources=[], base=tmp_path) == (samples, {})

    def test_joins_by_file_name_and_keeps_the_own_label(self, tmp_path: Path) -> None:
        table = joined(tmp_path / "v.csv", {"a.png": {"anger": 7, "fear": 3}})
        (sample,), left_out = judged(files("train/fear/a.png"), sources=[table], base=tmp_path)
        assert sample.label == EMOTIONS.index("fear")
        assert sample.votes is not None
        assert sample.votes[CHOICES.index("anger")] == 7
        assert not any(left_out.values())

    def test_counts_what_is_left_out_and_why(self, tmp_path: Path) -> None:
        names = ["a.png", "unknown.png", "noface.png", "stranger.png", "x/two.png", "y/two.png"]
        table = joined(
            tmp_path / "v.csv",
            {"a.png": FEAR, "unknown.png": {"unknown": 6, "fear": 4}, "two.png": FEAR},
        )
        write(tmp_path / "not_faces.txt", "noface.png")
        kept, left_out = judged(files(*names), sources=[table], base=tmp_path)
        assert [sample.path for sample in kept] == ["a.png"]
        assert left_out == {
            "not_a_face": 1,
            "without_votes": 1,
            "most_votes_on_no_expression": 1,
            "two_of_a_name": 2,
        }

    def test_a_path_tells_images_of_one_name_apart(self, tmp_path: Path) -> None:
        table = joined(tmp_path / "v.csv", {"x/two.png": FEAR, "y/two.png": {"anger": 9}})
        kept, _ = judged(files("x/two.png", "y/two.png"), sources=[table], base=tmp_path)
        assert [sample.votes and sample.votes.index(max(sample.votes)) for sample in kept] == [1, 4]

    def test_a_name_in_two_rows_is_refused_with_both_places(self, tmp_path: Path) -> None:
        first = joined(tmp_path / "first.csv", {"a.png": FEAR})
        second = joined(tmp_path / "second.csv", {"b.png": FEAR, "a.png": FEAR})
        with pytest.raises(
            VotesError, match=r"second\.csv, line 3: a\.png has votes .* first\.csv, line 2"
        ):
            judged(files("a.png"), sources=[first, second], base=tmp_path)

    def test_votes_for_other_images_are_refused(self, tmp_path: Path) -> None:
        table = joined(tmp_path / "v.csv", {"a.png": FEAR})
        with pytest.raises(VotesError, match=r"none of the 1 images .* b\.png.* a\.png"):
            judged(files("b.png"), sources=[table], base=tmp_path)


class TestFerPlus:
    def test_beside_fer2013_csv_is_read_by_row(self, tmp_path: Path) -> None:
        write(tmp_path / "fer2013new.csv", PUBLISHED, ROW, ROW.replace("10", "0", 1)[:-1] + "10")
        kept, left_out = judged(rows(Split.TRAIN, Split.TRAIN), sources=[], base=tmp_path)
        assert [sample.path for sample in kept] == ["fer2013.csv#0"]
        assert left_out["most_votes_on_no_expression"] == 1

    def test_gives_shares_and_counts_ties_where_it_once_dropped_them(self, tmp_path: Path) -> None:
        pixels = " ".join(["9"] * 48 * 48)
        lines = (f"4,{pixels},Training" for _ in range(2))
        table = write(tmp_path / "fer2013.csv", "emotion,pixels,Usage", *lines)
        tie = "Training,,5,0,0,5,0,0,0,0,0,0"
        write(tmp_path / "fer2013new.csv", PUBLISHED, tie, ROW)
        kept, left_out = judged(scan(table), sources=[], base=tmp_path)
        assert [EMOTIONS[sample.label] for sample in kept] == ["sadness"] * 2
        assert shares(np.array([sample.votes for sample in kept])).max(axis=1).tolist() == [0.5, 1]
        assert not any(left_out.values())

    def test_of_another_order_is_refused(self, tmp_path: Path) -> None:
        write(tmp_path / "fer2013new.csv", PUBLISHED, ROW, ROW)
        with pytest.raises(VotesError, match=r"line 3: Training is not what fer2013\.csv#1"):
            judged(rows(Split.TRAIN, Split.TEST), sources=[], base=tmp_path)

    def test_is_not_guessed_to_belong_to_rows_without_a_usage(self, tmp_path: Path) -> None:
        write(tmp_path / "fer2013new.csv", PUBLISHED, ROW)
        samples = rows(None)
        assert judged(samples, sources=[], base=tmp_path) == (samples, {})
