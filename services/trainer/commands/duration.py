"""How long a recipe takes without a GPU, roughly: to say before it starts."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.trainer.config import Backbone, DenseNetConfig, Precision, TrainConfig


@dataclass(frozen=True, slots=True)
class Cpu:
    """What an estimate counts of a machine.

    Attributes:
        cores: of the CPU.
        bfloat16: whether it has instructions for that.
    """

    cores: int
    bfloat16: bool


@dataclass(frozen=True, slots=True)
class _Speed:
    """Training images per second and core, for crops of ``side`` pixels, all layers trained."""

    side: int
    rate: float


# Measured in float32 on EPYC cores of 2.4 GHz with AVX2; those with AVX-512 are 1.6 times as fast.
_SPEEDS: Mapping[Backbone, _Speed] = {
    Backbone.DENSENET_BC: _Speed(side=48, rate=42),
    Backbone.EFFICIENTNET_LITE0: _Speed(side=96, rate=40),
    Backbone.MOBILENET_V1: _Speed(side=96, rate=50),
    Backbone.DENSENET121: _Speed(side=224, rate=1.6),
}
# Against float32, measured with DENSENET_BC: on Sapphire Rapids, and on those EPYC cores.
_BFLOAT16_GAIN, _BFLOAT16_LOSS = 1.4, 8.3


def seconds_per_epoch(config: TrainConfig, *, images: int, cpu: Cpu) -> float | None:
    """Estimate an epoch's time on a CPU in seconds; None for a network that was not measured.

    Args:
        config: of it counts the network, its input's size (the cost goes with the pixels), the
            precision and ``loop.threads``.
        images: trained on.
        cpu: of the machine.
    """
    speed = _SPEEDS.get(config.model.backbone)
    if speed is None or config.model.densenet != DenseNetConfig():
        return None
    pixels = (config.data.size * config.model.enlarge / speed.side) ** 2
    rate = speed.rate * min(cpu.cores, config.loop.threads)
    if config.loop.precision is Precision.MIXED_BFLOAT16:
        rate = rate * _BFLOAT16_GAIN if cpu.bfloat16 else rate / _BFLOAT16_LOSS
    return images * pixels / rate


def in_words(seconds: float) -> str:
    """Return a duration as people say one: 40 s, 50 min, 7 h, 3 days."""
    for unit, size, enough in (("s", 1, 90), ("min", 60, 90), ("h", 3_600, 36)):
        if seconds < size * enough:
            return f"{max(1, round(seconds / size))} {unit}"
    return f"{round(seconds / 86_400)} days"
