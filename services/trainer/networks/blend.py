"""Mix the weights that a run started from into those that it ended with."""

from collections.abc import Callable

import keras
import numpy as np
from numpy.typing import NDArray

from services.trainer.config import ModelConfig, Precision
from services.trainer.networks.build import build_network
from services.trainer.networks.normalisation import Normalisation
from services.trainer.networks.pretrained import load_pretrained
from services.trainer.networks.saved_network import Logits, inference

# The loss of each validation image, float ``[N]``, of a network that is a function of crops.
Losses = Callable[[Logits], NDArray[np.float64]]
# Nearest to the earlier model first.
_SHARES = (0.75, 0.5, 0.25, 0.0)


def blend_earlier(
    model: keras.Model,
    config: ModelConfig,
    *,
    size: int,
    normalisation: Normalisation,
    losses: Losses | None = None,
) -> float:
    """Replace each weight by ``blend * earlier + (1 - blend) * its own``, in place.

    A network and the one trained from it lie in one basin of the loss: the mean of their weights is
    often better than both, on what each of them learned (Wortsman et al., arXiv 2109.01903).
    BatchNorm's statistics are mixed alike: measuring them anew lost the starter half a point.

    Args:
        model: float32, of the recipe.
        config: names the weights that it started from.
        size: side of the crops, in pixels.
        normalisation: of the pixels.
        losses: to choose the share by, where the recipe says "chosen".

    Returns:
        The share of the earlier weights.

    Raises:
        WeightsError: if those weights cannot be had any more.
    """
    earlier = build_network(
        config, size=size, normalisation=normalisation, precision=Precision.FLOAT32
    )
    load_pretrained(earlier, config)
    pairs = [
        (ours, ours.numpy(), theirs.numpy())
        for ours, theirs in zip(model.weights, earlier.weights, strict=True)
        if ours.dtype == "float32"  # seeds of dropout are whole numbers
    ]

    def mix(share: float) -> None:
        for variable, own, theirs in pairs:
            variable.assign((1 - share) * own + share * theirs)

    if isinstance(config.blend, float):
        share = config.blend
    elif losses is None:
        raise ValueError("model.blend=chosen needs validation images to choose by")
    else:
        found, logits_of = [], inference(model)
        for each in _SHARES:
            mix(each)
            found.append(losses(logits_of))
        share = _SHARES[_chosen(found)]
    mix(share)
    return share


def _chosen(losses: list[NDArray[np.float64]]) -> int:
    """Return the first that is no worse than the best by more than luck: one standard error."""
    best = min(losses, key=lambda each: float(each.mean()))
    gaps = [each - best for each in losses]
    return next(
        index for index, gap in enumerate(gaps) if gap.mean() <= gap.std() / len(gap) ** 0.5
    )
