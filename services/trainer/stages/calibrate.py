"""``calibrate``: prior shift, temperature and threshold, all from validation."""

from dataclasses import asdict
from pathlib import Path

from services.common.domain.bundles import MANIFEST_NAME
from services.trainer.data.layouts import Split
from services.trainer.evaluation.as_served import compare_as_served
from services.trainer.evaluation.calibrate import (
    Calibration,
    calibrate,
    calibrate_few,
    truth_of,
)
from services.trainer.evaluation.evaluate import evaluate_logits
from services.trainer.evaluation.prior_shift import choose_by_majority, choose_prior_shift
from services.trainer.training.run import Run
from services.trainer.training.stage_outputs import (
    CALIBRATION,
    EVALUATION,
    read_json,
    read_logits,
    read_served_logits,
    write_json,
)
from services.vision.bundle import load_bundle

# From so many validation images on, a shift is chosen by them. On FER2013's 3,589 the interval of
# macro F1 is four points wide, on 1,000 eight, and what a shift gains is one or two.
_ENOUGH = 1_000


def calibrate_run(run: Run) -> Calibration:
    """Fit prior shift, temperature and threshold on validation, and evaluate again with them.

    With votes, the shift is chosen by their majority and the temperature fitted to their shares,
    on half A where the data is cut in halves; shift first, as it is served. A run that
    goes on from a bundle with few validation images keeps that one's shift and threshold.

    Raises:
        RunError: if the run was not evaluated, or a file of it is damaged.
        BundleError: if the bundle that it goes on from is damaged.
    """
    data, logits = run.prepared(), read_logits(run)
    evaluation = read_json(run.report / EVALUATION)
    validation, answers = data.validation, logits[Split.VALIDATION]
    decided, tau = validation.decided, None
    earlier = _earlier(Path(run.config().model.weights))
    if earlier is not None and decided.sum() < _ENOUGH:
        fitted = calibrate_few(answers, truth_of(validation), earlier=earlier)
    else:
        choose = choose_prior_shift if validation.votes is None else choose_by_majority
        chosen = choose(answers[decided], validation.labels[decided], counts=data.train.counts)
        tau = chosen.tau
        fitted = calibrate(answers, truth_of(validation), prior_shift=chosen.shift)
    split, evaluated = data.evaluated
    plain = evaluation.get("without_prior_shift") or {
        name: evaluation[name] for name in ("accuracy", "macro_recall", "macro_f1")
    }
    evaluation |= evaluate_logits(
        fitted.shifted(logits[split]), evaluated, split=split, calibration=fitted
    )
    evaluation |= {"prior_shift_tau": tau, "without_prior_shift": plain}
    served = read_served_logits(run)
    if served is not None:
        evaluation["as_served"] = compare_as_served(
            fitted.shifted(logits[split]), fitted.shifted(served), evaluated
        )
    write_json(run.report / EVALUATION, evaluation)
    write_json(run.report / CALIBRATION, asdict(fitted))
    return fitted


def _earlier(folder: Path) -> Calibration | None:
    """Return how the bundle that a run goes on from is calibrated; None without one."""
    if not (folder / MANIFEST_NAME).is_file():
        return None
    card = load_bundle(folder).manifest
    return Calibration(card.temperature, card.abstention_threshold, card.prior_shift)
