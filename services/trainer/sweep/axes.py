"""Settings with alternatives, and the candidates that they span.

    optim.lr=0.02:0.05:0.1 model.head.units=:512,256 model.head.pooling=gap

A colon separates alternatives: it means nothing to a shell or to make (``|`` would need quotes in
both), and no number, name or list holds one (a comma separates the items of a list, a slash is part
of a path). A colon before ``//`` is that of an address. An empty alternative is an empty list.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from services.trainer.config import TrainConfig, with_overrides

_SEPARATOR = re.compile(r":(?!//)")
_KEY_DIGITS = 12
# What else to call the axes that a sweep sets by itself.
_RESERVED = {"loop.epochs": "--rungs"}


@dataclass(frozen=True, slots=True)
class Axis:
    """A setting by its dotted path, and its alternatives as they were typed."""

    path: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A recipe to try, and the values that distinguish it from the others, one per axis."""

    values: tuple[str, ...]
    config: TrainConfig

    @property
    def key(self) -> str:
        """12 hex digits that identify the whole recipe."""
        recipe = json.dumps(self.config.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(recipe.encode()).hexdigest()[:_KEY_DIGITS]


def parse_settings(settings: Sequence[str]) -> tuple[list[str], list[Axis]]:
    """Return the settings that are the same for all candidates, and the axes.

    Raises:
        ValueError: if a setting is named twice or is not a candidate's to set.
    """
    fixed, axes, seen = [], [], set()
    for setting in settings:
        path, _, value = setting.partition("=")
        path = path.strip()
        if path in seen:
            raise ValueError(f"{path} is set twice; write its alternatives as {path}=A:B")
        seen.add(path)
        if path in _RESERVED:
            raise ValueError(f"{path} is what {_RESERVED[path]} says")
        values = tuple(part.strip() for part in _SEPARATOR.split(value))
        if len(values) > 1:
            axes.append(Axis(path, values))
        else:
            fixed.append(setting)
    return fixed, axes


def candidates(
    config: TrainConfig, axes: Sequence[Axis], *, sample: int | None = None
) -> tuple[Candidate, ...]:
    """Return the full grid, or ``sample`` of it drawn by the recipe's seed.

    Raises:
        ValueError: if there is no axis, or any recipe of the grid is wrong or there twice.
    """
    if not axes:
        raise ValueError("nothing to compare: give a setting alternatives, as optim.lr=0.02:0.05")
    shape = tuple(len(axis.values) for axis in axes)
    total = math.prod(shape)
    if sample is None or sample >= total:
        chosen = np.arange(total)
    else:
        rng = np.random.default_rng(config.loop.seed)
        chosen = np.sort(rng.choice(total, size=sample, replace=False))
        # An alternative that was not drawn must not hide that it is wrong.
        for cell in _neighbours(shape):
            _candidate(config, axes, cell)
    found: dict[str, Candidate] = {}
    for index in chosen:
        one = _candidate(config, axes, np.unravel_index(index, shape))
        if one.key in found:
            raise ValueError(f"{named(axes, one)} is there twice: the same values, spelt otherwise")
        found[one.key] = one
    return tuple(found.values())


def settings_of(axes: Sequence[Axis], candidate: Candidate) -> list[str]:
    """Return a candidate's own settings as the command line takes them."""
    return _settings(axes, candidate.values)


def named(axes: Sequence[Axis], candidate: Candidate) -> str:
    """Return the same in one line, for people."""
    return " ".join(settings_of(axes, candidate))


def _candidate(config: TrainConfig, axes: Sequence[Axis], cell: Sequence[np.intp]) -> Candidate:
    values = tuple(axis.values[index] for axis, index in zip(axes, cell, strict=True))
    settings = _settings(axes, values)
    try:
        return Candidate(values, with_overrides(config, settings))
    except ValueError as error:
        raise ValueError(f"{' '.join(settings)}: {error}") from error


def _settings(axes: Sequence[Axis], values: Sequence[str]) -> list[str]:
    return [f"{axis.path}={value}" for axis, value in zip(axes, values, strict=True)]


def _neighbours(shape: Sequence[int]) -> Iterator[tuple[np.intp, ...]]:
    """Yield the cells that differ from the first in one axis: each alternative once."""
    for axis, size in enumerate(shape):
        for index in range(size):
            yield tuple(np.intp(index if axis == other else 0) for other in range(len(shape)))
