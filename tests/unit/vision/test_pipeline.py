import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import ExifTags, Image

from services.common.domain.errors import BundleError, ItemError, ItemErrorCode, TransientError
from services.common.domain.faces import (
    AnalysisOptions,
    Box,
    DetectedFace,
    DetectorName,
    FaceSearch,
    PhotoAnalysis,
    PhotoWarning,
)
from services.common.domain.limits import PhotoLimits
from services.imaging.tiles import crops_in, thumbnail_in
from services.vision.bundle import Bundle
from services.vision.classifiers.logits import LARGEST_BATCH
from services.vision.classifiers.openvino import OpenVinoClassifier
from services.vision.classifiers.port import Precision
from services.vision.engines import DetectorKind
from services.vision.pipeline import Pipeline, sharpness
from services.vision.transforms import Pixels, crop_face
from services.worker.models.analyser import PhotoAnalyser
from tests.fixtures.bundles import replace_file, tiny_card, write_tiny_bundle
from tests.fixtures.photos import encode, encode_rotated, noise, quadrants

OPTIONS = AnalysisOptions()


def face(x: float, y: float, side: float) -> DetectedFace:
    points = ((x, y), (x + side, y), (x, y), (x, y + side), (x + side, y + side))
    return DetectedFace(Box(x, y, side, side), points, 0.95)


class ScriptedDetector:
    """Finds the same faces in every photo and remembers how it was asked."""

    def __init__(self, *faces: DetectedFace) -> None:
        self.faces = faces
        self.calls: list[tuple[list[tuple[int, ...]], float, int]] = []
        self.fault: Exception | None = None

    def detect(
        self, photos: Sequence[Pixels], *, threshold: float = 0.9, min_face_px: int = 20
    ) -> list[list[DetectedFace]]:
        if self.fault:
            raise self.fault
        self.calls.append(([photo.shape for photo in photos], threshold, min_face_px))
        return [list(self.faces) for _ in photos]


class CountingClassifier:
    """A real classifier that remembers how many crops each call brought."""

    def __init__(self, bundle: Bundle) -> None:
        self._real = OpenVinoClassifier(bundle)
        self.precision = Precision.FP32
        self.calls: list[int] = []

    def classify(self, crops: Pixels) -> NDArray[np.float64]:
        self.calls.append(len(crops))
        return self._real.classify(crops)


class Bench:
    """A pipeline with everything around it in reach."""

    def __init__(
        self, bundle: Bundle, *faces: DetectedFace, tiles: bool = False, **limits: int
    ) -> None:
        self.bundle = bundle
        self.detector = ScriptedDetector(*faces)
        self.classifier = CountingClassifier(bundle)
        self.pipeline = Pipeline(
            self.detector,
            self.classifier,
            bundle,
            limits=PhotoLimits(**limits),
            detector_kind=DetectorKind.OPENVINO,
            load=OpenVinoClassifier,
            tiles=tiles,
        )

    def analyse_one(self, data: bytes) -> PhotoAnalysis:
        (result,) = self.pipeline.analyse([data], OPTIONS)
        assert isinstance(result, PhotoAnalysis)
        return result


class TestTiles:
    def test_are_drawn_of_the_faces_in_the_order_of_the_result(
        self, tiny_bundle: Bundle, tmp_path: Path
    ) -> None:
        bench = Bench(tiny_bundle, face(5, 5, 40), face(200, 100, 90), tiles=True)
        other = write_tiny_bundle(tmp_path / "other", card=tiny_card(version="0.2.0"), seed=7)
        found = bench.analyse_one(encode(noise(640, 320)))
        boxes = [(one.box.x, one.box.y, one.box.w, one.box.h) for one in found.faces]
        assert boxes[0] == (200, 100, 90, 90)
        thumbnail, crops = thumbnail_in(found.tiles, boxes), crops_in(found.tiles, boxes)
        assert [size_of(data) for data in (thumbnail, *(crops or ()))] == [
            (320, 160),
            (126, 126),
            (56, 56),
        ]
        (after,) = bench.pipeline.with_bundle(other.directory).analyse(
            [encode(noise(640, 320))], OPTIONS
        )
        assert isinstance(after, PhotoAnalysis)
        assert after.tiles == found.tiles

    def test_of_a_photo_without_faces_are_its_thumbnail(self, tiny_bundle: Bundle) -> None:
        found = Bench(tiny_bundle, tiles=True).analyse_one(encode(noise(640, 320)))
        assert size_of(thumbnail_in(found.tiles, [])) == (320, 160)

    def test_are_drawn_for_those_who_ask(self, tiny_bundle: Bundle) -> None:
        found = Bench(tiny_bundle, face(5, 5, 40)).analyse_one(encode(noise(90, 90)))
        assert found.tiles == b""


