"""More photos than one request takes: by presigned URL, page by page, going on where it stopped."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from hfer import BucketError, Client, InvalidRequestError, PhotoFileError, UnexpectedAnswerError
from tests.fixtures.fake_service import BUCKET, JOB, UPLOAD, FakeService, problem

MakePhoto = Callable[..., Path]


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def photos(make_photo: MakePhoto) -> list[Path]:
    return [make_photo(f"{number}.jpg", b"photo %d" % number) for number in range(5)]


@pytest.fixture(autouse=True)
def _small_requests(service: FakeService) -> None:
    service.limits = {"request_files": 2, "declare_files": 2}


def puts(service: FakeService) -> list[httpx.Request]:
    return [request for request in service.requests if request.url.host == BUCKET]


class TestWholeWay:
    def test_every_photo_is_put_and_the_upload_becomes_the_job(
        self, client: Client, service: FakeService, photos: list[Path]
    ) -> None:
        job = client.submit(*photos, top_n=2)
        assert job.id == JOB
        assert service.stored == {digest(p.read_bytes()): p.read_bytes() for p in photos}
        *pages, sealing = (json.loads(request.content) for request in service.sent("POST"))
        assert [page.get("start") for page in pages] == [None, 2, 4]
        assert [file["filename"] for page in pages for file in page["files"]] == [
            f"{number}.jpg" for number in range(5)
        ]
        assert sealing == {"upload_id": UPLOAD, "config": {"top_n": 2}}

    def test_the_key_is_for_the_service_and_never_for_the_bucket(
        self, client: Client, service: FakeService, photos: list[Path]
    ) -> None:
        client.submit(*photos, idempotency_key="mine")
        first = service.sent("POST", "/v1/uploads")[0]
        assert first.headers["Idempotency-Key"] == "mine"
        assert first.headers["Authorization"]
        for request in puts(service):
            assert "Authorization" not in request.headers
            assert request.headers["Content-Length"] == str(len(request.content))
            assert "Transfer-Encoding" not in request.headers

    def test_a_few_photos_still_go_with_one_request(
        self, client: Client, service: FakeService, photos: list[Path]
    ) -> None:
        client.submit(*photos[:2])
        assert [request.url.path for request in service.sent("POST")] == ["/v1/jobs"]


class TestGoingOn:
    def test_photos_that_are_there_are_not_put_again(
        self, client: Client, service: FakeService, photos: list[Path]
    ) -> None:
        service.stored = {digest(path.read_bytes()): b"" for path in photos[:3]}
        seen: list[tuple[int, int]] = []
        client.submit(*photos, on_upload=lambda *progress: seen.append(progress))
        assert len(puts(service)) == 2
        assert [sent for sent, _ in seen] == [7, 14, 21, 28, 35]
        assert {total for _, total in seen} == {35}

    @pytest.mark.parametrize("upset", [httpx.ReadError("cut"), httpx.Response(403)])
    def test_a_photo_that_failed_is_put_again_with_a_fresh_url(
        self,
        client: Client,
        service: FakeService,
        photos: list[Path],
        upset: httpx.Response | Exception,
    ) -> None:
        service.bucket_upsets.append(upset)
        client.submit(*photos)
        assert len(service.stored) == 5
        assert len(puts(service)) == 6
        assert len(service.sent("POST", "/v1/uploads")) == 4
        assert len(service.pauses) == 1

    def test_a_bucket_that_stays_away_is_told_and_nothing_is_sealed(
        self, client: Client, service: FakeService, photos: list[Path]
    ) -> None:
        service.bucket_upsets.extend(httpx.Response(503) for _ in range(99))
        with pytest.raises(BucketError, match=r"503 at http://bucket\.test/") as caught:
            client.submit(*photos)
        assert "s=1" not in str(caught.value)
        assert service.sent("POST", "/v1/jobs") == []
        assert len(service.pauses) == 4


class TestRefused:
    def test_a_refused_page_is_the_services_error(
        self, client: Client, service: FakeService, photos: list[Path]
    ) -> None:
        client.limits()
        service.upsets.extend(
            [httpx.Response(200, json=service.limits), problem(422, "idempotency-mismatch")]
        )
        with pytest.raises(InvalidRequestError):
            client.submit(*photos)
        assert puts(service) == []

    def test_an_answer_that_is_no_upload_is_not_the_service(
        self, client: Client, service: FakeService, photos: list[Path]
    ) -> None:
        service.upsets.extend(
            [httpx.Response(200, json=service.limits), httpx.Response(200, json={"id": "upl_1"})]
        )
        with pytest.raises(UnexpectedAnswerError):
            client.submit(*photos)

    def test_a_photo_that_vanishes_ends_it(
        self, client: Client, service: FakeService, photos: list[Path]
    ) -> None:
        sent = service.sent
        photos[4].chmod(0)
        photos[4].unlink()
        photos[4].symlink_to(photos[4].parent / "nowhere")
        with pytest.raises(PhotoFileError):
            client.submit(*photos)
        assert sent("POST") == []
