"""The secrets that sign messages: shown once, and encrypted at rest, because signing needs them."""

import base64
import hmac
import secrets
from typing import Self

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from services.common.config import WebhookSettings
from services.common.domain.errors import HferError

SECRET_HEAD = "whsec_"  # noqa: S105 - a prefix, of Standard Webhooks
_SECRET_BYTES = 32


class WebhooksOffError(HferError):
    """The operator has set no key to encrypt secrets with."""

    code = "webhooks-off"


class SecretUnreadableError(HferError):
    """A stored secret cannot be decrypted: its key is not among the configured ones."""

    code = "secret-unreadable"


class SecretBox:
    """Encrypts and decrypts secrets. The first key encrypts, all of them decrypt.

    So a key is replaced by putting a new one before it.
    """

    def __init__(self, keys: list[str]) -> None:
        """Take Fernet keys.

        Raises:
            ValueError: one of them is none; the message does not show it.
        """
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError:
            raise ValueError(
                "HFER_WEBHOOKS__KEYS must be Fernet keys: 32 bytes in URL-safe base64 each, "
                "separated by commas"
            ) from None

    @classmethod
    def from_settings(cls, settings: WebhookSettings) -> Self:
        """Build the box of a process.

        Raises:
            WebhooksOffError: no key is configured.
        """
        if settings.keys is None:
            raise WebhooksOffError(
                "Webhooks are not set up here; the operator must set HFER_WEBHOOKS__KEYS."
            )
        return cls([key.strip() for key in settings.keys.get_secret_value().split(",")])

    def lock(self, secret: bytes) -> bytes:
        """Encrypt."""
        return self._fernet.encrypt(secret)

    def unlock(self, locked: bytes) -> bytes:
        """Decrypt.

        Raises:
            SecretUnreadableError: none of the keys encrypted it.
        """
        try:
            return self._fernet.decrypt(locked)
        except InvalidToken:
            raise SecretUnreadableError(
                "The endpoint's secret cannot be read; rotate it."
            ) from None


def new_secret() -> bytes:
    """Draw 256 random bits."""
    return secrets.token_bytes(_SECRET_BYTES)


def show_secret(secret: bytes) -> str:
    """Write a secret as receivers configure it, ``whsec_<base64>``."""
    return SECRET_HEAD + base64.b64encode(secret).decode()


def sign(secret: bytes, *, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the signature ``v1,<base64 of HMAC-SHA256>`` over id, Unix seconds and body."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()
