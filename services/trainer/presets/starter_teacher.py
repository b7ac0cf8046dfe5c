"""The starter's teacher: an ImageNet-pretrained EfficientNet-Lite0 on FER2013 as it is.

    make train PRESET=starter-teacher DATA=fer2013.tar.gz

48 px gray crops are enlarged to 96 px inside the graph, so that serving hands over what training
saw (docs/adr/0008). At 96 px it trains at 171 images/s on two cores, nearly as fast as a
DenseNet-BC of growth 16 at 48 px (205), and reaches in three epochs what that took thirteen for.
Expected: 67.2 % on PublicTest; it was shipped as starter 0.2.0.
"""

from services.trainer.config import (
    Backbone,
    HeadConfig,
    LoopConfig,
    ModelConfig,
    OptimConfig,
    TrainConfig,
)


def build() -> TrainConfig:
    """Return the recipe."""
    return TrainConfig(
        preset="starter-teacher",
        model=ModelConfig(
            backbone=Backbone.EFFICIENTNET_LITE0,
            weights="imagenet",
            enlarge=2,
            stored="float16",
            head=HeadConfig(dropout=0.3),
        ),
        optim=OptimConfig(
            kind="adamw", lr=1.5e-3, weight_decay=0.02, warmup_steps=300, ema_decay=0.998
        ),
        loop=LoopConfig(epochs=14),
    )
