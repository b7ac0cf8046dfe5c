"""``report``: figures, picture and model card, as a bundle carries them."""

from dataclasses import asdict
from typing import Any

from services.common.files import write_atomically
from services.trainer.config import TrainConfig
from services.trainer.data.known import DataFacts, stated
from services.trainer.data.votes.notice import notice_of, whose
from services.trainer.reports.confusion_plot import confusion_png
from services.trainer.reports.model_card import model_card
from services.trainer.reports.risk_coverage_plot import risk_coverage_png
from services.trainer.training.run import Run
from services.trainer.training.stage_outputs import (
    CALIBRATION,
    CARD,
    COVERAGE_PICTURE,
    EVALUATION,
    PICTURE,
    REPORT,
    read_json,
    write_json,
)


def report_run(
    run: Run, *, name: str, version: str, config: TrainConfig | None = None
) -> dict[str, Any]:
    """Write the report, the picture and the model card; arguments as of ``export_run``.

    Raises:
        RunError: if the run was not evaluated and calibrated.
    """
    config = config or run.config()
    evaluation = read_json(run.report / EVALUATION)
    report = {
        "evaluation": evaluation,
        "calibration": read_json(run.report / CALIBRATION),
        "training": _training(run, evaluation),
        "data": _data(config, run),
        "recipe": _recipe(config, evaluation),
    }
    write_json(run.report / REPORT, report)
    write_atomically(run.report / PICTURE, confusion_png(evaluation))
    if "judges" in evaluation:
        write_atomically(run.report / COVERAGE_PICTURE, risk_coverage_png(evaluation["judges"]))
    card = model_card(name=name, version=version, report=report)
    write_atomically(run.report / CARD, card.encode())
    return report


def _recipe(config: TrainConfig, evaluation: dict[str, Any]) -> dict[str, Any]:
    """Return the recipe with the share that was chosen in place of the wish to choose one."""
    recipe = config.model_dump(mode="json")
    recipe["model"]["blend"] = evaluation.get("blend", recipe["model"]["blend"])
    return recipe


def _training(run: Run, evaluation: dict[str, Any]) -> dict[str, Any]:
    record, config = run.read(), run.config()
    session = record["sessions"][-1]
    per_epoch = record["data_identity"]["train"] // config.loop.batch_size
    return {
        "steps": evaluation["steps"],
        "planned_steps": per_epoch * config.loop.epochs,
        "epochs": round(evaluation["steps"] / per_epoch, 2),
        "minutes": round(evaluation["seconds"] / 60, 1),
        "origin": record["sessions"][0].get("origin"),
        "parameters": evaluation["parameters"],
        "sessions": [
            {name: each[name] for name in ("from_step", "planned_epochs", "git_revision")}
            for each in record["sessions"]
        ],
        "host": f"{session['host']['cores']} {session['host']['machine']} cores",
        "packages": session["packages"],
    }


def _data(config: TrainConfig, run: Run) -> dict[str, Any]:
    data, notice = run.prepared(), notice_of(run.folder)
    return {
        **asdict(stated(DataFacts(**data.manifest["facts"]), config.data)),
        "sha256": data.manifest["source_sha256"],
        "audit": data.manifest["audit"],
        "counts": data.manifest["counts"],
        "splits_sha256": data.manifest.get("splits_sha256"),
        "detector": data.manifest.get("detector"),
        "votes_sha256": data.manifest.get("votes_sha256"),
        "data_set": data.manifest.get("data_set"),
        "left_out": data.manifest.get("left_out", {}),
        "votes_of": whose(notice) if notice else None,
    }
