"""``evaluate``: the averaged network of a checkpoint, and what it answers."""

from typing import Any, Literal

from services.trainer.data.layouts import Split
from services.trainer.errors import RunError
from services.trainer.evaluation.evaluate import evaluate_logits, losses_on
from services.trainer.files import NETWORK
from services.trainer.training.run import Run
from services.trainer.training.stage_outputs import (
    CALIBRATION,
    EVALUATION,
    LOGITS,
    SERVED_LOGITS,
    write_json,
    write_logits,
    write_served_logits,
)

Which = Literal["last", "best"]


def evaluate_run(run: Run, *, which: Which = "last") -> dict[str, Any]:
    """Evaluate the averaged weights of a checkpoint.

    "last" chooses nothing by looking at an evaluation split; "best" chose the epoch on
    validation, which flatters that split.

    Raises:
        RunError: if the run has no checkpoint or no prepared data, or one is damaged.
    """
    store, config = run.checkpoints, run.config()
    checkpoint = store.load_best() if which == "best" else store.load_last()
    if checkpoint is None:
        raise RunError(f"{run.folder} has no checkpoint; train first.")
    data = run.prepared()
    from services.trainer.networks.saved_network import inference, save_keras  # TensorFlow:
    from services.trainer.training.averaged import build_averaged  # after the checks

    try:
        model, blend = build_averaged(
            checkpoint,
            config=config,
            normalisation=run.normalisation(),
            train=data.train,
            losses=losses_on(data.validation),
        )
    except (KeyError, ValueError) as error:  # a variable that is not there, or of another shape
        raise RunError(
            f"The checkpoint in {run.folder} is of another version of the trainer; go on with "
            "that one."
        ) from error
    logits_of = inference(model)
    run.report.mkdir(exist_ok=True)
    # Of another network, if a kill comes now.
    for stale in (EVALUATION, CALIBRATION, LOGITS, SERVED_LOGITS):
        (run.report / stale).unlink(missing_ok=True)
    save_keras(model, run.folder / NETWORK)
    split, evaluated = data.evaluated
    found = {Split.VALIDATION: logits_of(data.validation.images)}
    if split is Split.TEST:
        found[split] = logits_of(evaluated.images)
    write_logits(run, found)
    if evaluated.served is not None:
        write_served_logits(run, logits_of(evaluated.served))
    evaluation = {
        "checkpoint": which,
        "steps": checkpoint.position.step,
        "seconds": checkpoint.position.seconds,
        "parameters": int(model.count_params()),
        "blend": blend,
        **evaluate_logits(found[split], evaluated, split=split),
    }
    write_json(run.report / EVALUATION, evaluation)
    return evaluation
