"""The model card: what a model is for, how good it is, what it must not be used for."""

from typing import Any

from services.common.domain.emotions import EMOTIONS
from services.trainer.data.votes.notice import NOTICE_NAME
from services.trainer.evaluation.verdict import beside_parent
from services.trainer.reports.card_training import lessons, network, replanned, started_from
from services.trainer.reports.judges import MAJORITY, beside, card_section, people

_CARD = """\
# Model card: {name} {version}

Classifies one face crop into seven **apparent expressions**: {emotions}. It says what a face
looks like in one picture, not what a person feels or is.

Meant for sorting and searching photos in aggregate, with the people's knowledge. Not for
decisions about people, and not for inferring emotions at work or in education, which the EU AI
Act forbids (Article 5(1)(f)).

## Results

Split: {split}{split_name}. {truth}95 % intervals from 1,000 bootstrap resamples.

| images | n | {accuracy} | macro recall | macro F1 |
|---|---|---|---|---|
{results}

"leaked" images have a near copy among the data set's training images (those copies were left
out of training); "clean" ones have none.{beside}

| expression | precision | recall | F1 | images |
|---|---|---|---|---|
{classes}

{judges}{shift}{as_served}{parent}{calibration}
The least sure {uncertain} are reported as uncertain: {wrong} of those first answers are right,
against {right} of the others.

![confusion matrix](confusion_matrix.png)

## Data

{data_name}, SHA-256 `{sha256}`.
Terms: {licence}.
{data_set}
{train_kept:,} training images were used; {train_dropped:,} were left out: blank ({blank} in all
splits), the same pixels under different labels ({conflicting}), or near copies of evaluation
images ({train_near_evaluation}). Evaluation images were left as they are.
{votes}{fitted_on}

## Training

{network}, {parameters:,} parameters, from {weights}:
{steps:,} of {planned_steps:,} planned steps ({epochs:.1f} epochs of {batch_size} images a step)
in {minutes:.0f} minutes on {host}.{replanned}
{optimiser}, peak rate {lr}, {schedule} schedule, label smoothing {label_smoothing}; averaged
weights (decay {ema_decay}) with BatchNorm re-estimated.{lessons}
The weights are those of the {checkpoint_text}. `bundle.json` holds the whole recipe.

## Limits

- Labels are what others thought a face shows; {people}. An answer is an opinion about a picture.
- Not validated per group: the data has no demographic labels, and models of this kind are known
  to differ between groups (arXiv 2502.11049). Do not compare groups with it.
- Rare expressions rest on few images and are often missed; see the table.
- Small, blurred, covered or turned faces, drawings and make-up give worse answers. Uncertain
  answers are flagged, not removed.
- No decisions about people.
"""

_OPTIMISERS = {"sgd": "SGD with Nesterov momentum", "adam": "Adam", "adamw": "AdamW"}
_FITTED = (
    "Temperature, threshold and prior shift were fitted on this same split, and the recipe was\n"
    "chosen with it in view: expect a little less on images that nobody has looked at."
)
_CHECKPOINT_TEXTS = {
    "last": "last step, chosen by no evaluation split",
    "best": "epoch with the best validation accuracy",
}


def model_card(*, name: str, version: str, report: dict[str, Any]) -> str:
    """Write the card in Markdown.

    Args:
        name: of the model.
        version: of the model.
        report: what ``stages.report_run`` gathers: evaluation, training, data, recipe.
    """
    evaluation, data, recipe = report["evaluation"], report["data"], report["recipe"]
    uncertain, judges = evaluation["uncertain"], evaluation.get("judges")
    on_validation = evaluation["split"] == "validation"
    return _CARD.format(
        name=name,
        version=version,
        emotions=", ".join(EMOTIONS),
        split=evaluation["split"],
        split_name=f" ({data['split_names'][evaluation['split']]})" if data["split_names"] else "",
        results=_results(evaluation),
        classes=_classes(evaluation["per_class"]),
        **_of_judges(judges, name=data["name"]),
        shift=_shift(evaluation),
        as_served=_as_served(evaluation),
        parent=_parent(evaluation),
        calibration=_calibration(evaluation),
        uncertain=_share(uncertain["share"]),
        wrong=_share(uncertain["accuracy_when_uncertain"]),
        right=_share(uncertain["accuracy_when_sure"]),
        data_name=data["name"],
        sha256=data["sha256"],
        licence=data["licence"],
        data_set=_data_set(data.get("data_set")),
        **data["audit"],
        votes=_votes(data),
        fitted_on=(_FITTED if on_validation else ""),
        **report["training"],
        replanned=replanned(report["training"]["sessions"]),
        network=network(recipe),
        weights=started_from(recipe["model"]["weights"], report["training"].get("origin")),
        lessons=lessons(recipe),
        optimiser=_OPTIMISERS[recipe["optim"]["kind"]],
        **{key: recipe["optim"][key] for key in ("lr", "schedule", "ema_decay")},
        label_smoothing=recipe["loss"]["label_smoothing"],
        batch_size=recipe["loop"]["batch_size"],
        checkpoint_text=_CHECKPOINT_TEXTS[evaluation["checkpoint"]],
    )


