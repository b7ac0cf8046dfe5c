"""hfer v0's model, exactly: DenseNet121 on RAF-DB thrown together and cut at random.

    make train PRESET=seed-rafdb DATA=rafdb

Expected: test accuracy 82.6 +- 2 % (hfer v0 published 82.56 % on its 1,531 images, in 28 epochs
of 37 s on a Colab GPU). Too slow without a GPU. Its split mixes RAF-DB's official train and test
images, so that the figure must not be compared with published ones: see ``seed-rafdb-official``.
No augmentation, no remedy for imbalance, no averaged weights, nothing left out: as it was.
"""

from services.trainer.config import (
    NO_AUGMENT,
    Backbone,
    DataConfig,
    EarlyStopConfig,
    HeadConfig,
    LoopConfig,
    LossConfig,
    ModelConfig,
    OptimConfig,
    PlateauConfig,
    TrainConfig,
)


def build() -> TrainConfig:
    """Return the recipe."""
    return TrainConfig(
        preset="seed-rafdb",
        data=DataConfig(size=224, channels=3, split_rule="seed", drop_suspect=False),
        model=ModelConfig(
            backbone=Backbone.DENSENET121,
            weights="imagenet",
            head=HeadConfig(pooling="flatten", units=(512, 256), l2=(0.01, 0.003), dropout=0.5),
        ),
        optim=OptimConfig(
            kind="adam",
            lr=1e-4,
            weight_decay=0,
            clip_norm=None,
            schedule="plateau",
            warmup_steps=0,
            plateau=PlateauConfig(factor=0.1, patience=3, min_delta=1e-4, min_lr=1e-8),
            early_stop=EarlyStopConfig(patience=5, min_delta=1e-4),
            ema_decay=0,
        ),
        loss=LossConfig(label_smoothing=0),
        augment=NO_AUGMENT,
        loop=LoopConfig(epochs=100, batch_size=32, eval_batch_size=32),
    )
