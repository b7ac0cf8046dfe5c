"""The main job, as the README tells it: samples/ in, a table and annotated photos out."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageOps

from hfer import ApiError, Client
from infra.local.stack import LocalStack
from tests.e2e.conftest import Cli
from tests.e2e.photos import SAMPLES, sample_paths

# One stack serves the whole session, so these stay in one process of pytest-xdist.
pytestmark = pytest.mark.xdist_group("e2e")

EXPRESSIONS = {"surprise", "fear", "disgust", "happiness", "anger", "sadness", "neutral"}


@pytest.fixture(scope="module")
def analysed(module_cli: Cli, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """The samples, submitted once with ``--out``: the folder, stdout and stderr."""
    out = tmp_path_factory.mktemp("analysed") / "out"
    done = module_cli.run("submit", SAMPLES, "--wait", "--out", out, "--format", "table")
    return out, done.stdout, done.stderr


@pytest.fixture(scope="module")
def photos(analysed: tuple[Path, str, str]) -> list[dict[str, Any]]:
    body = json.loads((analysed[0] / "results.json").read_text())
    photos: list[dict[str, Any]] = body["data"]
    return photos


class TestTable:
    def test_has_a_row_per_face(
        self, analysed: tuple[Path, str, str], photos: list[dict[str, Any]]
    ) -> None:
        lines = analysed[1].splitlines()
        columns = ["photo", "face", "expression", "probability", "uncertain"]
        assert lines[0].split()[:5] == columns
        assert len(lines) - 1 == sum(max(1, len(photo["faces"])) for photo in photos)
        assert any(label in analysed[1] for label in EXPRESSIONS)

    def test_progress_and_job_id_are_on_stderr(self, analysed: tuple[Path, str, str]) -> None:
        count = len(sample_paths())
        assert "Submitted job_" in analysed[2]
        assert f"photos {count:,} ({count:,} succeeded)" in analysed[2]


class TestResults:
    def test_every_sample_shows_a_face(self, photos: list[dict[str, Any]]) -> None:
        assert [photo["filename"] for photo in photos] == [path.name for path in sample_paths()]
        assert all(photo["faces"] for photo in photos)

    def test_every_face_has_seven_probabilities_and_a_model(
        self, photos: list[dict[str, Any]]
    ) -> None:
        for photo in photos:
            assert photo["model_version"]
            assert photo["detector"] == "retinaface"
            for face in photo["faces"]:
                assert set(face["emotions"]) == EXPRESSIONS
                assert sum(face["emotions"].values()) == pytest.approx(1, abs=1e-4)

    def test_boxes_and_landmarks_lie_in_the_upright_photo(
        self, photos: list[dict[str, Any]]
    ) -> None:
        for photo in photos:
            width, height = photo["image"]["width"], photo["image"]["height"]
            for face in photo["faces"]:
                box = face["box"]
                assert box["x"] >= 0
                assert box["y"] >= 0
                assert box["x"] + box["w"] <= width + 1e-3
                assert box["y"] + box["h"] <= height + 1e-3
                assert all(0 <= point["x"] <= width for point in face["landmarks"].values())

    def test_csv_holds_the_same_faces(
        self, analysed: tuple[Path, str, str], photos: list[dict[str, Any]]
    ) -> None:
        rows = list(csv.DictReader(io.StringIO((analysed[0] / "results.csv").read_text())))
        told = [(row["filename"], row["face_index"], row["top_label"]) for row in rows]
        assert told == [
            (photo["filename"], str(face["face_index"]), face["top"][0]["label"])
            for photo in photos
            for face in photo["faces"]
        ]


class TestAnnotatedPhotos:
    def test_have_the_shape_of_the_upright_original_and_are_drawn_on(
        self, analysed: tuple[Path, str, str]
    ) -> None:
        for path in sample_paths():
            with (
                Image.open(analysed[0] / f"{path.stem}.annotated.jpg") as annotated,
                Image.open(path) as original,
            ):
                upright = ImageOps.exif_transpose(original).convert("RGB")
                assert annotated.format == "JPEG"
                assert annotated.size == drawn_size(*upright.size)
                enlarged = upright.resize(annotated.size)
                assert strongest_change(enlarged, annotated.convert("RGB")) > 100

    def test_are_all_there_is_beside_the_results(self, analysed: tuple[Path, str, str]) -> None:
        names = {path.name for path in analysed[0].iterdir()}
        copies = {f"{path.stem}.annotated.jpg" for path in sample_paths()}
        assert names == copies | {"results.json", "results.csv"}


class TestAgain:
    def test_by_id_with_another_format(self, module_cli: Cli, cli: Cli) -> None:
        job = module_cli.run("submit", sample_paths()[0]).stdout.strip()
        waited = cli.run("results", job, "--wait", "--format", "jsonl")
        line = json.loads(waited.stdout)
        assert line["filename"] == sample_paths()[0].name
        assert "succeeded" in cli.run("status", job).stdout
        assert job in cli.run("jobs").stdout


class TestPackage:
    def test_does_the_same_from_python(self, stack: LocalStack) -> None:
        progress: list[float] = []
        with Client(stack.url, stack.tenant_key()) as client:
            photo_path, labels = sample_paths()[0], {"from": "python"}
            job = client.submit(photo_path, top_n=2, detector="retinaface", labels=labels)
            state = job.wait(on_progress=lambda state: progress.append(state.progress))
            (photo,) = client.jobs.attach(job.id).results()
        assert (state.status, state.labels) == ("succeeded", labels)
        assert progress[-1] == 1
        assert len(photo.faces[0].top) == 2
        assert photo.faces[0].expression == photo.faces[0].top[0]
        assert set(photo.faces[0].landmarks) >= {"left_eye", "nose"}

    def test_tells_a_shrunk_photo_in_pixels_of_the_original(self, stack: LocalStack) -> None:
        with Image.open(SAMPLES / "turned.jpg") as stored, io.BytesIO() as buffer:
            large = stored.resize((2 * stored.width, 2 * stored.height))
            large.save(buffer, "JPEG", exif=stored.getexif())
            data = buffer.getvalue()
        with Client(stack.url, stack.tenant_key()) as client:
            (whole,) = client.submit(("a.jpg", data)).wait().results()
            job = client.submit(("a.jpg", data), shrink=400).wait()
            (shrunk,) = job.results()
            table = b"".join(job.results_bytes("csv")).decode()
        assert whole.image is not None
        assert shrunk.image == replace(whole.image, scale=0.5)
        [before], [after] = whole.faces, shrunk.faces
        for name, point in before.landmarks.items():
            told = after.landmarks[name]
            assert max(abs(told.x - point.x), abs(told.y - point.y)) < 0.03 * before.box.h, name
        [row] = csv.DictReader(io.StringIO(table))
        assert float(row["box_x"]) == pytest.approx(after.box.x, abs=1e-3)

    def test_is_refused_a_detector_that_no_worker_has(self, stack: LocalStack) -> None:
        with (
            Client(stack.url, stack.tenant_key()) as client,
            pytest.raises(ApiError, match="'openvino'; leave 'detector' out, or ask for 'retina"),
        ):
            client.submit(sample_paths()[0], detector="openvino")


def drawn_size(width: int, height: int) -> tuple[int, int]:
    """The photo's size; a photo under 480 pixels is enlarged, so that numbers can be read."""
    scale = max(480, width, height) / max(width, height)
    return round(width * scale), round(height * scale)


def strongest_change(before: Image.Image, after: Image.Image) -> int:
    """The largest difference of any pixel, 0..255: a drawn box changes some a lot."""
    return int(np.asarray(ImageChops.difference(before, after)).max())