def size_of(data: bytes | None) -> tuple[int, int]:
    assert data is not None
    with Image.open(io.BytesIO(data)) as picture:
        return picture.size


class TestWithBundle:
    def test_keeps_the_detector_and_answers_with_the_other_model(
        self, tiny_bundle: Bundle, tmp_path: Path
    ) -> None:
        bench = Bench(tiny_bundle, face(5, 5, 40))
        other = write_tiny_bundle(tmp_path / "other", card=tiny_card(version="0.2.0"), seed=7)
        changed = bench.pipeline.with_bundle(other.directory)
        assert changed.model_version == other.version
        (before,) = bench.pipeline.analyse([encode(noise(90, 90))], OPTIONS)
        (after,) = changed.analyse([encode(noise(90, 90))], OPTIONS)
        assert isinstance(before, PhotoAnalysis)
        assert isinstance(after, PhotoAnalysis)
        assert after.faces[0].box == before.faces[0].box
        assert after.faces[0].probabilities != before.faces[0].probabilities

    def test_refuses_one_that_was_changed(self, tiny_bundle: Bundle, tmp_path: Path) -> None:
        other = write_tiny_bundle(tmp_path / "other")
        with (other.directory / "golden.npz").open("ab") as file:
            file.write(b"x")
        with pytest.raises(BundleError, match="golden"):
            Bench(tiny_bundle).pipeline.with_bundle(other.directory)

    def test_does_not_touch_the_detector(self, tiny_bundle: Bundle, tmp_path: Path) -> None:
        # It may be at work in another thread.
        bench = Bench(tiny_bundle)
        bench.pipeline.with_bundle(write_tiny_bundle(tmp_path / "other").directory)
        assert bench.detector.calls == []

    @pytest.mark.parametrize(
        ("name", "data", "words"),
        [
            ("model.onnx", b"no network", "is no ONNX model"),
            ("golden.npz", b"PK\x03\x04 no archive", "golden.npz is not readable"),
            ("golden.npz", b"", "golden.npz is not readable"),
        ],
    )
    def test_refuses_what_is_whole_by_its_hashes_and_broken_inside(
        self, tiny_bundle: Bundle, tmp_path: Path, name: str, data: bytes, words: str
    ) -> None:
        other = write_tiny_bundle(tmp_path / "other")
        replace_file(other.directory, name, data)
        with pytest.raises(BundleError, match=words):
            Bench(tiny_bundle).pipeline.with_bundle(other.directory)

    def test_refuses_a_network_with_other_inputs(self, tiny_bundle: Bundle, tmp_path: Path) -> None:
        other = write_tiny_bundle(tmp_path / "other")
        larger = write_tiny_bundle(tmp_path / "larger", card=tiny_card(size=24))
        replace_file(other.directory, "model.onnx", larger.model_path().read_bytes())
        with pytest.raises(BundleError, match="cannot be run"):
            Bench(tiny_bundle).pipeline.with_bundle(other.directory)

    @pytest.mark.parametrize("fault", [MemoryError(), RuntimeError("std::bad_alloc")])
    def test_too_little_memory_is_no_fault_of_the_bundle(
        self, tiny_bundle: Bundle, fault: Exception
    ) -> None:
        def load(_bundle: Bundle) -> OpenVinoClassifier:
            raise fault

        pipeline = Pipeline(
            ScriptedDetector(),
            CountingClassifier(tiny_bundle),
            tiny_bundle,
            limits=PhotoLimits(),
            detector_kind=DetectorKind.OPENVINO,
            load=load,
        )
        with pytest.raises(TransientError, match="memory"):
            pipeline.with_bundle(tiny_bundle.directory)


