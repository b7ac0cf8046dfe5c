"""The yardstick: what everyone does. Detection in a torch process, Keras in a TensorFlow one.

The photo is opened by Pillow and given to ``facenet_pytorch.MTCNN(keep_all=True).detect`` as it
is; each face is cut as the bundle wants it and goes through ``keras.Model.predict`` alone. The
weights, the framing of a face, the calibration and the thresholds are those of our side, so that
answers can be compared.
"""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw, ImageOps

from benchmarks.crew import share
from benchmarks.pipeline.agreement import Face
from benchmarks.pipeline.stages import Seconds, Stopwatch
from services.common.domain.faces import AnalysisOptions, DetectedFace
from services.vision.bundle import Manifest, load_bundle
from services.vision.classifiers.logits import to_probabilities
from services.vision.transforms import Pixels, crop_face

Crops = list[list[Pixels]]


class TorchDetection:
    """Decode, detect and cut; ``threads`` may change from call to call."""

    def __init__(self, bundle: Path, photos: Sequence[Path]) -> None:
        import torch

        from services.vision.detectors.facenet import load_facenet_detector

        self._set_threads = torch.set_num_threads
        self._detector = load_facenet_detector(device="cpu", threads=1)
        self._spec = load_bundle(bundle).manifest.input
        self._photos = [path.read_bytes() for path in photos]
        self._found: dict[int, tuple[list[DetectedFace], list[Pixels]]] = {}
        self._watch = Stopwatch()

    def detect(self, number: int, of: int, threads: int) -> Seconds:
        """Find the faces of this share of the photos; return the seconds by stage."""
        self._set_threads(threads)
        options = AnalysisOptions()
        for index in share(range(len(self._photos)), number, of):
            with self._watch.stage("decode"):
                rgb = _decode(self._photos[index])
            with self._watch.stage("detect"):
                (faces,) = self._detector.detect(
                    [rgb], threshold=options.detection_threshold, min_face_px=options.min_face_px
                )
            with self._watch.stage("crop"):
                crops = [crop_face(rgb, face.box, self._spec) for face in faces]
            self._found[index] = faces, crops
        return self._watch.take()

    def found(self, number: int, of: int) -> dict[int, tuple[list[DetectedFace], list[Pixels]]]:
        """Return faces and crops of this share's photos, by the photo's number."""
        return {index: self._found[index] for index in share(range(len(self._photos)), number, of)}

    def annotate(self, number: int, of: int) -> Seconds:
        """Draw plain boxes and save JPEGs, as the examples of facenet-pytorch do."""
        for index in share(range(len(self._photos)), number, of):
            rgb = _decode(self._photos[index])
            with self._watch.stage("annotate"):
                image = Image.fromarray(rgb)
                draw = ImageDraw.Draw(image)
                for face in self._found[index][0]:
                    draw.rectangle(face.box.corners, outline=(255, 0, 0), width=6)
                image.save(io.BytesIO(), "JPEG", quality=90)
        return self._watch.take()


class KerasPredict:
    """The bundle's weights in the Keras network that they were trained in."""

    def __init__(self, bundle: Path, threads: int) -> None:
        self._network = keras_network(bundle, threads=threads)
        self._manifest = load_bundle(bundle).manifest
        self._crops: Crops = []
        self._answers: dict[int, NDArray[np.float64]] = {}

    def receive(self, number: int, of: int, crops: Crops) -> None:
        """Keep the crops of all photos."""
        del number, of
        self._crops = crops

    def predict(self, number: int, of: int) -> Seconds:
        """Classify the faces of this share of the photos, one call each."""
        watch = Stopwatch()
        for index in share(range(len(self._crops)), number, of):
            with watch.stage("classify"):
                logits = [self._predict(crop) for crop in self._crops[index]]
                self._answers[index] = calibrated(logits, self._manifest)
        return watch.take()

    def answers(self, number: int, of: int) -> dict[int, NDArray[np.float64]]:
        """Return the probabilities of this share's photos, by the photo's number."""
        return {index: self._answers[index] for index in share(range(len(self._crops)), number, of)}

    def _predict(self, crop: Pixels) -> Any:
        return self._network.predict(crop[np.newaxis].astype(np.float32), verbose=0)[0]


def keras_network(bundle: Path, *, threads: int) -> Any:
    """Rebuild the Keras network of a bundle's recipe with the bundle's weights.

    Raises:
        WeightsError: if the recipe is of another network than the bundle's graph.
    """
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    from services.trainer.config import ModelConfig
    from services.trainer.networks.build import build_network
    from services.trainer.networks.normalisation import Normalisation
    from services.trainer.networks.pretrained import load_from_bundle

    manifest = load_bundle(bundle).manifest
    spec = manifest.input
    network = build_network(
        ModelConfig.model_validate(manifest.recipe["model"]),
        size=spec.size,
        normalisation=Normalisation(spec.mean, spec.std),
    )
    load_from_bundle(network, bundle)
    return network


def calibrated(logits: ArrayLike, manifest: Manifest) -> NDArray[np.float64]:
    """Return probabilities ``[N, 7]`` of any number of rows, calibrated as served."""
    rows = np.reshape(np.asarray(logits, dtype=np.float64), (-1, 7))
    return to_probabilities(
        rows, temperature=manifest.temperature, prior_shift=manifest.prior_shift
    )


def joined(faces: Sequence[DetectedFace], probabilities: NDArray[np.float64]) -> list[Face]:
    """Put both halves of a photo's answers together."""
    return [
        Face(face.box, face.landmarks, face.confidence, tuple(row.tolist()))
        for face, row in zip(faces, probabilities, strict=True)
    ]


def _decode(data: bytes) -> Pixels:
    with Image.open(io.BytesIO(data)) as image:
        return np.array(ImageOps.exif_transpose(image).convert("RGB"))
