"""Photos per second over photo size and faces per photo: ``python -m benchmarks.grid --plot FILE``.

One process of one thread, as a worker has one per core; photos of groups at every size and
number of faces. The plot is what docs/performance.md shows.
"""

import argparse
import io
import json
import statistics
import time
from pathlib import Path

from rich.progress import track

from benchmarks.photos import crowd_photo
from services.common.domain.faces import AnalysisOptions
from services.vision.build import build_pipeline
from services.vision.pipeline import Pipeline

REPOSITORY = Path(__file__).resolve().parents[1]
MEGAPIXELS = (0.75, 1.5, 3.0, 6.0)
FACES = (1, 3, 6, 9)
_PHOTOS = 2  # of each kind

Grid = dict[int, list[float]]


def measure(pipeline: Pipeline, *, rounds: int) -> Grid:
    """Photos per second by number of faces, at each of ``MEGAPIXELS``; medians over rounds."""
    photos = {
        (faces, size): [_jpeg(size, faces, seed) for seed in range(_PHOTOS)]
        for faces in FACES
        for size in MEGAPIXELS
    }
    rates: dict[tuple[int, float], list[float]] = {kind: [] for kind in photos}
    for _ in track(range(rounds), description="rounds", transient=True):
        for kind, encoded in photos.items():
            started = time.perf_counter()
            pipeline.analyse(encoded, AnalysisOptions())
            rates[kind].append(len(encoded) / (time.perf_counter() - started))
    return {
        faces: [round(statistics.median(rates[faces, size]), 2) for size in MEGAPIXELS]
        for faces in FACES
    }


def _jpeg(megapixels: float, faces: int, seed: int) -> bytes:
    file = io.BytesIO()
    crowd_photo(megapixels=megapixels, faces=faces, seed=seed).save(file, "JPEG", quality=88)
    return file.getvalue()


def plot(grids: dict[str, Grid], path: Path) -> None:
    """Draw a panel per model: a line per number of faces."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.6 * len(grids), 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, len(grids), squeeze=False)[0]
    for panel, (name, grid) in zip(axes, grids.items(), strict=True):
        for faces, rates in grid.items():
            panel.plot(MEGAPIXELS, rates, marker="o", label=f"{faces} face{'s' * (faces > 1)}")
        panel.set(title=name, xlabel="photo size (megapixels)", ylabel="photos per second and core")
        panel.set_xscale("log", base=2)
        panel.set_xticks(MEGAPIXELS, [f"{size:g}" for size in MEGAPIXELS])
        panel.set_ylim(bottom=0)
        panel.grid(alpha=0.3)
        panel.legend(frameon=False)
    figure.savefig(path, dpi=120)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.grid", description=__doc__)
    starter = REPOSITORY / "models" / "starter"
    parser.add_argument("--bundle", type=Path, action="append", help="give several for panels")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--plot", type=Path, help="write a PNG here")
    asked = parser.parse_args()
    grids: dict[str, Grid] = {}
    for bundle in asked.bundle or [starter]:
        pipeline = build_pipeline(bundle, REPOSITORY / "models" / "mtcnn", threads=1)
        grids[pipeline.model_version.partition("+")[0]] = measure(pipeline, rounds=asked.rounds)
    if asked.plot:
        plot(grids, asked.plot)
    print(json.dumps({"megapixels": MEGAPIXELS, "photos_per_second": grids}))


if __name__ == "__main__":
    main()
