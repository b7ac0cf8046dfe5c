"""``python -m scripts.compose_check [--photos 300] [--images PREFIX TAG]``."""

import argparse
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from scripts.compose_check.check import Check
from scripts.compose_check.rows import CheckError, held, run_rows, table


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the rows, print the tables, clean up; 0 only if every row holds."""
    parser = argparse.ArgumentParser(prog="compose_check.sh")
    parser.add_argument("--photos", type=int, default=300, help="of the job with the kills")
    parser.add_argument(
        "--images", nargs=2, metavar=("PREFIX", "TAG"), help="build none: HFER_IMAGES and HFER_TAG"
    )
    told = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    with tempfile.TemporaryDirectory(prefix="hfer-check-", ignore_cleanup_errors=True) as folder:
        return run(Check(Path(folder), photos=told.photos, images=told.images))


def run(check: Check) -> int:
    """Run a check to its end and remove what it has made, however it ends."""
    try:
        rows = run_rows(check.steps())
        print(f"\n{table(rows)}\n", flush=True)
        print(check.measurements() if held(rows) else check.diagnosis(), flush=True)
    finally:
        check.clean_up()
    return int(not held(rows))


def _interrupt(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CheckError as error:
        sys.exit(f"error: {error}")
