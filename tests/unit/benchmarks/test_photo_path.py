"""What counts as entered by a photo."""

from benchmarks.photo_path.__main__ import Call, report


def call(file: str, *, caller: str = "", function: str = "f", thread: str = "main") -> Call:
    return Call("services.api", thread, caller, file, function)


def test_a_file_counts_whoever_calls_it() -> None:
    found = report([call("a.py"), call("a.py", caller="b.py")], [])
    assert found.entered == {"a.py": 2}
    assert found.files == 1


def test_only_calls_from_another_file_cross() -> None:
    own, library = call("a.py", caller="a.py"), call("a.py")
    other = call("a.py", caller="b.py")
    found = report([own, library, other, other], [])
    assert (found.calls, found.pairs) == (2, 1)


def test_what_a_thread_also_does_without_a_photo_does_not_count() -> None:
    beat, photo = call("beat.py", thread="beat"), call("beat.py")
    assert report([beat], [beat]).files == 0
    assert report([photo], [beat]).files == 1


def test_a_file_between_two_others_passes_on() -> None:
    chain = [call("b.py", caller="a.py"), call("c.py", caller="b.py"), call("d.py", caller="a.py")]
    assert report(chain, []).passed_on == ["b.py"]
