"""Choosing and loading the engines; each is imported only when chosen."""

import ctypes
import importlib.util
from enum import StrEnum
from pathlib import Path

from services.common.domain.errors import BundleError
from services.vision.bundle import Bundle
from services.vision.classifiers.choice import PrecisionChoice
from services.vision.classifiers.port import ExpressionClassifier, Precision
from services.vision.detectors.port import FaceDetector


class DetectorKind(StrEnum):
    """Which detector and engine: MTCNN on torch or OpenVINO, or RetinaFace with MTCNN's O-Net.

    AUTO is `DEFAULT_DETECTOR`.
    """

    AUTO = "auto"
    OPENVINO = "openvino"
    FACENET = "facenet"
    RETINAFACE = "retinaface"


# What a deployment has unless it says otherwise, on CPUs and on GPUs: all its workers find the same
# faces, and so does the trainer.
DEFAULT_DETECTOR = DetectorKind.RETINAFACE


class ClassifierKind(StrEnum):
    """Which engine runs the bundle; AUTO is onnxruntime where CUDA is, else openvino."""

    AUTO = "auto"
    OPENVINO = "openvino"
    ONNXRUNTIME = "onnxruntime"


def cuda_available() -> bool:
    """Return whether torch can use a GPU, without importing torch where no driver is."""
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    if importlib.util.find_spec("torch") is None:
        return False
    import torch

    return bool(torch.cuda.is_available())


def classifier_of(kind: ClassifierKind, *, cuda: bool) -> ClassifierKind:
    """Return what a kind stands for, never AUTO."""
    if kind is ClassifierKind.AUTO:
        return ClassifierKind.ONNXRUNTIME if cuda else ClassifierKind.OPENVINO
    return kind


def detector_of(kind: DetectorKind) -> DetectorKind:
    """Return what a kind stands for, never AUTO."""
    return DEFAULT_DETECTOR if kind is DetectorKind.AUTO else kind


def detector_folders(kind: DetectorKind, mtcnn: Path) -> tuple[Path, ...]:
    """Return the folders of a detector's networks, a ``manifest.json`` in each.

    ``mtcnn`` is the folder of MTCNN's; RetinaFace's lie beside it and O-Net is MTCNN's.
    """
    if detector_of(kind) is DetectorKind.RETINAFACE:
        return mtcnn.parent / "retinaface", mtcnn
    return (mtcnn,)


def load_detector(
    kind: DetectorKind,
    mtcnn: Path,
    *,
    engine: ClassifierKind = ClassifierKind.AUTO,
    cuda: bool,
    threads: int,
) -> FaceDetector:
    """Load a detector; ``mtcnn`` is as in `detector_folders`.

    RetinaFace runs in ``engine``, the classifier's, and finds the same faces in either; MTCNN has
    an engine in its name, and ``cuda`` is for that on torch.

    Raises:
        BundleError: if an exported network is missing or altered, or MTCNN on OpenVINO lacks numba.
    """
    chosen = detector_of(kind)
    if chosen is DetectorKind.RETINAFACE:
        folders = detector_folders(chosen, mtcnn)
        if classifier_of(engine, cuda=cuda) is ClassifierKind.ONNXRUNTIME:
            from services.vision.detectors.retinaface_onnxruntime import load_retinaface_onnxruntime

            return load_retinaface_onnxruntime(*folders, threads=threads)
        from services.vision.detectors.retinaface_openvino import load_retinaface_openvino

        return load_retinaface_openvino(*folders, threads=threads)
    if chosen is DetectorKind.FACENET:
        from services.vision.detectors.facenet import load_facenet_detector

        return load_facenet_detector(device="cuda:0" if cuda else "cpu", threads=threads)
    # 208 MB with LLVM, which nothing else in a worker needs: an image has it only if asked.
    if importlib.util.find_spec("numba") is None:
        raise BundleError(
            "the detector openvino needs numba, which is not installed here: build the image of "
            "the worker with MTCNN=yes (in compose WORKER_MTCNN=yes) or set "
            "HFER_WORKER__DETECTOR=auto"
        )
    from services.vision.detectors.openvino import load_openvino_detector

    return load_openvino_detector(mtcnn, threads=threads)


def load_classifier(
    kind: ClassifierKind,
    bundle: Bundle,
    *,
    cuda: bool,
    precision: Precision | PrecisionChoice,
    threads: int,
) -> ExpressionClassifier:
    """Load the bundle's network; ``precision`` is openvino's, onnxruntime runs fp32.

    The engine returned has the precision that it runs, whatever AUTO stood for.

    Raises:
        BundleError: if the bundle has no network of that precision.
    """
    if classifier_of(kind, cuda=cuda) is ClassifierKind.ONNXRUNTIME:
        from services.vision.classifiers.onnxruntime import OnnxRuntimeClassifier

        return OnnxRuntimeClassifier(bundle, threads=threads)
    from services.vision.classifiers.openvino import OpenVinoClassifier, load_auto

    if precision == PrecisionChoice.AUTO:
        return load_auto(bundle, threads=threads)
    return OpenVinoClassifier(bundle, precision=Precision(precision), threads=threads)
