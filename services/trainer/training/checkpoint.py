"""Checkpoints: everything that decides the next step, in one file that is whole or absent.

    checkpoints/step-00004210.npz    the last two
    checkpoints/best.npz             the best validation accuracy (of averaged weights)

An ``.npz`` of plain arrays and one JSON text; nothing is pickled.
"""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from services.common.files import write_atomically
from services.trainer.errors import RunError
from services.trainer.files import read_arrays
from services.trainer.training.schedule import ScheduleState

Array = NDArray[np.generic]

_KEEP = 2
_BEST = "best.npz"


@dataclass(frozen=True, slots=True)
class Position:
    """The position of a run. Order, augmentation and learning rate follow from it and the seed.

    Attributes:
        step: optimiser steps done.
        best_accuracy: of the averaged weights on validation, at the end of any epoch so far.
        epoch_loss: sum of the losses of the present epoch's steps so far.
        seconds: training time so far, over all sessions.
        sessions: how many processes worked on it.
        schedule: what validation changed so far; None before the first epoch's end.
    """

    step: int = 0
    best_accuracy: float = -1.0
    epoch_loss: float = 0.0
    seconds: float = 0.0
    sessions: int = 1
    schedule: ScheduleState | None = None


_POSITION = TypeAdapter(Position)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """``arrays`` by name: model, optimiser, averaged weights, seeds of dropout."""

    position: Position
    arrays: dict[str, Array]


class CheckpointStore:
    """The checkpoints of one run folder."""

    def __init__(self, folder: Path) -> None:
        """Use ``folder``, made at the first save."""
        self._folder = folder

    @property
    def is_empty(self) -> bool:
        """Whether nothing was saved yet."""
        return not self._steps()

    def save(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint named by its step; then drop all but the last two."""
        self._write(f"step-{checkpoint.position.step:08d}.npz", checkpoint)
        for path in self._steps()[:-_KEEP]:
            path.unlink()

    def save_best(self, checkpoint: Checkpoint) -> None:
        """Replace the best checkpoint."""
        self._write(_BEST, checkpoint)

    def load_last(self) -> Checkpoint | None:
        """Return the newest checkpoint, or None in a fresh run.

        Raises:
            RunError: if it is damaged.
        """
        steps = self._steps()
        return self._read(steps[-1]) if steps else None

    def load_best(self) -> Checkpoint:
        """Return the best checkpoint.

        Raises:
            RunError: if no epoch has been completed, or it is damaged.
        """
        return self._read(self._folder / _BEST)

    def _steps(self) -> list[Path]:
        return sorted(self._folder.glob("step-*.npz"))

    def _write(self, name: str, checkpoint: Checkpoint) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        for scratch in self._folder.glob(".*.tmp"):  # a kill's, of a step that may not come again
            scratch.unlink()
        buffer = io.BytesIO()
        position = np.array(_POSITION.dump_json(checkpoint.position).decode())
        np.savez(buffer, allow_pickle=False, position=position, **checkpoint.arrays)
        write_atomically(self._folder / name, buffer.getvalue())

    @staticmethod
    def _read(path: Path) -> Checkpoint:
        try:
            arrays = read_arrays(path)
            position = _POSITION.validate_json(str(arrays.pop("position")))
        except FileNotFoundError as error:
            raise RunError(f"{path} is missing; train to the end of an epoch first.") from error
        except (OSError, ValueError, KeyError) as error:
            remedy = (
                "judge the last one instead"
                if path.name == _BEST
                else "remove it and resume from the one before"
            )
            raise RunError(f"{path} is damaged; {remedy}.") from error
        return Checkpoint(position, arrays)
