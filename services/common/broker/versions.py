"""The oldest brokers that are supported, and whether a connection leads to an older one."""

from collections.abc import Mapping
from typing import Any

from kombu import Connection
from redis.exceptions import NoPermissionError, ResponseError

OLDEST_REDIS = "6.2"
OLDEST_RABBITMQ = (3, 10)


class BrokerUnfitError(Exception):
    """The broker is older than what is supported.

    Attributes:
        code: stable.
        detail: what to change, fit for anyone's eyes.
    """

    code = "broker-unfit"

    def __init__(self, detail: str) -> None:
        """Keep the sentence."""
        super().__init__(detail)
        self.detail = detail


def check_version(connection: Connection) -> None:
    """Return if the broker at the other end is new enough, or if it does not say what it is.

    Raises:
        BrokerUnfitError: it is too old.
        Exception: whatever the broker's client raises.
    """
    channel = connection.default_channel
    if connection.transport.driver_type == "redis":
        _check_redis(channel)
    else:
        _check_rabbitmq(connection.connection.server_properties)


def _check_redis(channel: Any) -> None:
    """Ask by HELLO alone, which 6.2 was the first to answer; who may not use INFO may use it."""
    try:
        channel.client.execute_command("HELLO")
    except NoPermissionError:
        return
    except ResponseError as error:
        raise BrokerUnfitError(
            f"Redis is too old: {OLDEST_REDIS} is the oldest that is supported, or Valkey;"
            " upgrade the server"
        ) from error


def _check_rabbitmq(properties: Mapping[str, Any]) -> None:
    version = str(properties.get("version", ""))
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers and numbers < OLDEST_RABBITMQ:
        oldest = ".".join(map(str, OLDEST_RABBITMQ))
        raise BrokerUnfitError(
            f"RabbitMQ {version} is too old: {oldest} is the oldest that is supported;"
            " upgrade the server"
        )
