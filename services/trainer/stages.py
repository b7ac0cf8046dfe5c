"""What follows training, each stage reading what the one before left in the run folder.

evaluate   -> model.keras, report/logits.npz, report/evaluation.json
calibrate  -> report/calibration.json, report/evaluation.json (with the measures after it)
report     -> report/report.json, report/confusion_matrix.png, report/MODEL_CARD.md
export     -> a bundle with those papers
"""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from services.common.domain.emotions import EMOTIONS
from services.trainer.config import TrainConfig
from services.trainer.data.dataset import PreparedData, load_prepared
from services.trainer.data.known import DataFacts, stated
from services.trainer.data.layouts import Split
from services.trainer.errors import RunError
from services.trainer.files import write_atomically
from services.trainer.judging.calibrate import Calibration, calibrate
from services.trainer.judging.confusion_plot import confusion_png
from services.trainer.judging.evaluate import judge
from services.trainer.judging.prior_shift import choose_prior_shift
from services.trainer.judging.seen import SEEN_NAME, seen_bytes
from services.trainer.model_card import model_card
from services.trainer.run import NETWORK, Run, git_revision
from services.vision.bundle import Bundle, BundleCard, TrainingData
from services.vision.transforms import InputSpec

Which = Literal["last", "best"]
Logits = NDArray[np.float32]

_EVALUATION, _CALIBRATION, _REPORT = "evaluation.json", "calibration.json", "report.json"
_CARD, _PICTURE, _LOGITS = "MODEL_CARD.md", "confusion_matrix.png", "logits.npz"


def evaluate_run(run: Run, *, which: Which = "last") -> dict[str, Any]:
    """Judge the averaged weights of a checkpoint.

    "last" chooses nothing by looking at an evaluation split; "best" chose the epoch on
    validation, which flatters that split.

    Raises:
        RunError: if the run has no checkpoint or no prepared data.
    """
    store, config = run.checkpoints, run.config()
    checkpoint = store.load_best() if which == "best" else store.load_last()
    if checkpoint is None:
        raise RunError(f"{run.folder} has no checkpoint; train first.")
    data = load_prepared(run.data)
    from services.trainer.averaged import build_averaged, inference  # TensorFlow: after the checks

    model = build_averaged(
        checkpoint, config=config, normalisation=run.normalisation(), train=data.train
    )
    logits_of = inference(model)
    run.report.mkdir(exist_ok=True)
    model.save(run.folder / NETWORK)
    split, judged = data.judged
    found = {Split.VALIDATION: logits_of(data.validation.images)}
    if split is Split.TEST:
        found[split] = logits_of(judged.images)
    np.savez(run.report / _LOGITS, allow_pickle=False, **{str(k): v for k, v in found.items()})
    (run.report / _CALIBRATION).unlink(missing_ok=True)  # it belonged to other logits
    evaluation = {
        "checkpoint": which,
        "steps": checkpoint.position.step,
        "seconds": checkpoint.position.seconds,
        "parameters": int(model.count_params()),
        **judge(found[split], judged, split=split),
    }
    _write_json(run.report / _EVALUATION, evaluation)
    return evaluation


def calibrate_run(run: Run) -> Calibration:
    """Fit prior shift, temperature and threshold on validation, and judge again with them.

    Raises:
        RunError: if the run was not evaluated.
    """
    data, logits = load_prepared(run.data), _logits(run)
    labels = data.validation.labels
    counts = np.bincount(data.train.labels, minlength=len(EMOTIONS)).tolist()
    chosen = choose_prior_shift(logits[Split.VALIDATION], labels, counts=counts)
    fitted = calibrate(logits[Split.VALIDATION], labels, prior_shift=chosen.shift)
    split, judged = data.judged
    evaluation = _read_json(run.report / _EVALUATION)
    plain = evaluation.get("without_prior_shift") or {
        name: evaluation[name] for name in ("accuracy", "macro_recall", "macro_f1")
    }
    evaluation |= judge(fitted.shifted(logits[split]), judged, split=split, calibration=fitted)
    evaluation |= {"prior_shift_tau": chosen.tau, "without_prior_shift": plain}
    _write_json(run.report / _EVALUATION, evaluation)
    _write_json(run.report / _CALIBRATION, asdict(fitted))
    return fitted


def report_run(
    run: Run, *, name: str, version: str, config: TrainConfig | None = None
) -> dict[str, Any]:
    """Write the report, the picture and the model card; arguments as of ``export_run``.

    Raises:
        RunError: if the run was not evaluated and calibrated.
    """
    config = config or run.config()
    evaluation = _read_json(run.report / _EVALUATION)
    report = {
        "evaluation": evaluation,
        "calibration": _read_json(run.report / _CALIBRATION),
        "training": _training(run, evaluation),
        "data": _data(config, load_prepared(run.data)),
        "recipe": config.model_dump(mode="json"),
    }
    _write_json(run.report / _REPORT, report)
    write_atomically(run.report / _PICTURE, confusion_png(evaluation))
    card = model_card(name=name, version=version, report=report)
    write_atomically(run.report / _CARD, card.encode())
    return report


