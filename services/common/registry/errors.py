"""Why a change of models is refused."""

from services.common.domain.errors import HferError


class ModelVersionTakenError(HferError):
    """Another bundle was published under this name and version."""

    code = "model-version-taken"


class ModelWorseError(HferError):
    """The model's macro F1 is too far below the active one's, on the same test."""

    code = "model-worse"


class ModelNotComparableError(HferError):
    """No test set is known on which the model and the active one were both evaluated."""

    code = "model-not-comparable"


class ModelNotLoadableError(HferError):
    """A live worker tried to load the model and could not."""

    code = "model-not-loadable"


class TrialLoadUnfinishedError(HferError):
    """A live worker began to load the model and did not end in time."""

    code = "trial-load-unfinished"


class NothingToRollBackError(HferError):
    """No model was active before the present one."""

    code = "nothing-to-roll-back"


class CanaryIsActiveError(HferError):
    """The candidate is the active model already."""

    code = "canary-is-active"
