"""Curves for TensorBoard, exact after a resume."""

from collections.abc import Mapping
from pathlib import Path

import tensorflow as tf


class TensorBoard:
    """A ``run_log.Scalars`` that writes event files into one folder, one file per session.

    TensorBoard drops what earlier files say from the step of a START event on. Only the writer
    of TensorFlow 1 can add one; it still ships, and asks for a graph to be made in.
    """

    def __init__(self, folder: Path) -> None:
        """Write below ``folder``, made at the first event."""
        self._folder = folder
        self._writer: tf.compat.v1.summary.FileWriter | None = None

    def began(self, *, step: int) -> None:
        """See ``Scalars.began``."""
        with tf.Graph().as_default():
            self._writer = tf.compat.v1.summary.FileWriter(str(self._folder))
        start = tf.compat.v1.SessionLog(status=tf.compat.v1.SessionLog.START)
        self._writer.add_session_log(start, step + 1)
        self._writer.flush()

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """See ``Scalars.write``."""
        if self._writer is None:
            raise RuntimeError("began() comes first")
        value = tf.compat.v1.Summary.Value
        points = [value(tag=name, simple_value=number) for name, number in values.items()]
        self._writer.add_summary(tf.compat.v1.Summary(value=points), step)
        self._writer.flush()
