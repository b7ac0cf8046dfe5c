import json

import numpy as np
import pytest

from services.common.domain.emotions import EMOTIONS
from services.trainer.data.votes import CHOICES, shares
from services.trainer.evaluation.votes import against_votes


def votes(*faces: dict[str, int]) -> np.ndarray:
    return np.array([[face.get(c, 0) for c in CHOICES] for face in faces], dtype=np.float64)


FACES = votes(
    {"happiness": 10},
    {"happiness": 9, "neutral": 1},
    {"anger": 6, "neutral": 2, "unknown": 2},
    {"fear": 5, "surprise": 5},  # a tie
)
OWN = np.array([EMOTIONS.index(name) for name in ("happiness", "sadness", "anger", "fear")])


def answered(*names: str, sure: float = 0.9) -> np.ndarray:
    found = np.full((len(names), 7), (1 - sure) / 6)
    for row, name in enumerate(names):
        found[row, EMOTIONS.index(name)] = sure
    return found


class TestAgainstVotes:
    FOUND = against_votes(answered("happiness", "happiness", "neutral", "fear"), FACES, OWN)

    def test_agreement_is_with_majorities_and_ties_have_none(self) -> None:
        assert (self.FOUND["n"], self.FOUND["without_majority"]) == (4, 1)
        assert self.FOUND["agreement"]["value"] == pytest.approx(2 / 3, abs=1e-4)
        assert self.FOUND["agreement"]["n"] == 3
        assert self.FOUND["macro_recall"]["value"] == 0.5  # happiness 1, anger 0

    def test_faces_of_which_eight_of_ten_say_the_same_stand_apart(self) -> None:
        assert self.FOUND["sure_faces"]["agreement"]["n"] == 2
        assert self.FOUND["sure_faces"]["agreement"]["value"] == 1

    def test_people_are_measured_alike(self) -> None:
        people = self.FOUND["people"]
        assert people["one_judge_and_majority_of_all"]["value"] == pytest.approx(2.5 / 3, abs=1e-4)
        # The one who said neutral agrees with none, all others with the others' majority.
        others = people["one_judge_and_majority_of_the_others"]
        assert others["value"] == pytest.approx(2.5 / 3, abs=1e-4)

    def test_a_lone_judge_has_no_others_to_agree_with(self) -> None:
        found = against_votes(answered("fear"), votes({"fear": 1}), OWN[:1])
        assert found["people"]["one_judge_and_majority_of_the_others"]["value"] == 0

    def test_own_labels_stand_beside_it(self) -> None:
        own = self.FOUND["own_labels"]
        assert own["agreement_with_majority"]["value"] == pytest.approx(2 / 3, abs=1e-4)
        assert own["accuracy"] == own["accuracy"] | {"value": 0.5, "n": 4}

    def test_every_figure_has_its_n_and_an_interval(self) -> None:
        for figure in (self.FOUND["kl"], self.FOUND["doubt"]["right_at_80"]):
            assert figure["low"] <= figure["value"] <= figure["high"]
            assert figure["n"] > 0
        json.dumps(self.FOUND, allow_nan=False)

    def test_who_answers_the_shares_diverges_from_none(self) -> None:
        found = against_votes(shares(FACES), FACES, OWN)
        assert found["kl"]["value"] == 0
        assert found["cross_entropy"]["value"] == found["entropy_of_votes"]["value"] > 0
        assert found["calibration_error"]["value"] == 0

    def test_without_a_wrong_answer_there_is_no_auroc(self) -> None:
        found = against_votes(shares(FACES), FACES, OWN)
        assert found["doubt"]["auroc_of_wrong"]["value"] is None
