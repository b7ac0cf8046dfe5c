"""The whole recipe of a run, and settings from the command line.

Every field can be set by its dotted path: ``optim.lr=0.03``, ``loss.imbalance.method=focal``.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from services.trainer.config.augment import AugmentConfig
from services.trainer.config.base import Section
from services.trainer.config.data import DataConfig
from services.trainer.config.loop import LoopConfig
from services.trainer.config.loss import LossConfig
from services.trainer.config.model import ModelConfig
from services.trainer.config.optim import EarlyStopConfig, OptimConfig


class TrainConfig(Section):
    """The whole recipe, saved beside the checkpoints and in the bundle."""

    preset: str
    data: DataConfig = DataConfig()
    model: ModelConfig = ModelConfig()
    optim: OptimConfig = OptimConfig()
    loss: LossConfig = LossConfig()
    augment: AugmentConfig = AugmentConfig()
    loop: LoopConfig = LoopConfig()


def with_overrides(config: TrainConfig, overrides: Sequence[str]) -> TrainConfig:
    """Return ``config`` with ``section.field=value`` settings applied and checked.

    A value "none" is None where the field allows it; ``optim.early_stop.patience=5`` turns the
    early stop on.

    Raises:
        ValueError: if a setting is malformed, names no field, or has a value out of range.
    """
    tree = config.model_dump(mode="json")
    for override in overrides:
        path, sign, value = override.partition("=")
        *sections, field = path.strip().split(".")
        branch = _branch(tree, sections)
        if not (sign and sections and branch is not None and field in branch):
            raise ValueError(f"{override!r} is not a setting; write it as optim.lr=0.03")
        branch[field] = _parse(value.strip(), like=branch[field])
    return TrainConfig.model_validate(tree)


def _branch(tree: dict[str, Any], sections: Sequence[str]) -> dict[str, Any] | None:
    branch: Any = tree
    for name in sections:
        if not isinstance(branch, dict) or name not in branch:
            return None
        if branch[name] is None and name in _OPTIONAL:
            branch[name] = _OPTIONAL[name].model_dump(mode="json")
        branch = branch[name]
    return branch if isinstance(branch, dict) else None


# Sections that may be None and are turned on by setting one of their fields.
_OPTIONAL: Mapping[str, Section] = {"early_stop": EarlyStopConfig()}


def _parse(value: str, *, like: object) -> object:
    """Lists are comma-separated; pydantic turns the texts into numbers and checks ranges."""
    if isinstance(like, (list, tuple)):
        return [part.strip() for part in value.split(",") if part.strip()]
    return None if value == "none" and not isinstance(like, str) else value
