"""The starter's teacher: a MobileNet v1 that knows faces, on what ten judges said of FER2013.

    make train PRESET=starter-teacher DATA=fer2013.tar.gz SET="data.votes=ferplus"

48 px gray crops are enlarged to 96 px inside the graph, so that serving hands over what training
saw (docs/adr/0008). Targets are the judges' shares of votes; a second head, which is not shipped,
learns FER2013's own labels. Half of the training images come as our detector and crop would hand
them over in serving, the others as FER2013 frames them; turns, blur, few levels and JPEG are what
poor photos hold (docs/adr/0026).
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
    TrainConfig,
)


def build() -> TrainConfig:
    """Return the recipe."""
    return TrainConfig(
        preset="starter-teacher",
        data=DataConfig(split_rule="halves", served_share=0.5),
        model=ModelConfig(
            backbone=Backbone.MOBILENET_V1,
            weights="faceres",
            enlarge=2,
            stored="float16",
            head=HeadConfig(dropout=0.3),
        ),
        optim=OptimConfig(
            kind="adamw", lr=1e-3, weight_decay=0.02, warmup_steps=150, ema_decay=0.995
        ),
        loss=LossConfig(label_smoothing=0, own_label_weight=0.3),
        augment=AugmentConfig(rotate=15, erase=0.3, blur=0.2, levels=0.3, jpeg=0.2),
        loop=LoopConfig(epochs=12),
    )
