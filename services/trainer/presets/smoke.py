"""The whole way in a minute, on faces that it draws itself: does the trainer work here?

    make train PRESET=smoke

1,400 drawn faces are written as class folders into the run folder, then everything goes as with
real data: scan, audit, prepare, train a small DenseNet for six epochs, evaluate, calibrate, export
a verified bundle. Expected: 77 % of its 280 test faces (75 to 85 by machine and seed), where chance
is 14 %; below 50 % something is broken.
The bundle knows drawings only: nothing to serve.
"""

from services.trainer.config import (
    AugmentConfig,
    DataConfig,
    DenseNetConfig,
    LoopConfig,
    ModelConfig,
    OptimConfig,
    TrainConfig,
)


def build() -> TrainConfig:
    """Return the recipe."""
    return TrainConfig(
        preset="smoke",
        data=DataConfig(size=48, channels=1),
        model=ModelConfig(densenet=DenseNetConfig(blocks=(1, 1, 1), growth=16, stem=24)),
        optim=OptimConfig(
            kind="adamw", lr=3e-3, weight_decay=0.01, warmup_steps=30, ema_decay=0.97
        ),
        augment=AugmentConfig(shift=0.05, zoom=0.05, rotate=5, erase=0),
        loop=LoopConfig(epochs=6, batch_size=16),
    )