def export_run(
    run: Run, *, out: Path, name: str, version: str, config: TrainConfig | None = None
) -> Bundle:
    """Write the bundle to ``out``, replacing one that is there.

    Args:
        run: evaluated and calibrated.
        out: the bundle's folder.
        name: the model's name in every result.
        version: its version, such as 0.1.0.
        config: in place of the run's, to correct what the data is called or how serving crops.

    Raises:
        RunError: if the run was not evaluated and calibrated.
        ExportError: if the graph does not answer like the network.
        BundleError: if the parts do not fit together.
    """
    from services.trainer.averaged import inference, load_network  # TensorFlow
    from services.trainer.export import (  # ONNX
        check_parity,
        make_golden,
        replace_bundle,
    )
    from services.trainer.onnx_graph import to_onnx  # TensorFlow

    report = report_run(run, name=name, version=version, config=config)
    card = _card(run, report, name=name, version=version)
    network = load_network(run.folder / NETWORK)
    reference, graph, shape = inference(network), to_onnx(network), card.input.shape
    difference = check_parity(graph, reference=reference, shape=shape)
    metrics = {**card.metrics, "onnx_parity_max_difference": difference}
    return replace_bundle(
        out,
        card=card.model_copy(update={"metrics": metrics}),
        model=graph,
        golden=make_golden(reference=reference, shape=shape, card=card),
        extras={
            SEEN_NAME: seen_bytes(load_prepared(run.data).manifest["images"]),
            **{paper: (run.report / paper).read_bytes() for paper in (_CARD, _PICTURE)},
        },
    )


def _card(run: Run, report: dict[str, Any], *, name: str, version: str) -> BundleCard:
    normalisation, data, recipe = run.normalisation(), report["data"], report["recipe"]
    return BundleCard(
        name=name,
        version=version,
        input=InputSpec(
            size=recipe["data"]["size"],
            channels=recipe["data"]["channels"],
            crop_margin=data["crop_margin"],
            centre_dx=data["centre_dx"],
            centre_dy=data["centre_dy"],
            mean=normalisation.mean,
            std=normalisation.std,
        ),
        **report["calibration"],
        training_data=TrainingData(
            name=data["name"], sha256=data["sha256"], licence=data["licence"]
        ),
        git_revision=git_revision(),
        recipe={**recipe, "training": report["training"]},
        metrics={
            **report["evaluation"],
            "data_audit": data["audit"],
            "data_counts": data["counts"],
            "data_splits_sha256": data["splits_sha256"],
        },
        created_at=datetime.now(UTC),
    )


def _training(run: Run, evaluation: dict[str, Any]) -> dict[str, Any]:
    record, config = run.read(), run.config()
    session = record["sessions"][-1]
    per_epoch = record["data_identity"]["train"] // config.loop.batch_size
    return {
        "steps": evaluation["steps"],
        "planned_steps": per_epoch * config.loop.epochs,
        "epochs": round(evaluation["steps"] / per_epoch, 2),
        "minutes": round(evaluation["seconds"] / 60, 1),
        "parameters": evaluation["parameters"],
        "sessions": [
            {name: each[name] for name in ("from_step", "planned_epochs", "git_revision")}
            for each in record["sessions"]
        ],
        "host": f"{session['host']['cores']} {session['host']['machine']} cores",
        "packages": session["packages"],
    }


def _data(config: TrainConfig, data: PreparedData) -> dict[str, Any]:
    return {
        **asdict(stated(DataFacts(**data.manifest["facts"]), config.data)),
        "sha256": data.manifest["source_sha256"],
        "audit": data.manifest["audit"],
        "counts": data.manifest["counts"],
        "splits_sha256": data.manifest.get("splits_sha256"),
    }


def _logits(run: Run) -> dict[Split, Logits]:
    path = run.report / _LOGITS
    if not path.is_file():
        raise RunError(f"{run.folder} was not evaluated; run evaluate first.")
    with np.load(path, allow_pickle=False) as stored:
        return {Split(name): stored[name] for name in stored.files}


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_bytes())
    except OSError as error:
        missing = "calibrate" if path.name == _CALIBRATION else "evaluate"
        raise RunError(f"{path.parent.parent} lacks {path.name}; run {missing} first.") from error
    return content


def _write_json(path: Path, content: dict[str, Any]) -> None:
    write_atomically(path, json.dumps(content, indent=1).encode())
