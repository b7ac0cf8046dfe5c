"""Is one model better than another, or was it luck? Both answer the same images.

One standard deviation of an accuracy on 3,589 images is 0.8 points, but two models err on many
of the same images: resampling images with both answers attached sees smaller differences than
two separate intervals do (Efron and Tibshirani, An Introduction to the Bootstrap, 1993).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.trainer.data.votes import Votes, majority, shares
from services.trainer.evaluation.bundle import BundleEvaluation
from services.trainer.evaluation.metrics import Scores, cross_entropy, resampled, scores

Labels = NDArray[np.int64]
Floats = NDArray[np.float64]

_MEASURES = ("accuracy", "macro_recall", "macro_f1")


def compare(first: BundleEvaluation, second: BundleEvaluation) -> dict[str, Any]:
    """Compare two bundles that were evaluated on the same images.

    Where these have votes, ``judges`` has the differences against them.

    Raises:
        ValueError: if the images are not the same.
    """
    if list(first.images.hashes) != list(second.images.hashes):
        raise ValueError("the two bundles were not evaluated on the same images")
    return {
        "a": first.bundle.version,
        "b": second.bundle.version,
        "data": first.images.facts(),
        "notes": [
            f"{name}: {note}"
            for name, one in (("a", first), ("b", second))
            for note in one.overlap.notes()
        ],
        **paired_bootstrap(
            first.answers.labels,
            a=first.answers.logits.argmax(axis=1),
            b=second.answers.logits.argmax(axis=1),
        ),
        **_judged(first, second),
    }


def _judged(first: BundleEvaluation, second: BundleEvaluation) -> dict[str, Any]:
    votes = first.images.votes
    if votes is None:
        return {}
    return {"judges": paired_against_votes(votes, a=first.answers.after, b=second.answers.after)}


def paired_against_votes(votes: Votes, *, a: Floats, b: Floats) -> dict[str, Any]:
    """Return both models' figures against the judges and the differences, as of labels.

    Agreement and macro recall are of the faces that have a majority, which ``n`` counts; the
    divergence from the shares of votes (``kl``, nats; less is better) is of all.

    Args:
        votes: ``[N, 10]`` of usable faces, one at least with a majority.
        a: probabilities of the first model as served, ``[N, 7]``.
        b: those of the second.
    """
    labels, decided = majority(votes)
    answers = paired_bootstrap(
        labels[decided], a=a.argmax(axis=1)[decided], b=b.argmax(axis=1)[decided]
    )
    targets = shares(votes)
    of_a, of_b, floor = (cross_entropy(each, targets) for each in (a, b, targets))
    kl = _difference(
        float((of_a - floor).mean()),
        float((of_b - floor).mean()),
        drawn=resampled(lambda chosen: float((of_b - of_a)[chosen].mean()), len(votes)),
    )
    decisive, rows = answers["n"], answers.pop("measures")
    return {
        **answers,
        "measures": {
            "agreement": {**rows["accuracy"], "n": decisive},
            "macro_recall": {**rows["macro_recall"], "n": decisive},
            "kl": {**kl, "n": len(votes)},
        },
    }


def paired_bootstrap(
    labels: Labels,
    *,
    a: Labels,
    b: Labels,
    classes: int = 7,
    resamples: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> dict[str, Any]:
    """Return both models' measures and the differences ``b - a`` with percentile intervals.

    ``differs`` says that the interval leaves out 0. Resampling n images is one multinomial draw
    over the cells (truth, answer of a, answer of b), so no image is touched.

    Args:
        labels: int64 ``[N]``, N above 0.
        a: answers of the first model, ``[N]``.
        b: answers of the second.
        classes: how many there are.
        resamples: how many draws.
        seed: of the draws.
        level: of the intervals, 0..1.
    """
    cells = np.bincount((labels * classes + a) * classes + b, minlength=classes**3)
    total = int(cells.sum())
    draws = np.random.default_rng(seed).multinomial(total, cells / total, size=resamples)
    of_a, of_b = _both(cells.reshape(1, classes, classes, classes))
    drawn_a, drawn_b = _both(draws.reshape(resamples, classes, classes, classes))
    right_a, right_b = a == labels, b == labels
    return {
        "n": total,
        "only_a_right": int((right_a & ~right_b).sum()),
        "only_b_right": int((right_b & ~right_a).sum()),
        "same_answer": round(float((a == b).mean()), 4),
        "measures": {
            name: _difference(
                float(getattr(of_a, name)[0]),
                float(getattr(of_b, name)[0]),
                drawn=getattr(drawn_b, name) - getattr(drawn_a, name),
                level=level,
            )
            for name in _MEASURES
        },
    }


def _both(joint: NDArray[np.int64]) -> tuple[Scores, Scores]:
    """Measures of both models from counts ``[..., truth, a, b]``."""
    return scores(joint.sum(axis=-1)), scores(joint.sum(axis=-2))


def _difference(
    a: float, b: float, *, drawn: NDArray[np.float64], level: float = 0.95
) -> dict[str, float | bool]:
    low, high = (float(end) for end in np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2]))
    return {
        "a": round(a, 4),
        "b": round(b, 4),
        "difference": round(b - a, 4),
        "low": round(low, 4),
        "high": round(high, 4),
        "differs": low > 0 or high < 0,
    }
