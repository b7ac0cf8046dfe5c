import io
import re
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from PIL import Image

from services.trainer.data.dataset import Subset
from services.trainer.data.layouts import Split
from services.trainer.evaluation.calibrate import Calibration
from services.trainer.evaluation.evaluate import evaluate_logits
from services.trainer.reports.confusion_plot import confusion_png
from services.trainer.reports.model_card import model_card
from services.trainer.reports.risk_coverage_plot import risk_coverage_png
from tests.fixtures.training import tiny_config


def evaluation(
    split: Split = Split.VALIDATION, *, votes: np.ndarray | None = None
) -> dict[str, Any]:
    labels = np.tile(np.arange(7), 20)
    data = Subset(np.zeros((140, 8, 8, 1), dtype=np.uint8), labels, np.arange(140) < 14)
    if votes is not None:
        data = replace(data, votes=votes, own_labels=(labels + (np.arange(140) % 4 == 0)) % 7)
    logits = np.random.default_rng(0).normal(size=(140, 7)) + 2 * np.eye(7)[labels]
    evaluated = evaluate_logits(
        logits.astype(np.float32), data, split=split, calibration=Calibration(1.0, 0.3)
    )
    return {**evaluated, "checkpoint": "last"}


def report(split: Split = Split.VALIDATION) -> dict[str, Any]:
    audit = {
        "train_kept": 28163,
        "train_dropped": 546,
        "blank": 13,
        "conflicting": 118,
        "train_near_evaluation": 466,
    }
    return {
        "evaluation": evaluation(split),
        "training": {
            "steps": 880,
            "planned_steps": 7920,
            "epochs": 2.0,
            "minutes": 7.0,
            "parameters": 1802599,
            "host": "2 x86_64 cores",
            "sessions": [{"from_step": 0, "planned_epochs": 18}],
        },
        "data": {
            "name": "stripes",
            "sha256": "a" * 64,
            "licence": "CC0-1.0",
            "audit": audit,
            "split_names": {},
        },
        "recipe": tiny_config().model_dump(mode="json"),
    }


@cache
def judged() -> dict[str, Any]:
    """A report whose evaluation is against votes: 8 of 10 for each face's class, 2 for fear."""
    votes = np.zeros((140, 10), np.float32)
    votes[np.arange(140), np.tile(np.arange(7), 20)] += 8
    votes[:, 1] += 2
    found = report()
    found["evaluation"] = {**evaluation(Split.TEST, votes=votes), "checkpoint": "last"}
    found["data"] |= {"votes_sha256": "b" * 64, "left_out": {"not_a_face": 158}}
    return found


class TestJudgedCard:
    @pytest.mark.parametrize(
        "statement",
        [
            "The truth is the judges' majority",
            "People agree among themselves in 83%",
            "| images | n | agreement | macro recall | macro F1 |",
            "Stripes's own labels stand beside the judges' majority",
            "\nthe same for 75% of the faces",
            "no model can be best at both",
            "| first answer is the majority's |",
            "| AUROC of wrong answers by confidence |",
            "![share wrong by coverage](risk_coverage.png)",
            "perfectly calibrated model would show",
            "`" + "b" * 64 + "`). Left out for them, of all splits: 158 not a face.",
            "one judge says what the majority of all says in 83% of the cases here",
        ],
    )
    def test_states(self, statement: str) -> None:
        assert statement in model_card(name="tiny", version="0.1.0", report=judged())

    def test_every_figure_against_the_judges_has_an_interval_and_its_faces(self) -> None:
        card = model_card(name="tiny", version="0.1.0", report=judged())
        lines = card[card.index("| against the judges |") :].split("\n\n")[0].splitlines()[2:]
        assert len(lines) == 12
        assert all(re.search(r"\| 0\.\d{3} to \d\.\d{3} \| 1[0-9]{2} \|$", x) for x in lines)

    def test_the_curve_is_a_picture_and_the_same_one_each_time(self) -> None:
        data = risk_coverage_png(judged()["evaluation"]["judges"])
        with Image.open(io.BytesIO(data)) as image:
            assert image.format == "PNG"
        assert risk_coverage_png(judged()["evaluation"]["judges"]) == data

    def test_without_votes_there_is_no_such_truth(self) -> None:
        card = model_card(name="tiny", version="0.1.0", report=report())
        assert "judge" not in card
        assert "risk_coverage" not in card


class TestConfusionPng:
    def test_is_a_picture_and_the_same_one_each_time(self) -> None:
        data = confusion_png(evaluation())
        with Image.open(io.BytesIO(data)) as image:
            assert image.format == "PNG"
            assert min(image.size) > 400
        assert confusion_png(evaluation()) == data


