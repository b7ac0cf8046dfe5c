import io
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
from tests.fixtures.training import tiny_config


def evaluation(split: Split = Split.VALIDATION) -> dict[str, Any]:
    labels = np.tile(np.arange(7), 20)
    data = Subset(np.zeros((140, 8, 8, 1), dtype=np.uint8), labels, np.arange(140) < 14)
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

    def test_tells_of_a_teacher_and_of_the_second_view(self) -> None:
        taught = report()
        taught["recipe"]["data"]["served_share"] = 0.5
        taught["recipe"]["loss"]["distill"]["bundle"] = "models/starter"
        card = model_card(name="tiny", version="0.1.0", report=taught)
        assert "\n50% of the images with a face came as serving crops them; 50% of the loss" in card
