"""Write one job in every form and have the real readers read it: `make check-exports`.

`make test` reads with pyarrow, openpyxl and pycocotools. Here stands what is heavier, or no Python:
DuckDB, Polars, label-studio-sdk, FiftyOne with a mongod of its own, py-feat's constants,
mlcroissant, R and LibreOffice. Each gets a folder with the files and `rows.json`, what the cells
are to be, and ends with 0 only if it found the same, numbers to 6 decimals. A program that is not
here is left out, and that is said. It needs a package index for the three environments that it
makes, and nothing else.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from hfer._columns import rows
from hfer.exports import Exporter, ExportFormat, Per, exporting
from hfer.exports.label_studio import CONFIG
from scripts.check_exports.environments import CROISSANT, FIFTYONE, READERS, Environment
from services.api.datasets.documents import documents
from services.api.datasets.schemas import EXAMPLE, DatasetObject
from services.api.jobs.results.formats import ResultFormat, write_results
from tests.fixtures.taught import archived_faces
from tests.fixtures.told_job import STATE, photos, served

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
TIMEOUT_S = 600


@dataclass(frozen=True)
class Reader:
    """Who reads which form, and by which command; ``{files}`` is the folder."""

    name: str
    command: Sequence[str]
    environment: Environment | None = None
    variables: dict[str, str] = field(default_factory=dict)


def _python(environment: Environment, script: str) -> Reader:
    return Reader(script, ("python", str(HERE / f"{script}.py"), "{files}"), environment)


PROGRAMS = (
    _python(READERS, "read_tables"),
    _python(READERS, "read_label_studio"),
    _python(READERS, "read_pyfeat"),
    _python(FIFTYONE, "read_fiftyone"),
    _python(CROISSANT, "read_croissant"),
    Reader("Rscript", ("Rscript", "--vanilla", str(HERE / "read.R"), "{files}")),
    Reader("soffice", (sys.executable, str(HERE / "read_libreoffice.py"), "{files}")),
)


def main() -> None:
    """Write, read, print a row per reader; end with 1 if one found something else."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m scripts.check_exports")
    parser.add_argument("--environments", type=Path, default=ROOT / "build" / "check-exports")
    parser.add_argument("--only", choices=[reader.name for reader in PROGRAMS])
    chosen = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory(prefix="hfer-exports-") as folder:
        write_all(Path(folder))
        for reader in PROGRAMS:
            if chosen.only in {None, reader.name}:
                outcome, told = read(reader, Path(folder), chosen.environments)
                failed = failed or outcome == "FAILED"
                print(f"{reader.name:<18} {outcome:<8} {told}", flush=True)
    sys.exit(failed)


def write_all(folder: Path) -> None:
    """Write the job in every form, what its cells are, and its photos as pictures."""
    forms = {
        "faces.parquet": Exporter(ExportFormat.PARQUET),
        "faces.xlsx": Exporter(ExportFormat.XLSX),
        "coco.json": Exporter(ExportFormat.COCO),
        "tasks.json": Exporter(ExportFormat.LABEL_STUDIO),
        "tasks-face.json": Exporter(
            ExportFormat.LABEL_STUDIO, per=Per.FACE, image_prefix="s3://bucket/"
        ),
        "pyfeat.csv": Exporter(ExportFormat.PYFEAT),
    }
    for name, exporter in forms.items():
        with exporting(folder / name, exporter, STATE) as add:
            add(photos())
    with exporting(folder / "empty-coco.json", Exporter(ExportFormat.COCO), STATE) as add:
        add([photo for photo in photos() if not photo.faces])
    csv = b"".join(write_results(ResultFormat.CSV, None, [served()]))  # type: ignore[arg-type] - no part of CSV
    (folder / "faces.csv").write_bytes(csv)
    (folder / "tasks.xml").write_text(CONFIG)
    shown = DatasetObject.model_validate(EXAMPLE)
    for name, content in documents(shown, archived_faces(5)).items():
        (folder / "dataset" / name).parent.mkdir(exist_ok=True)
        (folder / "dataset" / name).write_bytes(content)
    told = [row for photo in photos() for row in rows(photo)]
    (folder / "rows.json").write_text(json.dumps(told))
    for photo in photos():
        if photo.image is not None:
            path = folder / "photos" / photo.filename
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (photo.image.width, photo.image.height)).save(path, "JPEG")


def read(reader: Reader, files: Path, environments: Path) -> tuple[str, str]:
    """Run a reader; its outcome, and the last line that it printed."""
    command = [part.format(files=files) for part in reader.command]
    if reader.environment is not None:
        python = reader.environment.made_in(environments)
        command[0] = str(python)
    elif shutil.which(reader.name) is None:
        return "left out", f"{reader.name} is not installed"
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
        env={**os.environ, **reader.variables, "HOME": str(files / "home")},
    )
    lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
    return ("ok" if done.returncode == 0 else "FAILED"), (lines or [""])[-1]


if __name__ == "__main__":
    main()
