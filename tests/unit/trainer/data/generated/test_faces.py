from dataclasses import astuple

import numpy as np
import pytest

from services.common.domain.emotions import EMOTIONS, Emotion
from services.trainer.data.generated import faces
from services.trainer.data.generated.expressions import FEATURES
from services.trainer.data.generated.faces import draw_face


class TestDrawFace:
    @pytest.mark.parametrize("size", [16, 48, 224])
    @pytest.mark.parametrize("channels", [1, 3])
    def test_has_the_size_and_colour_asked_for(self, size: int, channels: int) -> None:
        face = draw_face(0, seed=1, size=size, channels=channels)
        assert face.shape == (size, size, channels)
        assert face.dtype == np.uint8
        assert face.std() > 10

    def test_the_seed_decides_the_pixels(self) -> None:
        first, again, other = (draw_face(3, seed=seed, size=32) for seed in (1, 1, 2))
        assert (first == again).all()
        assert np.abs(first.astype(int) - other).mean() > 10

    def test_the_seed_of_another_expression_is_another_face(self) -> None:
        """Else a network could learn the backgrounds that come with each other."""
        happy, sad = (draw_face(label, seed=1, size=32) for label in (3, 5))
        corners = [face[:4, :4].astype(int) for face in (happy, sad)]
        assert np.abs(corners[0] - corners[1]).mean() > 2

    def test_gray_is_the_luma_of_the_colours(self) -> None:
        gray, rgb = (draw_face(3, seed=1, size=64, channels=c) for c in (1, 3))
        luma = rgb.astype(float) @ [0.299, 0.587, 0.114]
        assert np.abs(luma - gray[..., 0]).mean() < 2

    def test_the_expression_decides_brows_eyes_and_mouth_only(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        happiness = EMOTIONS.index(Emotion.HAPPINESS)
        before = draw_face(happiness, seed=1, size=64).astype(int)
        sad = {**FEATURES, Emotion.HAPPINESS: FEATURES[Emotion.SADNESS]}
        monkeypatch.setattr(faces, "FEATURES", sad)
        difference = np.abs(draw_face(happiness, seed=1, size=64) - before).max(axis=2)
        assert difference.max() > 60
        assert 0.01 < (difference > 5).mean() < 0.2
        assert difference[:8].max() == difference[-8:].max() == 0


class TestFeatures:
    def test_every_expression_has_its_own(self) -> None:
        assert FEATURES.keys() == set(Emotion)
        assert len(set(FEATURES.values())) == len(FEATURES)

    def test_classes_are_further_apart_than_faces_of_one(self) -> None:
        rng = np.random.default_rng(0)
        faces_of_one = [astuple(FEATURES[Emotion.NEUTRAL].varied(rng)) for _ in range(200)]
        within = np.linalg.norm(np.std(faces_of_one, axis=0))
        centres = np.array([astuple(features) for features in FEATURES.values()])
        between = np.linalg.norm(centres[:, None] - centres, axis=-1)
        assert between[~np.eye(len(centres), dtype=bool)].min() > 2 * within
