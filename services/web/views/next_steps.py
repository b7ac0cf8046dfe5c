"""The way from reviews to a better model and back to the photos: what is done, what comes next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.web.views.datasets import DatasetView
from services.web.views.jobs import JobView
from services.web.views.review_summary import DrawView, ReviewView
from services.web.views.units import count, percent

_BLIND = "Review blind"
# Places in the commands of a data set.
_FINETUNE, _COMPARE, _PUBLISH = 1, 2, 3


@dataclass(frozen=True, slots=True)
class Step:
    """One step; ``links`` are addresses of the page below its root with their words."""

    title: str
    done: bool
    words: str
    links: tuple[tuple[str, str], ...] = ()
    command: str = ""


@dataclass(frozen=True, slots=True)
class Loop:
    """What there is of it.

    Attributes:
        job: whose reviews it begins with.
        reviews: of the job.
        draws: of the job, newest first.
        datasets: made of the job's reviews, newest first.
        models: trained on one of them, newest first, as the API shows each by itself.
        reruns: jobs over the same photos, newest first.
    """

    job: JobView
    reviews: ReviewView
    draws: Sequence[DrawView]
    datasets: Sequence[DatasetView]
    models: Sequence[Mapping[str, Any]]
    reruns: Sequence[JobView]


def next_steps(loop: Loop) -> tuple[Step, ...]:
    """Tell all steps in their order."""
    return (
        _review(loop),
        _data_set(loop),
        *_train(loop),
        _publish(loop),
        _rerun(loop),
        _diff(loop),
    )


def is_rerun(job: Mapping[str, Any], of: JobView) -> bool:
    """Whether a job of the API has all photos of ``of`` once more; a retry has the failed ones."""
    total = (job.get("counts") or {}).get("total")
    return job.get("parent_job_id") == of.id and total == of.counts.get("total")


def _review(loop: Loop) -> Step:
    faces = f"/jobs/{loop.job.id}?of=faces"
    unsure = f"{faces}&sort=uncertain&reviewed=false&review=yes"
    # A draw that one person finished is for the next one: agreement needs two.
    latest = loop.draws[0] if loop.draws else None
    draw = next((draw for draw in loop.draws if draw.left), latest)
    blind = (
        (f"{faces}&draw={draw.id}&review=yes", _BLIND)
        if draw
        else (f"/jobs/{loop.job.id}/reviews#draws", "Draw faces")
    )
    return Step(
        "Review faces",
        loop.reviews.is_enough,
        f"{loop.reviews.line} {loop.reviews.enough}",
        (blind, (unsure, "Review what the model is unsure of")),
    )


def _data_set(loop: Loop) -> Step:
    ready = [dataset for dataset in loop.datasets if dataset.ready]
    latest = loop.datasets[0] if loop.datasets else None
    make = f"/jobs/{loop.job.id}/reviews#make"
    links: tuple[tuple[str, str], ...]
    if latest is None:
        words = "The faces with their votes, divided to learn and to judge by."
        links = ((make, "Make one"),)
    else:
        words = f"{latest.title}: {latest.line}, {latest.word}."
        links = ((f"/datasets/{latest.id}", latest.title), (make, "Make the next version"))
    return Step("Make a data set of the reviews", bool(ready), words, links)


def _train(loop: Loop) -> tuple[Step, Step]:
    model = loop.models[0] if loop.models else None
    trained = Step(
        "Fine-tune the model on it",
        model is not None,
        "Minutes on a laptop, here or on a GPU node, with the archive that you downloaded."
        if model is None
        else f"{model['name']} {model['version']} was trained on {model['data_set']['name']},"
        f" version {model['data_set']['version']}.",
        command="" if model else _command(loop, _FINETUNE),
    )
    compared = comparison(model) if model else ""
    return trained, Step(
        "Compare on the held-out faces",
        bool(compared),
        compared or "Fine-tuning says whether the new one is better; other faces say it better.",
        command=_command(loop, _COMPARE),
    )


def comparison(model: Mapping[str, Any]) -> str:
    """Say what a model came to beside the one that it goes on from; empty if that is not told."""
    parent = ((model.get("manifest") or {}).get("metrics") or {}).get("parent") or {}
    row = (parent.get("measures") or {}).get("accuracy")
    if not isinstance(row, dict):
        return ""
    points = [f"{row[name] * 100:+.1f}" for name in ("difference", "low", "high")]
    return (
        f"{percent(row['b'], digits=1)} right, before {percent(row['a'], digits=1)}, of the same"
        f" {count(int(parent.get('n') or 0), 'held-out face')}: {points[0]} points"
        f" (95 % interval {points[1]} to {points[2]})."
    )


def _publish(loop: Loop) -> Step:
    if not loop.models:
        return Step(
            "Publish and activate it",
            False,
            "On trial first if you like: a canary answers a share of the photos.",
            (("/models", "Models"),),
            _command(loop, _PUBLISH),
        )
    active = next((model for model in loop.models if model.get("active")), None)
    model = active or loop.models[0]
    name = f"{model['name']} {model['version']}"
    words = f"{name} answers." if active else f"{name} is published and not active yet."
    return Step(
        "Publish and activate it",
        active is not None,
        words,
        ((f"/models/{model['id']}", "Look at it" if active else "Look at it and activate it"),),
    )


def _rerun(loop: Loop) -> Step:
    again = (f"/jobs/{loop.job.id}/rerun", "Run again")
    if loop.reruns:
        latest = loop.reruns[0]
        words = f"{latest.word}, {latest.created}."
        return Step(
            "Run this job again with it",
            latest.final,
            words,
            ((f"/jobs/{latest.id}", "The new job"), *(() if loop.job.photos_erased else (again,))),
        )
    if loop.job.photos_erased:
        return Step(
            "Run this job again with it",
            False,
            "The photos of this job are erased: submit them again to see what the model says now.",
            (("/", "Submit photos"),),
        )
    until = f" They go {loop.job.photos_expire}." if loop.job.photos_expire else ""
    return Step(
        "Run this job again with it",
        False,
        f"A new job of the same photos, while they are kept.{until}",
        (again,),
    )


def _diff(loop: Loop) -> Step:
    final = [job for job in loop.reruns if job.final]
    links = ((f"/jobs/{loop.job.id}/diff/{final[0].id}", "What changed"),) if final else ()
    words = "Which faces are answered differently, side by side."
    return Step("See what changed", bool(final), words, links)


def _command(loop: Loop, place: int) -> str:
    """Return a line of the latest data set that is ready; nothing where there is none."""
    ready = next((dataset for dataset in loop.datasets if dataset.ready), None)
    return ready.commands[place][1] if ready else ""
