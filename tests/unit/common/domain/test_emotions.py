import pytest

from services.common.domain.emotions import EMOTIONS, Emotion, parse_emotion


class TestOrder:
    def test_is_the_seed_projects_order(self) -> None:
        assert [str(emotion) for emotion in EMOTIONS] == [
            "surprise",
            "fear",
            "disgust",
            "happiness",
            "anger",
            "sadness",
            "neutral",
        ]


class TestParseEmotion:
    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("angry", Emotion.ANGER),
            ("Happy", Emotion.HAPPINESS),
            (" sad ", Emotion.SADNESS),
            ("FEAR", Emotion.FEAR),
            ("surprised", Emotion.SURPRISE),
            ("neutral", Emotion.NEUTRAL),
        ],
    )
    def test_knows_the_names_of_the_field(self, name: str, expected: Emotion) -> None:
        assert parse_emotion(name) is expected

    @pytest.mark.parametrize("name", ["", "contempt", "1", "happiness!"])
    def test_names_what_it_would_have_taken(self, name: str) -> None:
        with pytest.raises(ValueError, match=r"expected one of .*happiness"):
            parse_emotion(name)