class TestAnalyse:
    def test_is_what_the_worker_asks_for(self, tiny_bundle: Bundle) -> None:
        analyser: PhotoAnalyser = Bench(tiny_bundle).pipeline
        assert analyser.model_version == tiny_bundle.version
        assert analyser.detector == "openvino"

    def test_every_detector_has_the_name_that_a_job_may_ask_for(self) -> None:
        assert {kind.value for kind in DetectorKind} - {"auto"} == set(DetectorName)

    def test_numbers_faces_from_the_largest(self, tiny_bundle: Bundle) -> None:
        bench = Bench(tiny_bundle, face(5, 5, 20), face(30, 10, 40), face(2, 60, 30))
        faces = bench.analyse_one(encode(noise(100, 100))).faces
        assert [(found.face_index, found.box.w) for found in faces] == [(0, 40), (1, 30), (2, 20)]

    def test_orders_equal_faces_by_place(self, tiny_bundle: Bundle) -> None:
        bench = Bench(tiny_bundle, face(50, 9, 20), face(5, 9, 20), face(20, 3, 20))
        faces = bench.analyse_one(encode(noise(100, 100))).faces
        assert [found.box.x for found in faces] == [20, 5, 50]

    def test_each_face_gets_the_answer_for_its_own_crop(self, tiny_bundle: Bundle) -> None:
        bench = Bench(tiny_bundle, face(5, 5, 20), face(30, 10, 40))
        photos = [noise(100, 100, seed=1), noise(120, 90, seed=2)]
        results = bench.pipeline.analyse([encode(photo) for photo in photos], OPTIONS)
        for photo, result in zip(photos, results, strict=True):
            assert isinstance(result, PhotoAnalysis)
            for found in result.faces:
                crop = crop_face(photo, found.box, tiny_bundle.manifest.input)
                expected = bench.classifier.classify(crop[np.newaxis])[0]
                assert found.probabilities == pytest.approx(expected.tolist(), abs=1e-6)

    def test_classifies_all_faces_of_a_chunk_at_once(self, tiny_bundle: Bundle) -> None:
        bench = Bench(tiny_bundle, face(5, 5, 20), face(30, 10, 40))
        bench.pipeline.analyse([encode(noise(100, 100))] * 5, OPTIONS)
        assert bench.classifier.calls == [10]

    def test_tells_margin_and_doubt(self, tmp_path: Path) -> None:
        for threshold, doubtful in ((0.0, False), (1.0, True)):
            card = tiny_card(abstention_threshold=threshold)
            bundle = write_tiny_bundle(tmp_path / str(threshold), card=card)
            (found,) = Bench(bundle, face(5, 5, 40)).analyse_one(encode(noise(90, 90))).faces
            first, second = sorted(found.probabilities, reverse=True)[:2]
            assert found.margin == pytest.approx(first - second)
            assert found.uncertain is doubtful

    def test_gives_python_numbers(self, tiny_bundle: Bundle) -> None:
        result = Bench(tiny_bundle, face(5, 5, 40)).analyse_one(encode(noise(90, 90)))
        (found,) = result.faces
        values = [found.margin, found.blur, found.confidence, *found.probabilities]
        assert {type(value) for value in values} == {float}
        assert {type(result.width), type(result.height), type(found.face_index)} == {int}
        assert type(found.uncertain) is bool

    def test_cuts_at_the_cap_and_says_so(self, tiny_bundle: Bundle) -> None:
        many = [face(x, y, 20 + x / 10) for x in range(0, 80, 20) for y in range(0, 80, 20)]
        at_cap = Bench(tiny_bundle, *many, faces_per_photo=16).analyse_one(encode(noise(110, 110)))
        cut = Bench(tiny_bundle, *many, faces_per_photo=10).analyse_one(encode(noise(110, 110)))
        assert (len(at_cap.faces), at_cap.faces_truncated) == (16, False)
        assert (len(cut.faces), cut.faces_truncated) == (10, True)
        assert cut.faces == at_cap.faces[:10]

    def test_photo_without_faces_is_a_result(self, tiny_bundle: Bundle) -> None:
        result = Bench(tiny_bundle).analyse_one(encode(noise(90, 60)))
        named = {"precision": "fp32", "detector": "openvino"}
        assert result == PhotoAnalysis(width=90, height=60, exif_orientation=1, **named)

    def test_speaks_of_the_upright_photo(self, tiny_bundle: Bundle) -> None:
        bench = Bench(tiny_bundle, face(2, 2, 20))
        result = bench.analyse_one(encode_rotated(quadrants(64, 40), 6))
        assert (result.width, result.height, result.exif_orientation) == (64, 40, 6)
        assert bench.detector.calls[0][0] == [(40, 64, 3)]

    def test_passes_options_on(self, tiny_bundle: Bundle) -> None:
        bench = Bench(tiny_bundle)
        options = AnalysisOptions(min_face_px=64, detection_threshold=0.75)
        bench.pipeline.analyse([encode(noise(90, 90))], options)
        assert bench.detector.calls[0][1:] == (0.75, 64)

    def test_tells_when_a_photo_was_taken_and_what_was_mended(self, tiny_bundle: Bundle) -> None:
        exif = Image.Exif()
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2026:05:06 07:08:09"
        data = encode(noise(100, 100), "JPEG", exif=exif.tobytes())
        (result,) = Bench(tiny_bundle).pipeline.analyse([data[:-2]], OPTIONS)
        assert isinstance(result, PhotoAnalysis)
        assert result.captured_at == "2026-05-06T07:08:09"
        assert result.warnings == (PhotoWarning.END_MISSING,)

    def test_tells_what_the_client_shrank_the_photo_from(self, tiny_bundle: Bundle) -> None:
        exif = Image.Exif()
        exif[ExifTags.Base.ProcessingSoftware] = "hfer-shrink 400x300"
        sent = encode(noise(200, 150), "JPEG", exif=exif.tobytes())
        (result,) = Bench(tiny_bundle).pipeline.analyse([sent], OPTIONS)
        assert isinstance(result, PhotoAnalysis)
        assert (result.width, result.height, result.original) == (200, 150, (400, 300))

    def test_takes_no_photos(self, tiny_bundle: Bundle) -> None:
        assert Bench(tiny_bundle).pipeline.analyse([], OPTIONS) == []

    def test_warms_up(self, tiny_bundle: Bundle) -> None:
        bench = Bench(tiny_bundle)
        bench.pipeline.warm_up()
        assert len(bench.detector.calls) == 1
        assert bench.classifier.calls == [2 * LARGEST_BATCH - 1]


