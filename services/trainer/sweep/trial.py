"""One run to the end of a rung, and its evaluation. This is what a trial's own process does."""

import time
from collections.abc import Callable

from services.trainer.config import TrainConfig
from services.trainer.data.dataset import PreparedData, load_prepared
from services.trainer.data.layouts import Split
from services.trainer.errors import RunError, TrainingDivergedError
from services.trainer.evaluation.calibrate import cross_fitted
from services.trainer.evaluation.evaluate import confidence, evaluate_logits, losses_on
from services.trainer.sweep.outcome import Measures, Outcome, Status, Stopped, measures_of
from services.trainer.sweep.plan import Trial
from services.trainer.training.checkpoint import Checkpoint
from services.trainer.training.loop import Loop, Stop
from services.trainer.training.ports import Reporter
from services.trainer.training.run import Run
from services.trainer.training.runtime import start_tensorflow


def train_and_evaluate(
    trial: Trial, *, max_seconds: float, reporter: Reporter, interrupted: Callable[[], bool]
) -> Outcome | Stopped:
    """Continue the trial's run to the rung's end and evaluate it there on validation.

    Args:
        trial: which run, and how far.
        max_seconds: from now, the import of TensorFlow included. A rung that ends in time is
            evaluated even if that takes longer.
        reporter: of the training's progress.
        interrupted: asked after each step.

    Raises:
        HferError: if the run is refused; a loss that is no number is an outcome.
    """
    deadline = time.monotonic() + max_seconds
    config = config_of(trial)
    start_tensorflow(config.loop)
    from services.trainer.training.state import TrainingState
    from services.trainer.training.tensorboard import TensorBoard

    run = Run(trial.folder)
    data = load_prepared(run.data)
    base = {"candidate": trial.candidate.key, "seed": trial.seed, "rung": trial.rung}
    try:
        stop = Loop(
            config,
            data=data,
            run=run,
            build_state=TrainingState,
            reporter=reporter,
            scalars=TensorBoard(run.folder / "tensorboard"),
            max_seconds=deadline - time.monotonic(),
            interrupted=interrupted,
            until=trial.epochs,
        ).train()
    except TrainingDivergedError as error:
        return Outcome(**base, status=Status.DIVERGED, detail=error.detail)
    if stop is not Stop.FINISHED:
        return Stopped(reason=str(stop))
    checkpoint = run.checkpoints.load_last()
    if checkpoint is None:
        raise RunError(f"{run.folder} has no checkpoint any more; choose another --run.")
    per_epoch = len(data.train) // config.loop.batch_size
    return Outcome(
        **base,
        status=Status.DONE,
        epochs=round(checkpoint.position.step / per_epoch, 2),
        minutes=round(checkpoint.position.seconds / 60, 3),
        measures=_evaluate(checkpoint, config=config, run=run, data=data),
    )


def config_of(trial: Trial) -> TrainConfig:
    """Return the candidate's recipe with the trial's own seed."""
    config = trial.candidate.config
    loop = config.loop.model_copy(update={"seed": trial.seed})
    return config.model_copy(update={"loop": loop})


def _evaluate(
    checkpoint: Checkpoint, *, config: TrainConfig, run: Run, data: PreparedData
) -> Measures:
    """Evaluate the averaged weights in float32, as ``evaluate`` does, but never on test."""
    from services.trainer.networks.saved_network import inference
    from services.trainer.training.averaged import build_averaged

    model, _ = build_averaged(
        checkpoint,
        config=config,
        normalisation=run.normalisation(),
        train=data.train,
        losses=losses_on(data.validation),
    )
    logits = inference(model)(data.validation.images)
    evaluated = evaluate_logits(logits, data.validation, split=Split.VALIDATION)
    decided = data.validation.decided
    logits, labels = logits[decided], data.validation.labels[decided]
    calibrated = confidence(cross_fitted(logits, labels), labels)
    return measures_of(evaluated, nll_calibrated=calibrated["nll"])
