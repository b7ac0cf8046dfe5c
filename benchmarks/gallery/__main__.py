"""The grid of a large job in a real Chromium: ``python -m benchmarks.gallery --json``.

The local stack gets two finished jobs by SQL, of PHOTOS photos and of 40, with a thumbnail and
crops for each photo in the bucket, no two of the same bytes. Then Chromium opens either in turn,
each time behind an API that was just started again, and the report has the ratio of the times
until all tiles of the first screen are drawn. Last the wheel turns for some seconds over photos
and over faces with the CPU four times as slow, and the scroll bar jumps through the whole job:
frames with blank places, the longest task, and the heap before and after.
"""

import argparse
import json
import statistics
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright
from rich.progress import track

from benchmarks.gallery.browsing import first_screen_ms, scroll
from benchmarks.gallery.filling import write_jobs
from infra.local.console import Console
from infra.local.stack import local_stack
from scripts.chromium import find_chromium

SMALL = 40
_VIEWS = {"photos": "", "faces": "?of=faces"}


def measure(folder: Path, *, photos: int, rounds: int, seconds: int) -> dict[str, Any]:
    """Fill a stack and look at it."""
    overrides = {"HFER_TELEMETRY__LEVEL": "WARNING"}
    console = Console(verbose=False)
    with (
        local_stack(folder, console=console, overrides=overrides) as stack,
        sync_playwright() as playwright,
    ):
        stack.start_servers()
        stack.start_apps()
        stack.start_web()
        large, small = write_jobs(stack, photos, SMALL)
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        took: dict[str, dict[str, list[float]]] = {view: {large: [], small: []} for view in _VIEWS}
        for _ in track(range(rounds), description="first screens"):
            for view, query in _VIEWS.items():
                for job in (small, large):
                    stack.supervisor.restart("api")
                    address = f"{stack.web_url}/jobs/{job}{query}"
                    took[view][job].append(first_screen_ms(browser, address))
        report: dict[str, Any] = {"photos": photos, "rounds": rounds}
        for view, query in _VIEWS.items():
            pairs = zip(took[view][large], took[view][small], strict=True)
            report[view] = {
                "first_screen_ms": round(statistics.median(took[view][large])),
                f"first_screen_of_{SMALL}_ms": round(statistics.median(took[view][small])),
                "ratio": round(statistics.median(one / other for one, other in pairs), 2),
                **asdict(scroll(browser, f"{stack.web_url}/jobs/{large}{query}", seconds=seconds)),
            }
        browser.close()
    return report


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gallery", description=__doc__)
    parser.add_argument("--photos", type=int, default=20_000, help="photos of the large job")
    parser.add_argument("--rounds", type=int, default=5, help="openings of each job")
    parser.add_argument("--seconds", type=int, default=20, help="for how long the wheel turns")
    parser.add_argument("--json", action="store_true", help="print the report on one line")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hfer-gallery-") as name:
        report = measure(
            Path(name), photos=options.photos, rounds=options.rounds, seconds=options.seconds
        )
    print(json.dumps(report, indent=None if options.json else 2))


if __name__ == "__main__":
    main()
