"""One part in a process of its own: ``python -m benchmarks.gpu_check.part NAME OUT``.

What came of it goes into the file OUT as JSON: a list of figures, or why it is left out.
"""

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from benchmarks.gpu_check.outcome import Figure, LeftOutError
from benchmarks.gpu_check.parity import classifier, facenet, retinaface
from benchmarks.gpu_check.sizes import Sizes, sizes
from benchmarks.gpu_check.speed import serving
from benchmarks.gpu_check.training import training

MEASURES: Mapping[str, Callable[[Sizes], list[Figure]]] = {
    "detector retinaface": retinaface,
    "detector facenet": facenet,
    "classifier": classifier,
    "serving": serving,
    "training": training,
}


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu_check.part")
    parser.add_argument("name", choices=MEASURES)
    parser.add_argument("out", type=Path)
    parser.add_argument("--rehearse", action="store_true")
    asked = parser.parse_args()
    try:
        figures = MEASURES[asked.name](sizes(rehearsal=asked.rehearse))
        answer: dict[str, object] = {"figures": [asdict(each) for each in figures]}
    except LeftOutError as error:
        answer = {"left_out": str(error)}
    asked.out.write_text(json.dumps(answer))


if __name__ == "__main__":
    main()
