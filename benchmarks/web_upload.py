"""Memory of the page while a browser sends photos through it.

    python -m benchmarks.web_upload [--photos 200] [--megabytes 5] [--without-scripts]

A real Chromium chooses the photos and sends them to the page, in front of the whole local
stack. Printed: RSS of the page before and at its peak, and how long it took. The photos are a
sample with bytes behind the picture, which JPEG readers ignore: the page sees their full size,
the worker is done with them quickly. Without scripts the browser sends one plain form, which the
page passes on as one request of up to 1 GB.
"""

import argparse
import io
import tempfile
import threading
import time
from pathlib import Path

import psutil
from playwright.sync_api import Page, sync_playwright

from benchmarks.photos import SAMPLES
from infra.local.console import Console
from infra.local.stack import local_stack
from scripts.chromium import find_chromium

FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
UPLOAD_MS = 200_000
EVERY_S = 0.05


def main() -> None:
    """Measure once and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--megabytes", type=float, default=5.0)
    parser.add_argument("--without-scripts", action="store_true")
    options = parser.parse_args()
    browser = find_chromium()
    if browser is None:
        raise SystemExit("error: no Chromium is installed (Debian: apt-get install chromium)")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photos = write_photos(folder, count=options.photos, size=round(options.megabytes * 1e6))
        with local_stack(folder / "stack", console=Console(io.StringIO(), verbose=False)) as stack:
            stack.start_servers()
            stack.start_apps()
            stack.start_web()
            process = psutil.Process(stack.supervisor.children["web"].pid)
            with sync_playwright() as playwright:
                chromium = playwright.chromium.launch(executable_path=browser, args=list(FLAGS))
                page = chromium.new_page(java_script_enabled=not options.without_scripts)
                page.goto(stack.web_url)
                measure(page, photos, process)
                chromium.close()


def measure(page: Page, photos: list[Path], process: psutil.Process) -> None:
    """Send the photos, watching the process, and print what was seen."""
    page.set_input_files("#files", [str(photo) for photo in photos])
    before = process.memory_info().rss
    watch = Watch(process)
    started = time.monotonic()
    page.click("#send")
    page.wait_for_url("**/jobs/job_*", timeout=UPLOAD_MS)
    seconds = time.monotonic() - started
    peak = watch.stop()
    total = sum(photo.stat().st_size for photo in photos) / 1e6
    print(f"{len(photos)} photos, {total:,.0f} MB sent in {seconds:.1f} s")
    print(f"RSS of the page: {before / 1e6:.1f} MB before, {peak / 1e6:.1f} MB at its peak")
    print(f"grown by {(peak - before) / 1e6:.1f} MB, {(peak - before) / total / 1e4:.2f} % of it")


class Watch:
    """Looks at a process' RSS in a thread until stopped."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self._peak = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """Return the largest RSS seen, in bytes."""
        self._done.set()
        self._thread.join()
        return self._peak

    def _look(self) -> None:
        while not self._done.wait(EVERY_S):
            self._peak = max(self._peak, self._process.memory_info().rss)


def write_photos(folder: Path, *, count: int, size: int) -> list[Path]:
    """Write ``count`` different JPEGs of exactly ``size`` bytes."""
    picture = (SAMPLES / "hopper.jpg").read_bytes()
    paths = [folder / f"photo-{number:04d}.jpg" for number in range(count)]
    for number, path in enumerate(paths):
        padding = number.to_bytes(4, "big") * ((size - len(picture)) // 4 + 1)
        path.write_bytes((picture + padding)[:size])
    return paths


if __name__ == "__main__":
    main()
