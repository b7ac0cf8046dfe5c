"""A network in the two forms that TensorFlow knows: a ``.keras`` file and a SavedModel.

``model.keras`` is what training can continue from; a SavedModel is for those who serve with
TensorFlow. Its signature is that of a bundle's graph: "crops" float32 ``[N, S, S, C]``, 0..255,
to "logits" ``[N, 7]``. Prior shift and temperature stay in the bundle's manifest.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from services.trainer.errors import RunError
from services.trainer.export.bundle import compare_answers
from services.trainer.files import replacing
from services.trainer.networks.layers import FusedBatchNorm

# A process that builds no network has not registered them: `export` could not read a run's.
_LAYERS = {"hfer>FusedBatchNorm": FusedBatchNorm}

Logits = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


def load_network(path: Path) -> keras.Model:
    """Load a ``model.keras`` that a run wrote."""
    loaded: keras.Model = keras.saving.load_model(
        path, compile=False, safe_mode=True, custom_objects=_LAYERS
    )
    return loaded


def forward_pass(model: keras.Model) -> Any:
    """Compile ``model`` as it answers, once for batches of every size."""
    crops = tf.TensorSpec((None, *model.input_shape[1:]), tf.float32)
    return tf.function(lambda crops: model(crops, training=False), input_signature=[crops])


def inference(model: keras.Model, *, batch_size: int = 256) -> Logits:
    """Return a function from uint8 ``[N, S, S, C]`` to logits float32 ``[N, K]``."""
    forward = forward_pass(model)

    def logits(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        parts = [
            forward(tf.constant(crops[start : start + batch_size], dtype=tf.float32)).numpy()
            for start in range(0, len(crops), batch_size)
        ]
        return np.concatenate(parts)

    return logits


def save_keras(model: keras.Model, path: Path) -> None:
    """Write ``path`` so that a kill leaves the old file or the new one."""
    scratch = path.with_name(f".{path.name}")  # Keras wants the ending
    model.save(scratch)
    scratch.replace(path)


def load_keras(path: Path) -> keras.Model:
    """Load what ``save_keras`` wrote.

    Raises:
        RunError: if it is missing, damaged or of a Keras that this one cannot read.
    """
    if not path.is_file():
        raise RunError(f"{path} is missing; run evaluate first.")
    try:
        return load_network(path)
    except Exception as error:  # a damaged archive makes Keras raise whatever it stumbles upon
        raise RunError(
            f"{path} cannot be read ({type(error).__name__}); run evaluate again."
        ) from error


def keras_bytes(model: keras.Model) -> bytes:
    """Return the content of a ``.keras`` file that, loaded again, answers like ``model``.

    Raises:
        ExportError: if it does not.
    """
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "model.keras"
        model.save(path)
        answers = inference(load_network(path))
        compare_answers(answers, reference=inference(model), shape=_shape(model), what="Keras file")
        return path.read_bytes()


def replace_saved_model(out: Path, model: keras.Model) -> float:
    """Write a SavedModel beside ``out`` and move it there once it answers like ``model``.

    Returns:
        The largest difference of a probability.

    Raises:
        RunError: if ``out`` holds something that is not a SavedModel.
        ExportError: if it answers otherwise.
    """
    shape = _shape(model)
    with replacing(out, mark="saved_model.pb", what="SavedModel") as fresh:
        archive = keras.export.ExportArchive()
        archive.track(model)
        archive.add_endpoint(
            "serve",
            lambda crops: {"logits": model(crops, training=False)},
            input_signature=[tf.TensorSpec((None, *shape), tf.float32, name="crops")],
        )
        archive.write_out(fresh, verbose=False)
        loaded = tf.saved_model.load(fresh)  # named, as it alone keeps the variables alive
        serve = loaded.signatures["serving_default"]

        def answers(crops: NDArray[np.uint8]) -> Any:
            return serve(crops=tf.constant(crops, tf.float32))["logits"].numpy()

        return compare_answers(answers, reference=inference(model), shape=shape, what="SavedModel")


def _shape(model: keras.Model) -> tuple[int, int, int]:
    height, width, channels = model.input_shape[1:]
    return height, width, channels
