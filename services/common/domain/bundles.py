"""How bundles, their files and the models in them are named; the same for all who touch one."""

from enum import StrEnum

MANIFEST_NAME = "bundle.json"
MODEL_NAME = "model.onnx"
GOLDEN_NAME = "golden.npz"
# A network may name no other file; what to do about one that does.
NETWORK_SUFFIX = ".onnx"
SELF_CONTAINED = "export the bundle again, with all weights in one file."

# What a model may be called: it becomes a part of every result and of addresses.
MODEL_NAME_PATTERN = r"^[a-z0-9][a-z0-9-]{0,49}$"
MODEL_VERSION_PATTERN = r"^[0-9]+\.[0-9]+\.[0-9]+$"
# What is published is part of addresses and pages: its numbers stay short.
PUBLISHED_VERSION_PATTERN = r"^[0-9]{1,9}\.[0-9]{1,9}\.[0-9]{1,9}$"
FILE_NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
SHA256_PATTERN = r"^[0-9a-f]{64}$"

# In a manifest's metrics: which data set of the service a model learned from.
DATA_SET = "data_set"

_IDENTITY_DIGITS = 8


class Truth(StrEnum):
    """What figures take for right: the majority of judges, or the label that came with the data."""

    JUDGES = "judges"
    DATA_SET = "data set"


def model_version(name: str, version: str, sha256: str) -> str:
    """Return the name that every result carries, such as ``starter-0.1.0+1a2b3c4d``.

    Args:
        name: of the model.
        version: of the model.
        sha256: hex digest of the bundle's manifest, hence of every file of it.
    """
    return f"{name}-{version}+{sha256[:_IDENTITY_DIGITS]}"
