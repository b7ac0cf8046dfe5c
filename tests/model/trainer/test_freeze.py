import keras
import numpy as np
import pytest

from services.trainer.config import Backbone, DenseNetConfig, ModelConfig
from services.trainer.errors import NetworkError
from services.trainer.networks.build import build_network
from services.trainer.networks.layers import FusedBatchNorm
from services.trainer.networks.normalisation import Normalisation

GRAY = Normalisation((127.5,), (64.0,))
TINY = DenseNetConfig(blocks=(1, 2), growth=4, stem=4)


def network(size: int = 16, **model: object) -> keras.Model:
    config = ModelConfig.model_validate({"densenet": TINY, **model})
    return build_network(config, size=size, normalisation=GRAY)


class TestFreeze:
    def test_all_leaves_the_head_to_train(self) -> None:
        model = network(freeze="all")
        assert [v.path for v in model.trainable_variables] == ["logits/kernel", "logits/bias"]

    def test_a_number_counts_layers_with_weights_from_the_image(self) -> None:
        model = network(freeze=3)
        with_weights = [layer for layer in model.layers if layer.weights]
        assert [layer.trainable for layer in with_weights[:5]] == [False] * 3 + [True] * 2

    def test_nothing_is_frozen_unless_asked(self) -> None:
        assert all(layer.trainable for layer in network().layers)

    def test_refuses_more_layers_than_there_are(self) -> None:
        with pytest.raises(NetworkError, match=r"model\.freeze=999, but densenet_bc has 16 layers"):
            network(freeze=999)

    def test_works_on_networks_of_keras(self) -> None:
        model = network(32, backbone=Backbone.VGG16, freeze="all")
        assert len(model.trainable_variables) == 2

    def test_a_frozen_batch_norm_keeps_its_statistics(self) -> None:
        layer = FusedBatchNorm()
        maps = np.random.default_rng(0).normal(3, 2, (4, 5, 5, 2)).astype(np.float32)
        layer(maps, training=False)
        layer.trainable = False
        np.testing.assert_allclose(layer(maps, training=True), layer(maps, training=False))
        np.testing.assert_array_equal(layer.moving_mean.numpy(), [0, 0])
