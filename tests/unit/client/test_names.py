"""Names of photos: the same as the service makes of them, by every way there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hfer._multipart import MultipartBody
from hfer._names import clean_name, order_of
from hfer._spool import MemoryPhoto
from services.api.filenames import clean_filename
from services.api.jobs.submission.archives.entries import entry_name
from services.api.jobs.submission.archives.expand import expand
from services.api.jobs.submission.archives.meters import Allowance
from services.api.jobs.submission.reader import SubmissionReader
from services.api.jobs.submission.spool import Spool, SpooledArchive, SpooledPhoto
from services.common.domain.limits import PhotoLimits
from tests.fixtures.archives import tar_of, zip_of
from tests.fixtures.names import NAMES
from tests.fixtures.properties import PATIENT

# Parts of paths as file systems hold them: no separator, no NUL, and at most 255 bytes.
PARTS = st.text(
    st.characters(codec="utf-8", exclude_characters="/\\\0"), min_size=1, max_size=60
).filter(lambda part: part not in {".", ".."})
TRICKY = st.sampled_from(
    ['say "cheese".jpg', "a%22b%0D.jpg", "=?utf-8?q?x?=", "a;b.jpg", "IMG_1.jpg", "e\u0301", " a "]
)
PATHS = st.lists(PARTS | TRICKY, min_size=1, max_size=6).map("/".join)


class TestCleanName:
    @pytest.mark.parametrize(("raw", "clean"), NAMES)
    def test_does_as_the_service_does(self, raw: str, clean: str) -> None:
        assert clean_name(raw) == clean

    @given(st.text() | PATHS)
    def test_changes_nothing_that_the_service_would_not(self, raw: str) -> None:
        assert clean_filename(clean_name(raw)) == clean_filename(raw)


class TestRoutes:
    """One path, sent by every way that unit tests can walk."""

    @PATIENT
    @given(PATHS)
    def test_give_one_name(self, path: str) -> None:
        name = clean_filename(path)
        assert by_form(clean_name(path)) == name
        # What browsers write of it: a quotation mark and line ends escaped, nothing else.
        if not any(mark in path for mark in ("%", "\\", "=?")):
            assert by_browser(path) == name
        if entry_name(f"{path}.jpg") is not None:  # else it is hidden, or a system's own
            assert by_archive(zip_of({f"{path}.jpg": b"x"})) == clean_filename(f"{path}.jpg")
            assert by_archive(tar_of({f"{path}.jpg": b"x"})) == clean_filename(f"{path}.jpg")


def by_form(name: str) -> str:
    body = MultipartBody([MemoryPhoto(name, b"x")])
    return read_form(body.headers["Content-Type"], b"".join(body))


def by_browser(path: str) -> str:
    shown = path.replace("\n", "%0A").replace("\r", "%0D").replace('"', "%22")
    head = f'--b\r\nContent-Disposition: form-data; name="files"; filename="{shown}"\r\n\r\n'
    return read_form("multipart/form-data; boundary=b", head.encode() + b"x\r\n--b--\r\n")


def read_form(content_type: str, body: bytes) -> str:
    reader = SubmissionReader(content_type, limits=PhotoLimits())
    (photo,) = reader.feed(body)
    photo.close()
    assert isinstance(photo, SpooledPhoto)
    return photo.filename


def by_archive(packed: bytes) -> str:
    spool = Spool("archive", limits=PhotoLimits())
    spool.write(packed)
    archive = spool.finish()
    assert isinstance(archive, SpooledArchive)
    (photo,) = expand(archive, Allowance(PhotoLimits()))
    photo.close()
    archive.close()
    return photo.filename


def test_files_come_before_folders_and_all_by_code_points() -> None:
    names = ["b/1.jpg", "a.jpg", "b.jpg", "a/z/1.jpg", "a/1.jpg", "B.jpg"]
    assert sorted(names, key=order_of) == [
        "B.jpg",
        "a.jpg",
        "b.jpg",
        "a/1.jpg",
        "a/z/1.jpg",
        "b/1.jpg",
    ]
