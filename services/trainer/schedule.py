"""The learning rate as a function of the step alone, so that a resumed run needs no state."""

import math


def learning_rate(step: int, *, peak: float, warmup_steps: int, total_steps: int) -> float:
    """Return the rate for ``step`` (from 0): linear warm-up to ``peak``, then cosine to 0."""
    warmup = min(warmup_steps, total_steps // 2)
    if step < warmup:
        return peak * (step + 1) / warmup
    progress = (step - warmup) / max(1, total_steps - warmup)
    return peak * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
