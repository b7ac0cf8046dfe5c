"""The recipe of a run: typed, frozen, saved whole beside the checkpoints.

Every field can be set from the command line by its dotted path: ``optim.lr=0.03``.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]


class Precision(StrEnum):
    """What the network computes in while training; weights are float32 either way."""

    FLOAT32 = "float32"
    MIXED_BFLOAT16 = "mixed_bfloat16"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DataConfig(_Frozen):
    """What the cache holds and how it is split.

    Attributes:
        size: side of the square images, in pixels.
        channels: 1 for gray, 3 for RGB.
        validation_share: cut from the training images when the folders bring no validation set.
        test_share: the same for the test set, when there are class folders only.
        near_duplicate: correlation at 24x24 from which two images count as the same photo.
        split_seed: seed of those cuts.
        name: of the data set, in the manifest and the model card.
        licence: its terms, likewise.
        crop_margin: how the images frame a face against the detector's box, so that serving
            cuts the same (``data/framing.py`` measures it); as in ``vision.InputSpec``.
        centre_dx: likewise.
        centre_dy: likewise. These last five: None is what ``data/known.py`` says.
    """

    size: int = Field(default=48, ge=16, le=512)
    channels: Literal[1, 3] = 1
    validation_share: float = Field(default=0.1, gt=0, lt=0.5)
    test_share: float = Field(default=0.1, gt=0, lt=0.5)
    near_duplicate: float = Field(default=0.98, gt=0.5, le=1)
    split_seed: int = 42
    name: str | None = Field(default=None, min_length=1)
    licence: str | None = Field(default=None, min_length=1)
    crop_margin: float | None = Field(default=None, gt=-1, le=4)
    centre_dx: float | None = Field(default=None, ge=-1, le=1)
    centre_dy: float | None = Field(default=None, ge=-1, le=1)


class ModelConfig(_Frozen):
    """A DenseNet-BC (Huang et al., arXiv 1608.06993) with a small stem.

    Attributes:
        blocks: layers per dense block.
        growth: channels that each layer adds.
        stem: channels of the first convolution, 3x3 with stride 2 and no pooling after it.
        dropout: before the last layer.
    """

    blocks: tuple[int, ...] = (6, 12, 24, 16)
    growth: int = Field(default=16, ge=1)
    stem: int = Field(default=32, ge=1)
    dropout: float = Field(default=0.2, ge=0, lt=1)


class OptimConfig(_Frozen):
    """SGD with Nesterov momentum, linear warm-up and one cosine to zero, step by step.

    ``weight_decay`` is an L2 gradient on kernels (not on biases or BatchNorm), added after the
    gradient is clipped to the global norm ``clip_norm``.
    """

    lr: float = Field(default=0.05, gt=0)
    momentum: float = Field(default=0.9, ge=0, lt=1)
    weight_decay: float = Field(default=5e-4, ge=0)
    clip_norm: float = Field(default=2.0, gt=0)
    warmup_steps: int = Field(default=800, ge=0)
    label_smoothing: float = Field(default=0.1, ge=0, lt=1)
    ema_decay: float = Field(default=0.999, ge=0, lt=1)


class AugmentConfig(_Frozen):
    """Random changes of training images; evaluation sees none.

    ``shift`` is a share of the side, ``zoom`` the largest relative change of scale,
    ``rotate`` degrees, ``brightness`` and ``contrast`` relative, ``erase`` the probability of
    replacing a rectangle of ``erase_area`` (shares of the image) with noise.
    """

    flip: Share = 0.5
    shift: float = Field(default=0.1, ge=0, lt=0.5)
    zoom: float = Field(default=0.1, ge=0, lt=0.5)
    rotate: float = Field(default=10.0, ge=0, le=90)
    brightness: float = Field(default=0.2, ge=0, lt=1)
    contrast: float = Field(default=0.3, ge=0, lt=1)
    erase: Share = 0.5
    erase_area: tuple[Share, Share] = (0.02, 0.2)


class LoopConfig(_Frozen):
    """How long and how often. ``bn_batches`` re-estimate BatchNorm for the averaged weights."""

    epochs: int = Field(default=26, ge=1)
    batch_size: int = Field(default=64, ge=1)
    eval_batch_size: int = Field(default=256, ge=1)
    bn_batches: int = Field(default=50, ge=1)
    checkpoint_minutes: float = Field(default=5.0, gt=0)
    precision: Precision = Precision.FLOAT32
    threads: int = Field(default=2, ge=1)
    seed: int = 0


class TrainConfig(_Frozen):
    """The whole recipe."""

    preset: str
    data: DataConfig = DataConfig()
    model: ModelConfig = ModelConfig()
    optim: OptimConfig = OptimConfig()
    augment: AugmentConfig = AugmentConfig()
    loop: LoopConfig = LoopConfig()


def with_overrides(config: TrainConfig, overrides: Sequence[str]) -> TrainConfig:
    """Return ``config`` with ``section.field=value`` settings applied and checked.

    Raises:
        ValueError: if a setting is malformed, names no field, or has a value out of range.
    """
    tree = config.model_dump(mode="json")
    for override in overrides:
        path, sign, value = override.partition("=")
        name, dot, field = path.strip().partition(".")
        section = tree.get(name)
        if not (sign and dot and isinstance(section, dict) and field in section):
            raise ValueError(f"{override!r} is not a setting; write it as optim.lr=0.03")
        section[field] = _parse(value.strip(), like=section[field])
    return TrainConfig.model_validate(tree)


def _parse(value: str, *, like: object) -> object:
    """Lists are comma-separated; pydantic turns the texts into numbers and checks ranges."""
    return [part.strip() for part in value.split(",")] if isinstance(like, list) else value
