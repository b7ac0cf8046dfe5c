from dataclasses import dataclass, field
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from hfer._codec import decode
from hfer.models import Face, JobState, PhotoResult, Point
from tests.fixtures.properties import PATIENT

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
NAMES = [*JobState.__dataclass_fields__, *PhotoResult.__dataclass_fields__]


@dataclass(frozen=True)
class Shelf:
    size: int = 1
    note: str | None = "empty"
    places: tuple[Point, ...] = ()
    by_name: dict[str, Point] = field(default_factory=dict)
    seen: datetime | None = None


class TestDecode:
    def test_reads_nested_objects_lists_maps_and_times(self) -> None:
        shelf = decode(
            Shelf,
            {
                "size": 2.0,
                "places": [{"x": 1, "y": 2}],
                "by_name": {"nose": {"x": 3}},
                "seen": "2026-11-23T07:00:00Z",
            },
        )
        assert shelf.size == 2
        assert shelf.places == (Point(1.0, 2.0),)
        assert shelf.by_name == {"nose": Point(3.0, 0.0)}
        assert shelf.seen == datetime(2026, 11, 23, 7, tzinfo=UTC)

    def test_ignores_unknown_fields(self) -> None:
        assert decode(Shelf, {"colour": "red"}) == Shelf()

    def test_keeps_the_default_for_a_value_of_another_type(self) -> None:
        unfit = {"size": "big", "note": 7, "places": "here", "by_name": [], "seen": "yesterday"}
        assert decode(Shelf, unfit) == Shelf()

    def test_takes_null_where_null_is_allowed(self) -> None:
        assert decode(Shelf, {"note": None}).note is None

    def test_keeps_the_default_for_null_where_it_is_not(self) -> None:
        assert decode(Shelf, {"size": None}).size == 1

    def test_does_not_read_a_boolean_as_a_number(self) -> None:
        assert decode(Shelf, {"size": False}).size == 1

    def test_reads_anything_but_an_object_as_the_defaults(self) -> None:
        assert decode(Shelf, ["size", 3]) == Shelf()

    @PATIENT
    @given(st.dictionaries(st.sampled_from(NAMES), JSON))
    def test_never_raises_whatever_the_service_sends(self, body: dict[str, object]) -> None:
        assert isinstance(decode(JobState, body), JobState)
        assert isinstance(decode(PhotoResult, body), PhotoResult)


class TestExpression:
    def test_is_the_most_probable_one(self) -> None:
        face = decode(Face, {"emotions": {"fear": 0.2, "anger": 0.5, "neutral": 0.3}})
        assert (face.expression.label, face.expression.p) == ("anger", 0.5)

    def test_falls_back_to_the_top_list(self) -> None:
        face = decode(Face, {"top": [{"label": "fear", "p": 0.6}]})
        assert face.expression.label == "fear"

    def test_is_empty_for_a_face_without_probabilities(self) -> None:
        assert Face().expression.label == ""
