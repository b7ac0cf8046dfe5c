"""What thumbnails and crops cost a worker: ``python -m benchmarks.tiles --json``.

Groups of faces in photos of several megapixels are analysed by the starter as a worker does it, in
micro-batches, with and without tiles in turn; the tiles are put into a real S3 server on loopback.
CPU time of this process counts, the threads that put included, not that of the server. The ratios
are the median of the rounds': with tiles over without. Beside others' work they scatter by some
percent; the shares do not: what drawing and putting take of the time of the same analysis.
"""

import argparse
import io
import json
import statistics
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.photos import crowd_photo
from infra.local.console import Console
from infra.local.ports import PortBook
from infra.local.processes import Supervisor
from infra.local.servers import BUCKET, Servers
from infra.local.state import State
from services.common.config import StorageSettings
from services.common.domain.faces import AnalysisOptions, PhotoAnalysis
from services.common.storage import ObjectStorage, build_storage
from services.common.storage_keys import tiles_key
from services.common.telemetry import Metrics
from services.vision.build import build_pipeline
from services.vision.pipeline import Pipeline
from services.vision.stages import listening
from services.worker.photos.tiles import TileWriter

REPOSITORY = Path(__file__).parents[1]
_FACES = (1, 3, 5)


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds of CPU a photo, and what tiles make of them."""

    megapixels: float
    photos: int
    without_ms: float
    drawn_ratio: float
    drawn_and_put_ratio: float
    drawing_share: float
    putting_share: float
    bytes_a_photo: int


def measure(
    plain: Pipeline, with_tiles: Pipeline, writer: TileWriter, *, megapixels: float, rounds: int
) -> Cost:
    """Analyse the same photos in turn; the order changes from round to round."""
    photos = [_photo(megapixels, faces=faces) for faces in _FACES]
    spent: dict[str, list[float]] = {"plain": [], "drawn": [], "put": []}
    drawing: list[float] = []
    putting: list[float] = []
    size = 0
    for number in range(rounds + 1):
        order = ("plain", "drawn", "put") if number % 2 else ("put", "drawn", "plain")
        for kind in order:
            begun = time.process_time()
            with listening() as times:
                found = _analyse(plain if kind == "plain" else with_tiles, photos)
            analysed = time.process_time()
            if kind == "put":
                job = uuid.uuid4()
                tiles = {tiles_key(job, uuid.uuid4()): each.tiles for each in found}
                writer.finish(writer.start(tiles))
                size = sum(map(len, tiles.values())) // len(photos)
                putting.append((time.process_time() - analysed) / (analysed - begun))
            if kind != "plain":
                stages = {name: part.busy_s for name, part in times.stages.items()}
                drawing.append(stages["tiles"] / (sum(stages.values()) - stages["tiles"]))
            if number:  # the first round warms up
                spent[kind].append(1000 * (time.process_time() - begun) / len(photos))
    return Cost(
        megapixels=megapixels,
        photos=len(photos),
        without_ms=round(statistics.median(spent["plain"]), 1),
        drawn_ratio=_ratio(spent["drawn"], spent["plain"]),
        drawn_and_put_ratio=_ratio(spent["put"], spent["plain"]),
        drawing_share=round(statistics.median(drawing), 4),
        putting_share=round(statistics.median(putting), 4),
        bytes_a_photo=size,
    )


def _photo(megapixels: float, *, faces: int) -> bytes:
    file = io.BytesIO()
    crowd_photo(megapixels=megapixels, faces=faces, seed=faces).save(file, "JPEG", quality=88)
    return file.getvalue()


def _analyse(pipeline: Pipeline, photos: Sequence[bytes]) -> list[PhotoAnalysis]:
    answers = pipeline.analyse(photos, AnalysisOptions())
    return [answer for answer in answers if isinstance(answer, PhotoAnalysis)]


def _ratio(with_tiles: Sequence[float], without: Sequence[float]) -> float:
    each = [a / b for a, b in zip(with_tiles, without, strict=True)]
    return round(statistics.median(each), 4)


@contextmanager
def _bucket() -> Iterator[ObjectStorage]:
    with tempfile.TemporaryDirectory(prefix="hfer-tiles-") as scratch, PortBook() as book:
        folder = Path(scratch)
        state = State.new().with_free_ports(book)
        supervisor = Supervisor(logs=folder, console=Console(io.StringIO(), verbose=False))
        servers = Servers(folder, state=state, supervisor=supervisor, durable=False)
        try:
            servers.start(["s3"])
            storage = build_storage(
                StorageSettings.model_validate(
                    {
                        "endpoint": servers.s3.endpoint,
                        "access_key": state.secrets["s3_access"],
                        "secret_key": state.secrets["s3_secret"],
                        "bucket": BUCKET,
                        "secure": False,
                    }
                ),
                hasty=True,
            )
            storage.ensure_bucket()
            yield storage
        finally:
            servers.stop()


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tiles", description=__doc__)
    parser.add_argument("--megapixels", type=float, nargs="+", default=[0.5, 3.0, 6.0, 12.0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    asked = parser.parse_args()
    bundle, mtcnn = REPOSITORY / "models" / "starter", REPOSITORY / "models" / "mtcnn"
    plain, with_tiles = (build_pipeline(bundle, mtcnn, tiles=tiles) for tiles in (False, True))
    with _bucket() as storage:
        writer = TileWriter(storage, metrics=Metrics())
        for size in asked.megapixels:
            cost = measure(plain, with_tiles, writer, megapixels=size, rounds=asked.rounds)
            print(json.dumps(asdict(cost)) if asked.json else cost, flush=True)
        writer.close()


if __name__ == "__main__":
    main()
