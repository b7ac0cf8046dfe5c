"""Post-training quantisation: a bundle's graph in int8, and what each arithmetic costs."""

from services.trainer.int8.child import CALIBRATION_CROPS, EXACT_CONVOLUTIONS, quantised
from services.trainer.int8.cost import judge_precisions

__all__ = ["CALIBRATION_CROPS", "EXACT_CONVOLUTIONS", "judge_precisions", "quantised"]
