"""Check this node's GPU: ``scripts/gpu_check.sh``, which calls ``python -m benchmarks.gpu_check``.

Exits 1 if a part failed, a figure is out of its bounds, or nothing could be measured.
"""

import argparse
import sys
import time

from rich.console import Console

from benchmarks.gpu_check.memory import gpus
from benchmarks.gpu_check.outcome import Outcome, as_table, exit_code
from benchmarks.gpu_check.run import PARTS, limit_of, run_part


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="scripts/gpu_check.sh", description=__doc__)
    parser.add_argument("--rehearse", action="store_true", help="leave a GPU that is here alone")
    parser.add_argument(
        "--part", action="append", choices=[part.name for part in PARTS], help="only this one"
    )
    parser.add_argument("--trainer-python", default=sys.executable, help="has TensorFlow")
    asked = parser.parse_args()
    found = gpus()
    rehearsal = asked.rehearse or not found
    asked_for = [part for part in PARTS if not asked.part or part.name in asked.part]
    outcomes: list[Outcome] = []
    started = time.monotonic()
    for number, part in enumerate(asked_for):
        elapsed = time.monotonic() - started
        limit = limit_of(asked_for[number:], elapsed_s=elapsed)
        print(f"{elapsed:4.0f} s: {part.name}, at most {limit:.0f} s", file=sys.stderr, flush=True)
        python = asked.trainer_python if part.name == "training" else sys.executable
        outcomes.append(run_part(part, python=python, rehearsal=rehearsal, limit_s=limit))
    Console(width=120).print(as_table(outcomes, gpus=found, rehearsal=rehearsal))
    return exit_code(outcomes)


if __name__ == "__main__":
    sys.exit(main())
