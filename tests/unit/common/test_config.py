import pytest
from pydantic import ValidationError

from services.common.config import Settings

REQUIRED = {
    "HFER_DATABASE__URL": "postgresql+psycopg://user:hunter2@127.0.0.1:1/db",
    "HFER_STORAGE__ENDPOINT": "127.0.0.1:2",
    "HFER_STORAGE__ACCESS_KEY": "access",
    "HFER_STORAGE__SECRET_KEY": "hunter2",
    "HFER_BROKER__URL": "redis://:hunter2@127.0.0.1:3/0",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in REQUIRED.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


class TestSettings:
    @pytest.mark.parametrize("missing", sorted(REQUIRED))
    def test_has_no_usable_default_for_a_server(
        self, environment: pytest.MonkeyPatch, missing: str
    ) -> None:
        environment.delenv(missing)
        with pytest.raises(ValidationError):
            Settings()

    def test_reads_nested_groups(self, environment: pytest.MonkeyPatch) -> None:
        environment.setenv("HFER_QUEUE__LEASE_S", "7.5")
        assert Settings().queue.lease_s == 7.5

    def test_refuses_a_misspelt_key(self, environment: pytest.MonkeyPatch) -> None:
        environment.setenv("HFER_QUEUE__LEESE_S", "7.5")
        with pytest.raises(ValidationError, match="leese_s"):
            Settings()

    def test_shows_no_secret(self, environment: pytest.MonkeyPatch) -> None:
        del environment
        assert "hunter2" not in repr(Settings())


class TestPhotoSettings:
    def test_are_the_limits_that_are_enforced(self, environment: pytest.MonkeyPatch) -> None:
        environment.setenv("HFER_PHOTOS__PIXELS", "200000000")
        environment.setenv("HFER_PHOTOS__FORMATS", '["PNG"]')
        limits = Settings().photos.limits
        assert (limits.photo_pixels, limits.formats) == (200_000_000, ("PNG",))
        assert (limits.photo_bytes, limits.faces_per_photo) == (40_000_000, 300)

    @pytest.mark.parametrize(
        ("name", "value"), [("PIXELS", "200000001"), ("FORMATS", '["SVG"]'), ("FORMATS", "[]")]
    )
    def test_refuse_what_is_not_served(
        self, environment: pytest.MonkeyPatch, name: str, value: str
    ) -> None:
        environment.setenv(f"HFER_PHOTOS__{name}", value)
        with pytest.raises(ValidationError):
            Settings()
