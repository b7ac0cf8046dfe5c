"""What may be wrong with an API key, or with what is asked of it."""

from services.common.domain.errors import HferError


class KeyExpiredError(HferError):
    """The key was good until its expiry."""

    code = "unauthenticated"


class KeyMissingError(HferError):
    """There is no such key."""

    code = "not-found"


class KeyNotChangeableError(HferError):
    """What the key is cannot be changed."""

    code = "key-not-changeable"


class KeyNotRollableError(HferError):
    """The key cannot get another secret."""

    code = "key-not-rollable"
