"""Secrets of API keys."""

import re

from services.common.keys.secrets import MIN_SECRET_CHARS, hash_secret, new_secret, visible_prefix


class TestNewSecret:
    def test_tells_its_environment_and_never_repeats(self) -> None:
        secrets = {new_secret("prod") for _ in range(100)}
        assert len(secrets) == 100
        assert all(re.fullmatch(r"hfer_prod_[A-Za-z0-9_-]{43}", secret) for secret in secrets)

    def test_is_longer_than_asked_of_operators(self) -> None:
        assert len(new_secret("dev")) > MIN_SECRET_CHARS


class TestHashSecret:
    def test_is_sha256(self) -> None:
        assert hash_secret("abc").hex().startswith("ba7816bf8f01cfea")


class TestVisiblePrefix:
    def test_gives_little_away(self) -> None:
        secret = new_secret("dev")
        assert secret.startswith(visible_prefix(secret))
        assert len(visible_prefix(secret)) <= len("hfer_prod_") + 4
