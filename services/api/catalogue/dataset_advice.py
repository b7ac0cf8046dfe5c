"""What the catalogue says about problems with data sets."""

from collections.abc import Mapping
from types import MappingProxyType

from services.api.catalogue.explained import Advice
from services.api.problems import ProblemCode

_DATASETS = "/v1/datasets"

DATASET_ADVICE: Mapping[ProblemCode, Advice] = MappingProxyType(
    {
        ProblemCode.DATASET_TOO_SMALL: Advice(
            "The reviews are too few for the data set, so none was made.",
            "Few faces were drawn at random and reviewed blind, and no others may be held out to"
            " judge a model by; or an expression was hardly reviewed.",
            "Do what `detail` says: draw and review more, or ask for less by `held_out` and"
            " `least_of_each`.",
            "12 faces are held out to judge a model by, and 30 are needed.",
            _DATASETS,
        ),
        ProblemCode.DATASET_NOT_READY: Advice(
            "The data set has no faces to give out yet.",
            "They are still being cut out of the photos, which takes some seconds for 100; or the"
            " data set could not be built, and `failure` says why.",
            "Look at it until `state` is `ready`. One that is `failed` stays so: make another.",
            "The data set is being built; look at its state until it is ready.",
            f"{_DATASETS}/dst_01936fd2c0a27b6e8f3a5b7c9d1e2f34/archive",
        ),
    }
)
