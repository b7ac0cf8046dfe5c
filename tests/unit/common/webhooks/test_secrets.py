"""Secrets at rest and on the wire; the vector is that of the Standard Webhooks specification."""

import base64
import json
from datetime import UTC, datetime

import pytest
from cryptography.fernet import Fernet

from services.common.config import WebhookSettings
from services.common.webhooks.messages import write_body
from services.common.webhooks.secrets import (
    SecretBox,
    SecretUnreadableError,
    WebhooksOffError,
    new_secret,
    show_secret,
    sign,
)

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


class TestSecretBox:
    def test_gives_back_what_it_locked_and_hides_it(self) -> None:
        box, secret = SecretBox([NEW]), new_secret()
        locked = box.lock(secret)
        assert box.unlock(locked) == secret
        assert secret not in locked
        assert locked != box.lock(secret)

    def test_reads_with_an_old_key_and_locks_with_the_first(self) -> None:
        secret = new_secret()
        both = SecretBox([NEW, OLD])
        assert both.unlock(SecretBox([OLD]).lock(secret)) == secret
        assert SecretBox([NEW]).unlock(both.lock(secret)) == secret

    def test_refuses_what_another_key_locked(self) -> None:
        with pytest.raises(SecretUnreadableError):
            SecretBox([NEW]).unlock(SecretBox([OLD]).lock(new_secret()))

    def test_says_so_when_no_key_is_set(self) -> None:
        with pytest.raises(WebhooksOffError, match="HFER_WEBHOOKS__KEYS"):
            SecretBox.from_settings(WebhookSettings())

    def test_does_not_show_a_bad_key(self) -> None:
        with pytest.raises(ValueError, match="HFER_WEBHOOKS__KEYS") as raised:
            SecretBox.from_settings(WebhookSettings.model_validate({"keys": "sekrit"}))
        assert "sekrit" not in str(raised.value)

    def test_takes_keys_separated_by_commas(self) -> None:
        settings = WebhookSettings.model_validate({"keys": f"{NEW}, {OLD}"})
        secret = new_secret()
        assert SecretBox.from_settings(settings).unlock(SecretBox([OLD]).lock(secret)) == secret


class TestSign:
    def test_signs_as_the_specification_says(self) -> None:
        secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        signature = sign(
            secret,
            message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
            timestamp=1614265330,
            body=b'{"test": 2432232314}',
        )
        assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

    def test_shows_secrets_of_256_bits(self) -> None:
        shown = show_secret(new_secret())
        assert shown.startswith("whsec_")
        assert len(base64.b64decode(shown.removeprefix("whsec_"))) == 32


class TestWriteBody:
    def test_adds_links_and_writes_utc(self) -> None:
        at = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)
        data = {"id": "job_1", "client_ref": "Fotos von Käthe"}
        body = write_body("job.succeeded", at, data, base="https://hfer.example")
        assert json.loads(body) == {
            "type": "job.succeeded",
            "timestamp": "2026-11-26T08:00:00Z",
            "data": {
                **data,
                "links": {
                    "self": "https://hfer.example/v1/jobs/job_1",
                    "items": "https://hfer.example/v1/jobs/job_1/items",
                    "results": "https://hfer.example/v1/jobs/job_1/results",
                },
            },
        }
        assert body == write_body("job.succeeded", at, data, base="https://hfer.example")
        assert "Käthe".encode() in body
