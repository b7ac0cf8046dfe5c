"""Photos and faces that are named one by one."""

from services.api.jobs.results.narrowing import read_selection


def test_runs_single_photos_and_faces_are_read() -> None:
    found = read_selection("3-9,12,20-18,17.2,17.0,30.1")
    assert found.photos == ((3, 9), (12, 12), (18, 20))
    assert found.faces == {17: frozenset({0, 2}), 30: frozenset({1})}
    assert found.runs == ((3, 9), (12, 12), (18, 20), (17, 17), (30, 30))
