"""From seconds a face to ratios."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

KERAS, TENSORFLOW = ("keras predict", 1), ("tensorflow", 32)


@dataclass(slots=True)
class Measured:
    """Seconds a face of each round, in the layout that was the fastest in that round."""

    seconds: list[float] = field(default_factory=list)


def figures(
    found: Mapping[tuple[str, int], Measured],
    *,
    answers: Mapping[str, Sequence[Any]],
    memory: Mapping[str, float],
) -> dict[str, Any]:
    """Return a row per engine and batch, and each precision's agreement with fp32.

    Args:
        found: by engine and batch; the two yardsticks among them.
        answers: by precision, probabilities ``[N, 7]`` in parts.
        memory: by engine, MB of one process.
    """
    engines: list[dict[str, Any]] = [
        {
            "engine": name,
            "batch": batch,
            "ms_per_face": round(1000 * statistics.median(measured.seconds), 3),
            "over_keras_predict": _ratio(found[KERAS], measured),
            "over_tensorflow": _ratio(found[TENSORFLOW], measured),
            "rss_mb": memory[name],
        }
        for (name, batch), measured in found.items()
    ]
    exact = np.concatenate(answers["fp32"])
    return {
        "engines": engines,
        "ratios": {
            precision: {
                which: max(row[which] for row in engines if row["engine"] == precision)
                for which in ("over_keras_predict", "over_tensorflow")
            }
            for precision in answers
        },
        "agreement": {
            precision: _agreement(np.concatenate(parts), exact)
            for precision, parts in answers.items()
        },
    }


def _ratio(theirs: Measured, ours: Measured) -> float:
    pairs = zip(theirs.seconds, ours.seconds, strict=True)
    return round(statistics.median(their / our for their, our in pairs), 3)


def _agreement(found: Any, exact: Any) -> dict[str, float]:
    return {
        "top1": round(float((found.argmax(axis=1) == exact.argmax(axis=1)).mean()), 4),
        "max_dp": round(float(np.abs(found - exact).max()), 4),
    }