class TestTurning:
    def test_a_turned_head_is_classified_upright(self, tiny_bundle: Bundle) -> None:
        lying = replace(face(20, 30, 40), roll=90.0)
        photo = noise(100, 100)
        (found,) = Bench(tiny_bundle, lying).analyse_one(encode(photo)).faces
        bench = Bench(tiny_bundle)
        crop = crop_face(photo, lying.box, tiny_bundle.manifest.input, roll=90.0)
        expected = bench.classifier.classify(crop[np.newaxis])[0]
        assert found.roll == 90.0
        assert found.box == lying.box
        assert found.probabilities == pytest.approx(expected.tolist(), abs=1e-6)

    def test_an_unknown_roll_stays_unknown(self, tiny_bundle: Bundle) -> None:
        (found,) = Bench(tiny_bundle, face(5, 5, 40)).analyse_one(encode(noise(90, 90))).faces
        assert found.roll is None


class TestWholePictures:
    WHOLE = AnalysisOptions(faces=FaceSearch.WHOLE, min_face_px=500)

    @pytest.mark.parametrize("size", [(48, 48), (120, 90)])
    def test_are_one_face_each_and_nothing_is_detected(
        self, tiny_bundle: Bundle, size: tuple[int, int]
    ) -> None:
        bench, photo = Bench(tiny_bundle, face(5, 5, 20)), noise(*size)
        (result,) = bench.pipeline.analyse([encode(photo)], self.WHOLE)
        assert isinstance(result, PhotoAnalysis)
        (found,) = result.faces
        assert bench.detector.calls == []
        assert found.box == Box(0, 0, *size)
        assert (found.landmarks, found.confidence, found.roll) == ((), 1.0, None)
        assert result.detector == "none"
        crop = crop_face(photo, found.box, tiny_bundle.manifest.input.whole)
        expected = bench.classifier.classify(crop[np.newaxis])[0]
        assert found.probabilities == pytest.approx(expected.tolist(), abs=1e-6)

    def test_at_the_models_size_are_seen_pixel_by_pixel(self, tiny_bundle: Bundle) -> None:
        # As the trainer reads the pictures of a data set: no margin around the frame.
        side = tiny_bundle.manifest.input.size
        spec = tiny_bundle.manifest.input.whole.model_copy(
            update={"channels": 3, "mean": (0,) * 3, "std": (1,) * 3}
        )
        photo = noise(side, side)
        assert np.array_equal(crop_face(photo, Box(0, 0, side, side), spec), photo)


