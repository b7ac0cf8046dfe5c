"""What can go wrong while training, with a sentence that tells the user what to do."""

from services.common.domain.errors import HferError


class DataLayoutError(HferError):
    """The data folder is not laid out as any form that the trainer reads."""

    code = "data-layout"


class VotesError(HferError):
    """A table of votes does not fit, or not to the images."""

    code = "votes"


VOTES_NEEDED = (
    "loss.own_label_weight is for data with votes, whose own label a second head learns; name them "
    "(data.votes=FILE) or leave it out (loss.own_label_weight=0)."
)


class SeenImagesError(HferError):
    """A model is to be evaluated on images that it was trained on."""

    code = "seen-images"


class RunError(HferError):
    """A run folder cannot be started, resumed or used as asked."""

    code = "run"


class TrainingDivergedError(HferError):
    """The loss is no longer a number."""

    code = "training-diverged"


class NetworkError(HferError):
    """The recipe describes a network that cannot be built, or that this machine cannot train."""

    code = "network"


class ExportError(HferError):
    """The network cannot be exported, or its graph does not answer like it."""

    code = "export"


class WeightsError(HferError):
    """Pretrained weights cannot be had, or do not fit the network."""

    code = "weights"
