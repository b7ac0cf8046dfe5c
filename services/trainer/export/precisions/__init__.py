"""Arithmetics beside float32: a bundle's graph in int8, and what each costs in answers."""

from services.trainer.export.precisions.child import (
    CALIBRATION_CROPS,
    EXACT_CONVOLUTIONS,
    quantised,
)
from services.trainer.export.precisions.cost import evaluate_precisions

__all__ = ["CALIBRATION_CROPS", "EXACT_CONVOLUTIONS", "evaluate_precisions", "quantised"]