class TestFaults:
    def test_bad_photos_leave_their_neighbours_unharmed(self, tiny_bundle: Bundle) -> None:
        good = encode(noise(100, 100))
        bench = Bench(tiny_bundle, face(5, 5, 40))
        results = bench.pipeline.analyse([b"", good, b"no photo", good, good[:300]], OPTIONS)
        codes = [result.code if isinstance(result, ItemError) else None for result in results]
        assert codes == [
            ItemErrorCode.EMPTY,
            None,
            ItemErrorCode.UNSUPPORTED_FORMAT,
            None,
            ItemErrorCode.TRUNCATED,
        ]
        assert results[1] == results[3]

    def test_only_bad_photos(self, tiny_bundle: Bundle) -> None:
        (result,) = Bench(tiny_bundle).pipeline.analyse([b""], OPTIONS)
        assert isinstance(result, ItemError)

    def test_uses_its_limits(self, tiny_bundle: Bundle) -> None:
        bench = Bench(tiny_bundle, photo_pixels=5_000)
        (result,) = bench.pipeline.analyse([encode(noise(100, 100))], OPTIONS)
        assert isinstance(result, ItemError)
        assert result.code == ItemErrorCode.TOO_MANY_PIXELS

    @pytest.mark.parametrize(
        "fault",
        [
            MemoryError(),
            RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"),
            RuntimeError("std::bad_alloc"),
            RuntimeError("Failed to allocate memory for requested buffer of size 4096"),
        ],
        ids=str,
    )
    def test_calls_memory_trouble_transient(self, tiny_bundle: Bundle, fault: Exception) -> None:
        bench = Bench(tiny_bundle)
        bench.detector.fault = fault
        with pytest.raises(TransientError, match="out of memory"):
            bench.pipeline.analyse([encode(noise(90, 90))], OPTIONS)

    def test_lets_other_faults_through(self, tiny_bundle: Bundle) -> None:
        bench = Bench(tiny_bundle)
        bench.detector.fault = RuntimeError("a bug")
        with pytest.raises(RuntimeError, match="a bug"):
            bench.pipeline.analyse([encode(noise(90, 90))], OPTIONS)


class TestMemory:
    def test_large_photos_are_not_all_decoded_at_once(self, tiny_bundle: Bundle) -> None:
        # 9 Mpx each: with the second one the 16 Mpx that may wait are reached.
        large = encode(np.zeros((3_000, 3_000), np.uint8))
        small = encode(noise(100, 100))
        bench = Bench(tiny_bundle, face(5, 5, 40))
        bench.pipeline.analyse([small, large, small, large, large], OPTIONS)
        assert [len(shapes) for shapes, _, _ in bench.detector.calls] == [4, 1]
        assert bench.classifier.calls == [5]


class TestSharpness:
    def test_falls_with_blur(self) -> None:
        sharp = noise(32, 32)
        smooth = np.repeat(np.repeat(noise(8, 8), 4, axis=0), 4, axis=1)
        flat = np.full((32, 32, 3), 90, np.uint8)
        assert sharpness(sharp) > sharpness(smooth) > sharpness(flat) == 0

    def test_takes_gray_crops(self) -> None:
        gray = noise(32, 32)[..., :1]
        assert sharpness(gray) == pytest.approx(sharpness(np.repeat(gray, 3, axis=2)), rel=0.01)
