"""Why a change of models is refused."""

from services.common.domain.errors import HferError


class ModelVersionTakenError(HferError):
    """Another bundle was published under this name and version."""

    code = "model-version-taken"


class ModelWorseError(HferError):
    """The model's macro F1 is too far below the active one's, or one of them is unknown."""

    code = "model-worse"


class NothingToRollBackError(HferError):
    """No model was active before the present one."""

    code = "nothing-to-roll-back"


class CanaryIsActiveError(HferError):
    """The candidate is the active model already."""

    code = "canary-is-active"
