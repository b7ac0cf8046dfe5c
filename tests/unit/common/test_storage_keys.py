"""The key scheme of the bucket."""

import hashlib
from uuid import UUID

import pytest

from services.common.storage_keys import (
    annotated_key,
    annotated_prefix,
    bundle_key,
    photo_key,
    tenant_prefix,
    tiles_key,
    upload_key,
    upload_prefix,
)

SHA = hashlib.sha256(b"photo").digest()
JOB = UUID(int=1)
ITEM = UUID(int=2)


class TestUploadKey:
    def test_ends_with_the_digest_as_retention_wants_it(self) -> None:
        key = upload_key("acme", JOB, 0, SHA)
        assert key.startswith(tenant_prefix("acme"))
        assert key.endswith(f"/{SHA.hex()}")

    def test_keeps_jobs_tenants_and_pages_apart(self) -> None:
        keys = {
            upload_key(tenant, job, seq, SHA)
            for tenant in ("acme", "umbrella")
            for job in (JOB, ITEM)
            for seq in (0, 999, 1_000, 99_999)
        }
        assert len(keys) == 2 * 2 * 3
        assert photo_key("acme", SHA) not in keys

    def test_a_listing_of_a_page_finds_its_photos_only(self) -> None:
        prefix = upload_prefix("acme", JOB, 1_999)
        assert upload_key("acme", JOB, 1_000, SHA).startswith(prefix)
        assert not upload_key("acme", JOB, 2_000, SHA).startswith(prefix)
        assert not upload_key("acme", JOB, 999, SHA).startswith(prefix)


class TestPhotoKey:
    def test_holds_the_content_digest(self) -> None:
        assert photo_key("acme", SHA).startswith("photos/")
        assert photo_key("acme", SHA).endswith(f"/{SHA.hex()}")

    def test_keeps_tenants_apart(self) -> None:
        assert photo_key("acme", SHA) != photo_key("umbrella", SHA)
        assert photo_key("acme", SHA).startswith(tenant_prefix("acme"))

    @pytest.mark.parametrize("tenant", ["a/b", "..", "über", "", "a b"])
    def test_is_plain_whatever_the_tenant_is_called(self, tenant: str) -> None:
        prefix, folder, name = photo_key(tenant, SHA).split("/")
        assert prefix == "photos"
        assert (folder + name).isalnum()


class TestAnnotatedKey:
    def test_lies_below_its_jobs_prefix(self) -> None:
        assert annotated_key(JOB, ITEM) == f"annotated/{JOB.hex}/{ITEM.hex}.jpg"
        assert annotated_key(JOB, ITEM).startswith(annotated_prefix(JOB))

    def test_no_jobs_prefix_holds_anothers_pictures(self) -> None:
        assert tiles_key(JOB, ITEM) == f"annotated/{JOB.hex}/{ITEM.hex}.tiles"
        assert tiles_key(JOB, ITEM, blurred=True) == f"annotated/{JOB.hex}/{ITEM.hex}-blurred.tiles"
        assert not annotated_key(ITEM, ITEM).startswith(annotated_prefix(JOB))


class TestBundleKey:
    def test_names_content_and_file(self) -> None:
        assert bundle_key(bytes(32), "model.onnx") == f"bundles/{'0' * 64}/model.onnx"

    @pytest.mark.parametrize("bad", ["", "..", "a/b", "a b", "-x", "é"])
    def test_refuses_names_that_could_leave_the_folder(self, bad: str) -> None:
        with pytest.raises(ValueError, match="object key"):
            bundle_key(bytes(32), bad)
