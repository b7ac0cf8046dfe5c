"""Why a data set is not made or not given out."""

from services.common.domain.errors import HferError


class DatasetTooSmallError(HferError):
    """Too few faces are reviewed, of an expression or to judge on."""

    code = "dataset-too-small"


class DatasetNotReadyError(HferError):
    """It is still being built, or could not be."""

    code = "dataset-not-ready"
