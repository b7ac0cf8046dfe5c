"""The best that one GPU gives in an hour: DenseNet121 from ImageNet weights, at 224 px.

In one run, all 40 epochs at 224 px:

    make train PRESET=best-gpu DATA=rafdb

Or in two, 112 px first, which takes a quarter of the time per image; the second starts from the
averaged weights of the first, at a third of the rate, and its bundle is the result:

    python -m services.trainer train --preset best-gpu --data rafdb --run runs/best-gpu-112 \
        data.size=112 loop.epochs=28
    python -m services.trainer train --preset best-gpu --data rafdb --run runs/best-gpu-224 \
        model.weights=runs/best-gpu-112 optim.lr=3e-5 loop.epochs=12

Weights learned on faces are worth more than ImageNet's: ``model.weights=FILE.npz``.

It computes in bfloat16, which has the range of float32 and needs no loss scaling. GPUs have it from
NVIDIA's Ampere on (A100, RTX 30, L4); on older ones (T4, V100) say loop.precision=mixed_float16.
Warm-up (three epochs) and the average's decay (its memory is two epochs) count steps, for RAF-DB's
86 a epoch; for FER2013, with 200 and more, say optim.warmup_steps=600 optim.ema_decay=0.998.

Expected (estimates from published results, not measured by us): 85 to 88 % on RAF-DB's official
test images from ImageNet weights, 89 to 91 % from face weights; 72 to 73 % on FER2013. Published
figures above that were mostly chosen on the test images, which this never looks at. Minutes on an
H100 (estimate); far too slow without a GPU.
"""

from services.trainer.config import (
    AugmentConfig,
    Backbone,
    DataConfig,
    HeadConfig,
    LoopConfig,
    LossConfig,
    ModelConfig,
    OptimConfig,
    Precision,
    TrainConfig,
)


def build() -> TrainConfig:
    """Return the recipe."""
    return TrainConfig(
        preset="best-gpu",
        data=DataConfig(size=224, channels=3),
        model=ModelConfig(
            backbone=Backbone.DENSENET121,
            weights="imagenet",
            head=HeadConfig(pooling="gap", dropout=0.3),
        ),
        optim=OptimConfig(
            kind="adamw",
            lr=1e-4,
            head_lr=10,
            weight_decay=0.05,
            schedule="cosine",
            warmup_steps=260,
            ema_decay=0.995,
        ),
        loss=LossConfig(label_smoothing=0.1),
        augment=AugmentConfig(mixup=0.2),
        loop=LoopConfig(
            epochs=40, batch_size=128, eval_batch_size=128, precision=Precision.MIXED_BFLOAT16
        ),
    )
