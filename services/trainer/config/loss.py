"""What is minimised: smoothed cross-entropy, remedies for imbalance, a teacher."""

from typing import Literal

from pydantic import Field

from services.trainer.config.base import Section, Share


class ImbalanceConfig(Section):
    """A remedy for rare classes; ``docs/training.md`` compares them.

    Attributes:
        method: "none"; "weights" (inverse frequency, clipped); "effective_number" (Cui et al.,
            arXiv 1901.05555); "focal" (Lin et al., arXiv 1708.02002); "logit_adjust" (Menon et
            al., arXiv 2007.07314); "oversample" (class frequency proportional to
            ``count ** oversample_power``).
        clip: largest weight of "weights".
        beta: of "effective_number".
        gamma: of "focal".
        tau: of "logit_adjust".
        oversample_power: 1 leaves the data as it is, 0 makes all classes equal.
    """

    method: Literal[
        "none", "weights", "effective_number", "focal", "logit_adjust", "oversample"
    ] = "none"
    clip: float = Field(default=5.0, ge=1)
    beta: float = Field(default=0.999, ge=0, lt=1)
    gamma: float = Field(default=2.0, ge=0)
    tau: float = Field(default=1.0, ge=0)
    oversample_power: Share = 0.5


class DistillConfig(Section):
    """Learn from a teacher's answers as well (Hinton et al., arXiv 1503.02531).

    Attributes:
        bundle: folder of the teacher's bundle; it must take the same crops. None: no teacher.
        weight: share of the teacher in the loss.
        temperature: softens both sides.
    """

    bundle: str | None = None
    weight: Share = 0.5
    temperature: float = Field(default=2.0, gt=0)


class LossConfig(Section):
    """The loss of one image is a mean over the batch of these parts.

    Attributes:
        label_smoothing: of the targets, whether labels or shares of votes, of both heads.
        own_label_weight: of the second head's cross-entropy to the data set's own label, where
            votes are the targets of the first. Only the first is served. 0: no second head.
        imbalance: a remedy for rare classes, of the served head.
        distill: a teacher of the served head.
    """

    label_smoothing: float = Field(default=0.1, ge=0, lt=1)
    own_label_weight: float = Field(default=0.0, ge=0, le=10)
    imbalance: ImbalanceConfig = ImbalanceConfig()
    distill: DistillConfig = DistillConfig()
