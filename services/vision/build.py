"""The pipeline of a bundle: engines chosen, loaded, verified and warm."""

from pathlib import Path

import cv2

from services.common.domain.limits import PhotoLimits
from services.vision.bundle import Bundle, load_bundle
from services.vision.classifiers.choice import PrecisionChoice
from services.vision.classifiers.port import ExpressionClassifier, Precision
from services.vision.engines import (
    ClassifierKind,
    DetectorKind,
    classifier_of,
    cuda_available,
    detector_of,
    load_classifier,
    load_detector,
)
from services.vision.pipeline import Pipeline
from services.vision.verified import verified


def build_pipeline(
    bundle_dir: Path,
    mtcnn_dir: Path,
    *,
    detector: DetectorKind = DetectorKind.AUTO,
    classifier: ClassifierKind = ClassifierKind.AUTO,
    precision: Precision | PrecisionChoice = PrecisionChoice.AUTO,
    threads: int = 1,
    limits: PhotoLimits | None = None,
    tiles: bool = False,
) -> Pipeline:
    """Load and verify everything and warm it up; the pipeline returned is ready for photos.

    Args:
        bundle_dir: the folder of the expression model.
        mtcnn_dir: the folder of the exported MTCNN networks; RetinaFace's lies beside it.
        detector: AUTO is `DEFAULT_DETECTOR`; RetinaFace runs in the classifier's engine.
        classifier: AUTO is onnxruntime where CUDA is, else openvino.
        precision: of the openvino classifier; AUTO is what suits bundle and CPU.
        threads: inference threads of this process.
        limits: the product's when None.
        tiles: whether analyses come with the thumbnail and the crops of their photo.

    Raises:
        BundleError: if a file is not what its hash says, the network cannot be run or the golden
            answers differ.
        TransientError: if there is too little memory.
    """
    cv2.setNumThreads(threads)  # else each process takes every core
    bundle = load_bundle(bundle_dir)
    may_use_cuda = detector is DetectorKind.FACENET or classifier is ClassifierKind.AUTO
    cuda = may_use_cuda and cuda_available()
    chosen = classifier_of(classifier, cuda=cuda)

    def load(bundle: Bundle) -> ExpressionClassifier:
        return load_classifier(chosen, bundle, cuda=cuda, precision=precision, threads=threads)

    engine = verified(bundle, load)
    faces = load_detector(detector, mtcnn_dir, engine=chosen, cuda=cuda, threads=threads)
    pipeline = Pipeline(
        faces,
        engine,
        bundle,
        limits=limits or PhotoLimits(),
        detector_kind=detector_of(detector),
        load=load,
        tiles=tiles,
    )
    pipeline.warm_up()
    return pipeline