class TestModelCard:
    @pytest.mark.parametrize(
        "statement",
        [
            "not what a person feels",
            "Not validated per group",
            "No decisions about people",
            "Article 5(1)(f)",
            "| leaked | 14 |",
            "880 of 7,920 planned steps",
            "CC0-1.0",
            "Temperature, threshold and prior shift were fitted on this same split",
        ],
    )
    def test_states(self, statement: str) -> None:
        assert statement in model_card(name="tiny", version="0.1.0", report=report())

    def test_gives_each_expression_a_row(self) -> None:
        card = model_card(name="tiny", version="0.1.0", report=report())
        assert sum(line.startswith("| happiness |") for line in card.splitlines()) == 1

    def test_owns_up_to_a_plan_changed_on_the_way(self) -> None:
        changed = report()
        changed["training"]["sessions"].append({"from_step": 3323, "planned_epochs": 16})
        text = "(18 epochs from step 0, then 16 epochs from step 3,323)"
        assert text in model_card(name="tiny", version="0.1.0", report=changed)
        assert "plan was changed" not in model_card(name="t", version="0.1.0", report=report())

    def test_names_the_split_as_the_data_set_does(self) -> None:
        named = report()
        named["data"]["split_names"] = {"validation": "PublicTest"}
        card = model_card(name="tiny", version="0.1.0", report=named)
        assert "Split: validation (PublicTest)." in card

    def test_claims_no_fitting_on_a_test_split(self) -> None:
        card = model_card(name="tiny", version="0.1.0", report=report(Split.TEST))
        assert "same split" not in card
        assert "cross-fitted" not in card

    def test_tells_how_faces_fare_as_serving_crops_them(self) -> None:
        view = {
            "n": 3085,
            "faces_found": 0.86,
            "as_served": {"accuracy": 0.681, "macro_recall": 0.66},
            "in_own_frame": {"accuracy": 0.675, "macro_recall": 0.65},
        }
        told = report()
        told["evaluation"]["as_served"] = view
        card = model_card(name="tiny", version="0.1.0", report=told)
        assert "68.1% are answered right" in card
        assert "against 67.5% (65.0%) in their own frames" in card
        assert "own frames" not in model_card(name="tiny", version="0.1.0", report=report())

    def test_names_the_face_weights_and_what_they_were_trained_for(self) -> None:
        facts = report()
        facts["recipe"]["model"]["backbone"] = "mobilenet_v1"
        facts["recipe"]["model"]["weights"] = "faceres"
        text = model_card(name="mine", version="1.0.0", report=facts)
        assert "MobileNet v1 on " in text
        assert "(@vladmandic/human, MIT; trained by their\nauthor on VGGFace2" in text
        assert "neither the embedding nor the age and\ngender heads" in text

    def test_an_earlier_model_is_named_with_what_it_began_with(self) -> None:
        facts = report()
        facts["recipe"]["model"]["weights"] = "runs/teacher/bundle"
        assert "from the weights of an earlier model:" in model_card(
            name="mine", version="1.0.0", report=facts
        )
        models = ["teacher-1.0.0", "second-1.0.0"]
        facts["training"]["origin"] = {"weights": "faceres", "models": models, "minutes": 80.4}
        text = model_card(name="mine", version="1.0.0", report=facts)
        assert "from the weights of second-1.0.0:\nteacher-1.0.0 and then second-1.0.0" in text
        assert "took 80 minutes and began with the published face weights faceres" in text
        facts["training"]["origin"]["weights"] = "unknown"
        assert "80 minutes.\nFrom there:" in model_card(name="x", version="1.0.0", report=facts)

    def test_tells_whose_the_votes_are(self) -> None:
        facts = report()
        facts["data"] |= {"votes_sha256": "ab" * 32, "left_out": {}}
        assert "VOTES_NOTICE" not in model_card(name="x", version="1.0.0", report=facts)
        facts["data"]["votes_of"] = "Copyright (c) Some Judges"
        assert "Votes: Copyright (c) Some Judges; their terms are in `VOTES_NOTICE.md`." in (
            model_card(name="x", version="1.0.0", report=facts)
        )

    def test_tells_of_a_teacher_and_of_the_second_view(self) -> None:
        taught = report()
        taught["recipe"]["data"]["served_share"] = 0.5
        taught["recipe"]["loss"]["distill"]["bundle"] = "models/starter"
        card = model_card(name="tiny", version="0.1.0", report=taught)
        assert "\n50% of the images with a face came as serving crops them; 50% of the loss" in card


def test_a_data_set_of_the_service_is_named_with_its_consent() -> None:
    told = report()
    told["data"]["data_set"] = {"id": "dst_1", "erased": 2, "consent": "release forms"}
    card = model_card(name="mine", version="0.1.0", report=told)
    assert "data set `dst_1`, of which 2 faces had been erased" in card
    assert "Consent of the people in it: release forms." in card
    assert "dst_1" not in model_card(name="mine", version="0.1.0", report=report())
