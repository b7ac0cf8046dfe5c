"""The network: a backbone, where its weights come from, and a head."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, PositiveInt, model_validator

from services.trainer.config.base import Section, Share

# What ``model.weights`` may name that is neither a file nor a model of this trainer.
PUBLISHED_WEIGHTS = frozenset({"none", "imagenet", "faceres"})


class Backbone(StrEnum):
    """Feature extractors: three of our own, the others from ``keras.applications``."""

    DENSENET_BC = "densenet_bc"
    EFFICIENTNET_LITE0 = "efficientnet_lite0"
    MOBILENET_V1 = "mobilenet_v1"
    VGG16 = "vgg16"
    RESNET50 = "resnet50"
    DENSENET121 = "densenet121"
    DENSENET169 = "densenet169"
    EFFICIENTNETV2_B0 = "efficientnetv2_b0"
    EFFICIENTNETV2_S = "efficientnetv2_s"


class DenseNetConfig(Section):
    """A DenseNet-BC (Huang et al., arXiv 1608.06993) with a small stem.

    Attributes:
        blocks: layers per dense block.
        growth: channels that each layer adds.
        stem: channels of the first convolution, 3x3 with stride 2 and no pooling after it.
    """

    blocks: Annotated[tuple[PositiveInt, ...], Field(min_length=1)] = (6, 12, 24, 16)
    growth: int = Field(default=16, ge=1)
    stem: int = Field(default=32, ge=1)


class HeadConfig(Section):
    """The layers between the backbone's last maps and the seven logits.

    Attributes:
        pooling: "gap" averages each map, "flatten" keeps every cell.
        units: sizes of hidden layers; none by default.
        l2: penalty of each hidden layer's kernel (``l2 * sum(kernel**2)``), one per layer.
        dropout: after each hidden layer, or before the logits where there is none.
        activation: of the hidden layers.
    """

    pooling: Literal["gap", "flatten"] = "gap"
    units: tuple[PositiveInt, ...] = ()
    l2: tuple[float, ...] = ()
    dropout: float = Field(default=0.2, ge=0, lt=1)
    activation: Literal["relu", "elu", "selu", "gelu", "swish", "tanh"] = "relu"

    @model_validator(mode="after")
    def _one_penalty_per_layer(self) -> "HeadConfig":
        if self.l2 and len(self.l2) != len(self.units):
            raise ValueError(f"head.l2 has {len(self.l2)} values for {len(self.units)} layers")
        return self


class ModelConfig(Section):
    """The network.

    Attributes:
        backbone: the feature extractor.
        weights: "none" for random ones, "imagenet", "faceres" (``mobilenet_v1``; of faces, see
            docs/training.md), or the path of an ``.npz`` file with one array per variable
            (``layer/variable``), or of a run folder or bundle to start from.
        freeze: backbone layers, counted from the image, that are not trained: a number or "all".
        enlarge: factor by which the graph enlarges the crops (bilinear) before the backbone.
        blend: share of the weights that it started from in those that are shipped
            (``networks/blend.py``); 0 takes the new ones alone, "chosen" what fits validation.
        stored: what the kernels are rounded to when the network is finished. It is evaluated with
            rounded ones, and "float16" halves its file.
        int8: put a network in int8 into the bundle as well, see the command ``quantise``.
        head: what follows the backbone.
        densenet: the shape of ``densenet_bc``; ignored by the others.
    """

    backbone: Backbone = Backbone.DENSENET_BC
    weights: str = "none"
    freeze: Annotated[int, Field(ge=0)] | Literal["all"] = 0
    enlarge: int = Field(default=1, ge=1, le=8)
    blend: Share | Literal["chosen"] = 0.0
    stored: Literal["float32", "float16"] = "float32"
    int8: bool = False
    head: HeadConfig = HeadConfig()
    densenet: DenseNetConfig = DenseNetConfig()

    @model_validator(mode="after")
    def _blends_with_something(self) -> "ModelConfig":
        if self.blend and self.weights in PUBLISHED_WEIGHTS:
            raise ValueError("model.blend needs model.weights to name a run or a bundle")
        return self
