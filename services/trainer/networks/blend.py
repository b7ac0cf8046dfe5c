"""Mix the weights that a run started from into those that it ended with."""

import keras

from services.trainer.config import ModelConfig, Precision
from services.trainer.networks.build import build_network
from services.trainer.networks.normalisation import Normalisation
from services.trainer.networks.pretrained import load_pretrained


def blend_earlier(
    model: keras.Model, config: ModelConfig, *, size: int, normalisation: Normalisation
) -> None:
    """Replace each weight by ``blend * earlier + (1 - blend) * its own``, in place.

    A network and the one trained from it lie in one basin of the loss: the mean of their weights is
    often better than both, on what each of them learned (Wortsman et al., arXiv 2109.01903).
    BatchNorm's statistics are mixed alike: measuring them anew lost the starter half a point.

    Args:
        model: float32, of the recipe.
        config: names the weights that it started from.
        size: side of the crops, in pixels.
        normalisation: of the pixels.

    Raises:
        WeightsError: if those weights cannot be had any more.
    """
    earlier = build_network(
        config, size=size, normalisation=normalisation, precision=Precision.FLOAT32
    )
    load_pretrained(earlier, config)
    share = config.blend
    for ours, theirs in zip(model.weights, earlier.weights, strict=True):
        if ours.dtype == "float32":  # seeds of dropout are whole numbers
            ours.assign((1 - share) * ours.numpy() + share * theirs.numpy())
