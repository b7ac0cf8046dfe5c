"""Photos with what is right for each: ``python -m benchmarks.photo_cases --dir DIR``.

``DIR`` holds photos and a ``RIGHT.md`` (see ``right``). Each goes through the pipeline that a
worker with default settings builds, or one with ``--detector NAME``, with a job's default options.
Ends with 1 unless all are right. Only camera raws and float pictures may be refused, by an error
that names them.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.photo_cases.right import read_right
from benchmarks.photo_cases.verdict import described, faults
from hfer._photos import find_photos
from hfer.errors import NoPhotosError
from services.common.config import Settings
from services.common.domain.errors import ItemError, TransientError
from services.common.domain.faces import AnalysisOptions, PhotoAnalysis
from services.vision.engines import DetectorKind
from services.worker.models.analyser import PhotoAnalyser, load_analyser

REPOSITORY = Path(__file__).resolve().parents[2]


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.photo_cases", description=__doc__)
    parser.add_argument("--dir", type=Path, required=True, help="photos and RIGHT.md")
    parser.add_argument("--detector", type=DetectorKind, default=DetectorKind.AUTO)
    asked = parser.parse_args()
    rows = read_right(asked.dir)
    analyser = default_analyser(asked.detector)
    table = Table("file", "right", "got", "ok", title=str(asked.dir), show_lines=True)
    good = 0
    for row in rows:
        path = asked.dir / row.file
        try:
            answer = analyse(analyser, path)
        except (FileNotFoundError, TransientError) as error:
            table.add_row(row.file, row.text, str(error), "no answer")
            continue
        wrong = faults(row, answer, collected=is_collected(path))
        good += not wrong
        table.add_row(row.file, row.text, described(answer), "; ".join(wrong) or "ok")
    Console(width=150).print(table)
    print(f"{good} of {len(rows)}")
    sys.exit(good < len(rows))


def default_analyser(detector: DetectorKind) -> PhotoAnalyser:
    """Build what a worker without further settings builds; it needs no server."""
    settings = Settings.model_validate(
        {
            "database": {"url": "postgresql://localhost/none"},
            "storage": {"endpoint": "localhost:1", "access_key": "none", "secret_key": "none"},
            "broker": {"url": "redis://localhost/0"},
            "worker": {"detector": detector.value},
        }
    )
    return load_analyser(settings)


def analyse(analyser: PhotoAnalyser, path: Path) -> PhotoAnalysis | ItemError:
    """Analyse one photo as a job of one with default options."""
    (answer,) = analyser.analyse([path.read_bytes()], AnalysisOptions())
    return answer


def is_collected(path: Path) -> bool:
    """Whether ``hfer submit FOLDER`` takes this file out of a folder."""
    with tempfile.TemporaryDirectory(prefix="hfer-cases-") as folder:
        shutil.copy(path, folder)
        try:
            return len(find_photos([folder])) == 1
        except NoPhotosError:
            return False


if __name__ == "__main__":
    main()
