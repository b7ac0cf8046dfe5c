"""hfer v0's network and recipe on RAF-DB's official split, to compare with published results.

    make train PRESET=seed-rafdb-official DATA=rafdb

Validation is a tenth of the official training images, the 3,068 test images are evaluated once.
Expected: not measured yet; ImageNet-initialised DenseNets of this size reach 85 to 88 % with
augmentation and a schedule (``best-gpu``), this recipe has neither.
"""

from services.trainer.config import TrainConfig
from services.trainer.presets import seed_rafdb


def build() -> TrainConfig:
    """Return the recipe."""
    hfer_v0 = seed_rafdb.build()
    data = hfer_v0.data.model_copy(update={"split_rule": "layout", "drop_suspect": True})
    return hfer_v0.model_copy(update={"preset": "seed-rafdb-official", "data": data})
