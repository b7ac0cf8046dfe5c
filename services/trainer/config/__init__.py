"""The recipe of a run: typed, frozen, one file per section."""

from services.trainer.config.augment import NO_AUGMENT, AugmentConfig
from services.trainer.config.data import DataConfig
from services.trainer.config.loop import LoopConfig, Precision
from services.trainer.config.loss import DistillConfig, ImbalanceConfig, LossConfig
from services.trainer.config.model import (
    PUBLISHED_WEIGHTS,
    Backbone,
    DenseNetConfig,
    HeadConfig,
    ModelConfig,
)
from services.trainer.config.optim import EarlyStopConfig, OptimConfig, PlateauConfig
from services.trainer.config.recipe import TrainConfig, with_overrides

__all__ = [
    "NO_AUGMENT",
    "PUBLISHED_WEIGHTS",
    "AugmentConfig",
    "Backbone",
    "DataConfig",
    "DenseNetConfig",
    "DistillConfig",
    "EarlyStopConfig",
    "HeadConfig",
    "ImbalanceConfig",
    "LoopConfig",
    "LossConfig",
    "ModelConfig",
    "OptimConfig",
    "PlateauConfig",
    "Precision",
    "TrainConfig",
    "with_overrides",
]
