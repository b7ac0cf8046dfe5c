"""Copies of one photo over two worker children get one answer.

    python -m tests.model.vision.copies --count 640

Each child builds the analyser as a worker does and analyses its half of the copies in batches of
uneven size, among other photos. The children's stopwatches disagree, as those of a busy host do:
for one of them every engine takes the same time, for the other each is faster than the one
before. Prints the distinct answers and their largest difference; the exit code is 1 above 1e-6.
"""

import argparse
import itertools
import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

MODULE = "tests.model.vision.copies"
REPOSITORY = Path(__file__).parents[3]
SAMPLES = REPOSITORY / "samples"
COPIED, OTHERS = "collage.jpg", ("collins.jpg", "hopper.jpg", "turned.jpg")
STOPWATCHES = ("even", "quickening")
MOST = 1e-6
LARGEST_BATCH = 32
CHILD_S = 3_600

Answer = dict[str, Any]


def answers_of_children(count: int) -> list[Answer]:
    """Return the distinct answers of two children to ``count`` copies, with their ``copies``."""
    children = [
        subprocess.Popen(
            [sys.executable, "-m", MODULE, "--count", str(half), "--child", stopwatch],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            text=True,
        )
        for stopwatch, half in zip(STOPWATCHES, (count // 2, count - count // 2), strict=True)
    ]
    outputs = [child.communicate(timeout=CHILD_S)[0] for child in children]
    if any(child.returncode for child in children):
        raise RuntimeError("a child ended with an error")
    return [answer for output in outputs for answer in json.loads(output)]


def largest_difference(answers: Sequence[Answer]) -> float:
    """Return by how much two answers differ at most, in any number of any face.

    Raises:
        ValueError: they do not show the same number of faces.
    """
    rows = [list(itertools.chain.from_iterable(answer["faces"])) for answer in answers]
    return max((abs(a - b) for row in rows for a, b in zip(rows[0], row, strict=True)), default=0.0)


def child(count: int, *, stopwatch: str) -> list[Answer]:
    """Analyse ``count`` copies among other photos; the distinct answers."""
    time.perf_counter = _stopwatch(stopwatch).__next__
    # Only now: what it measures by is bound when it is imported.
    from services.common.config import Settings
    from services.common.domain.faces import AnalysisOptions, PhotoAnalysis
    from services.worker.models.analyser import from_settings

    base = Settings.model_construct()  # no database, no bucket
    settings = base.model_copy(update={"worker": _worker_settings()})
    analyser = from_settings(settings)
    copied, others = (SAMPLES / COPIED).read_bytes(), [(SAMPLES / n).read_bytes() for n in OTHERS]
    rng, found = random.Random(stopwatch), Counter[str]()
    while (left := count - found.total()) > 0:
        copies = min(left, rng.randint(1, LARGEST_BATCH))
        batch = [copied] * copies + rng.choices(others, k=copies // 4)
        rng.shuffle(batch)
        results = analyser.analyse(batch, AnalysisOptions())
        for photo, result in zip(batch, results, strict=True):
            if photo is copied:
                assert isinstance(result, PhotoAnalysis)
                found[json.dumps([result.precision, result.detector, _numbers(result)])] += 1
    return [
        {"precision": precision, "detector": detector, "faces": faces, "copies": copies}
        for answer, copies in found.items()
        for precision, detector, faces in [json.loads(answer)]
    ]


def _worker_settings() -> Any:
    from services.common.config import WorkerSettings

    return WorkerSettings(
        device="cpu",
        bundle_dir=REPOSITORY / "models" / "starter",
        mtcnn_dir=REPOSITORY / "models" / "mtcnn",
    )


def _numbers(result: Any) -> list[list[float]]:
    return [[*face.box.corners, face.confidence, *face.probabilities] for face in result.faces]


def _stopwatch(kind: str) -> Iterable[float]:
    steps = itertools.repeat(1.0) if kind == "even" else (0.9**n for n in itertools.count())
    return itertools.accumulate(steps)


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=640)
    parser.add_argument("--child", choices=STOPWATCHES, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        say(json.dumps(child(asked.count, stopwatch=asked.child)))
        return 0
    answers = answers_of_children(asked.count)
    for answer in answers:
        p = max(answer["faces"][0][-7:])
        say(f"{answer['copies']} copies: {answer['precision']}, {answer['detector']}, p {p:.6f}")
    worst = largest_difference(answers)
    if worst > MOST:
        say(f"FAILED: answers differ by {worst:.2g}, at most {MOST:g} is allowed")
        return 1
    say(f"{asked.count} copies of one photo over two children: one answer (within {worst:.2g})")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