def _of_judges(judges: dict[str, Any] | None, *, name: str) -> dict[str, str]:
    """What the card says of the truth of its figures, with votes and without."""
    if not judges:
        few = "people agree with them in about two of three\n  cases on data of this kind"
        return {"truth": "", "accuracy": "accuracy", "beside": "", "judges": "", "people": few}
    agreed, own = people(judges), judges["own_labels"]
    return {
        "truth": f"The truth is {MAJORITY}: what most of several people\nsaid of a face. People "
        f"agree among themselves in {agreed} (one judge with the majority of all).\n",
        "accuracy": "agreement",
        "beside": f"\n\n{beside(judges, name=name)} Against {name}'s own labels accuracy is\n"
        f"{_interval(own['accuracy'])} and macro recall {_interval(own['macro_recall'])}, "
        f"n = {own['accuracy']['n']:,}.",
        "judges": card_section(judges),
        "people": f"one judge says what the majority of all says in {agreed} of the cases here",
    }


def _votes(data: dict[str, Any]) -> str:
    """Say what it learned from in place of labels, and which images votes could not label."""
    if not data.get("votes_sha256"):
        return ""
    whose = data.get("votes_of")
    reasons = ", ".join(f"{n:,} {name.replace('_', ' ')}" for name, n in data["left_out"].items())
    return (
        "It learned from shares of votes: what several judges said of each face (SHA-256 of them\n"
        f"`{data['votes_sha256']}`). Left out for them, of all splits: {reasons or 'none'}.\n"
        + (f"Votes: {whose}; their terms are in `{NOTICE_NAME}`.\n" if whose else "")
    )


def _data_set(told: dict[str, Any] | None) -> str:
    """Say which data set of the service it was trained on, and on whose word."""
    if told is None:
        return ""
    consent = told["consent"] or "nothing was said of it"
    return (
        f"Made of reviews: the service's data set `{told['id']}`, of which "
        f"{told['erased']:,} faces had been erased\nbefore. `hfer models show` tells what was "
        f"erased since. Consent of the people in it: {consent}.\n"
    )


def _shift(evaluation: dict[str, Any]) -> str:
    if not evaluation.get("prior_shift_tau"):
        return ""
    plain = evaluation["without_prior_shift"]
    accuracy = "agreement" if "judges" in evaluation else "accuracy"
    return (
        f"A prior shift (tau {evaluation['prior_shift_tau']}) lets rare expressions be answered "
        f"more often; without it\n{accuracy} is {plain['accuracy']['value']:.1%} and macro recall "
        f"{plain['macro_recall']['value']:.1%}.\n\n"
    )


def _as_served(evaluation: dict[str, Any]) -> str:
    found = evaluation.get("as_served")
    if not found:
        return ""
    served, framed = found["as_served"], found["in_own_frame"]
    return (
        "The data set frames faces its own way; serving crops them around detected boxes. Of the "
        f"{found['n']:,} images\nin which our detector finds the face ({found['faces_found']:.1%}"
        f"), cropped as in serving, {served['accuracy']:.1%} are answered right (macro recall\n"
        f"{served['macro_recall']:.1%}), against {framed['accuracy']:.1%} "
        f"({framed['macro_recall']:.1%}) in their own frames.\n\n"
    )


def _parent(evaluation: dict[str, Any]) -> str:
    """Say how it compares with the model that it goes on from."""
    found = evaluation.get("parent")
    return f"{beside_parent(found)}\n\n" if found else ""


def _calibration(evaluation: dict[str, Any]) -> str:
    before, after = evaluation["before_temperature"], evaluation["after_temperature"]
    of_labels = " (against the majority, as if all judges had said it)"
    return (
        f"Calibration{of_labels if 'judges' in evaluation else ''} before the temperature: "
        f"{_confidence(before)}; "
        f"after it{' (two-fold cross-fitted)' if after['cross_fitted'] else ''}: "
        f"{_confidence(after)}."
    )


def _results(evaluation: dict[str, Any]) -> str:
    parts = [("all", evaluation), *evaluation["subsets"].items()]
    return "\n".join(
        f"| {name} | {part['n']:,} | {_interval(part['accuracy'])} | "
        f"{_interval(part['macro_recall'])} | {_interval(part['macro_f1'])} |"
        for name, part in parts
    )


def _classes(classes: dict[str, dict[str, float]]) -> str:
    return "\n".join(
        f"| {name} | {part['precision']:.1%} | {part['recall']:.1%} | {part['f1']:.1%} | "
        f"{part['support']} |"
        for name, part in classes.items()
    )


def _confidence(part: dict[str, float]) -> str:
    return f"ECE-15 {part['ece_15']:.1%}, NLL {part['nll']:.3f}, Brier {part['brier']:.3f}"


def _interval(measure: dict[str, float]) -> str:
    return f"{measure['value']:.1%} ({measure['low']:.1%} to {measure['high']:.1%})"


def _share(value: float | None) -> str:
    return "none" if value is None else f"{value:.1%}"
