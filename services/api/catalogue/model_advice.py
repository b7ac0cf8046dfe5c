"""What the catalogue says about problems with models."""

from collections.abc import Mapping
from types import MappingProxyType

from services.api.catalogue.explained import MODEL, Advice
from services.api.problems import ProblemCode

MODEL_ADVICE: Mapping[ProblemCode, Advice] = MappingProxyType(
    {
        ProblemCode.MODEL_VERSION_TAKEN: Advice(
            "Another bundle was published under this name and version.",
            "A model was trained again and exported without a new version.",
            "Raise the version in the recipe, export the bundle again and publish that.",
            "starter 1.0.0 is another model; publish yours under a new version.",
            "/v1/models",
        ),
        ProblemCode.MODEL_WORSE: Advice(
            "Activating this model would make results worse.",
            "Its macro F1 is clearly below the active model's, on the same test.",
            "Compare the two on the same data. If you mean it all the same, send `force`.",
            "The macro F1 of mine-0.2.0 is 0.512, that of the active starter-1.0.0 is 0.771 on the"
            " same test (1,780 images of test set 5e6f7a8b against the judges' majority); a fall of"
            " more than 0.02 needs force.",
            f"{MODEL}/activate",
        ),
        ProblemCode.MODEL_NOT_COMPARABLE: Advice(
            "Nobody knows whether this model is better than the active one: their figures are of"
            " different tests, or one of them has none.",
            "It was evaluated on other images or against another truth (`metrics` of both tells),"
            " or one of the bundles is older than the hashes of test sets.",
            "Let the trainer compare both on the same images: `python -m services.trainer compare"
            " --bundle ACTIVE --bundle NEW --data … --record`, and publish the bundle as it is"
            " then. Or try it as a canary, and send `force`.",
            "mine-0.2.0 was tested on 420 images of test set 0a1b2c3d against the data set's"
            " labels; the active starter-1.0.0 was tested on 1,780 images of test set 5e6f7a8b"
            " against the judges' majority.",
            f"{MODEL}/activate",
        ),
        ProblemCode.MODEL_UNAVAILABLE: Advice(
            "The job asks for a model that no worker can answer with, so none was made.",
            "It is not published, or its bundle was replaced by another of the same version; or no"
            " worker has the memory for a model besides the active one, can load it, or is new"
            " enough.",
            "Name one that `GET /v1/models` lists, by id or version, or leave `model` out for the"
            " active one; the operator raises `HFER_WORKER__MAX_MEMORY_MB`.",
            "No model is published as 'mine-0.3.0'; GET /v1/models lists those that are.",
            "/v1/jobs/job_01936fd2c0a27b6e8f3a5b7c9d1e2f30/rerun",
        ),
        ProblemCode.MODEL_NOT_LOADABLE: Advice(
            "A live worker was asked to load the model before it is activated, and could not.",
            "A file is missing or damaged, the golden answers differ, the workers are of an older"
            " release than the bundle, or memory or disk ran out (`transient`).",
            "Do what `detail` says, or export the bundle again. `force` does not help: workers"
            " would refuse the model.",
            "A worker on host-1 cannot load the model: golden.npz is not readable; export the"
            " bundle again. (bundle-refused)",
            f"{MODEL}/activate",
        ),
        ProblemCode.TRIAL_LOAD_UNFINISHED: Advice(
            "A live worker began to load the model and did not end in time, so it was not"
            " activated.",
            "The bundle is large, the worker busy, or loading it ended the worker.",
            "Look at the worker's log and ask again; the second load finds the files fetched. The"
            " operator's `HFER_MODELS__TRIAL_LOAD_S` is the time; `force` activates it all the"
            " same.",
            "A worker on host-1 did not load the model within 30 s: it is slow, or loading ended"
            " it; its log tells.",
            f"{MODEL}/activate",
        ),
        ProblemCode.NOTHING_TO_ROLL_BACK: Advice(
            "There is no model to go back to.",
            "The present model is the first one, or the history is used up.",
            "Activate the model that you want by its id.",
            "No model was active before the present one.",
            "/v1/models/rollback",
        ),
        ProblemCode.CANARY_IS_ACTIVE: Advice(
            "A model is not tried against itself.",
            "The candidate is the active model.",
            "Name another candidate, or activate another model first.",
            "The model answers all photos already; name another candidate.",
            "/v1/models/canary",
        ),
        ProblemCode.BUNDLE_REFUSED: Advice(
            "The bundle is not what its manifest says, and nothing of it was stored.",
            "A file is missing, is not named in `bundle.json`, or was changed on its way.",
            "`errors` names each file. Export the bundle again and send the folder as it is.",
            "model.onnx is not what its SHA-256 in bundle.json says; send it again.",
            "/v1/models",
            {
                "errors": [
                    {"pointer": "#/files/model.onnx", "detail": "The SHA-256 is another one."}
                ]
            },
        ),
    }
)
