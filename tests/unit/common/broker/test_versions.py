"""Old servers, as they answer: by stand-ins, since nobody packs them any more."""

from types import SimpleNamespace
from typing import cast

import pytest
from kombu import Connection
from redis.exceptions import NoPermissionError, ResponseError

from services.common.broker.versions import BrokerUnfitError, check_version

ANSWERS_OF_OLD_REDIS = (
    "unknown command `HELLO`, with args beginning with: ",  # 5
    "wrong number of arguments for 'hello' command",  # 6.0
)


def redis(answer: Exception | None) -> Connection:
    def execute_command(command: str) -> list[bytes]:
        assert command == "HELLO"
        if answer is not None:
            raise answer
        return [b"server", b"redis"]

    client = SimpleNamespace(execute_command=execute_command)
    return cast(
        "Connection",
        SimpleNamespace(
            transport=SimpleNamespace(driver_type="redis"),
            default_channel=SimpleNamespace(client=client),
        ),
    )


def rabbitmq(properties: dict[str, str]) -> Connection:
    return cast(
        "Connection",
        SimpleNamespace(
            transport=SimpleNamespace(driver_type="amqp"),
            default_channel=None,
            connection=SimpleNamespace(server_properties=properties),
        ),
    )


@pytest.mark.parametrize("answer", ANSWERS_OF_OLD_REDIS)
def test_an_old_redis_is_refused(answer: str) -> None:
    with pytest.raises(BrokerUnfitError, match=r"6\.2 is the oldest") as caught:
        check_version(redis(ResponseError(answer)))
    assert caught.value.code == "broker-unfit"


@pytest.mark.parametrize("answer", [None, NoPermissionError("no permissions to run 'hello'")])
def test_any_other_redis_is_taken(answer: Exception | None) -> None:
    check_version(redis(answer))


@pytest.mark.parametrize("version", ["3.9.29", "3.8.0", "2.8.7"])
def test_an_old_rabbitmq_is_refused(version: str) -> None:
    with pytest.raises(BrokerUnfitError, match=rf"RabbitMQ {version} is too old: 3\.10"):
        check_version(rabbitmq({"version": version}))


@pytest.mark.parametrize("properties", [{"version": "3.10.8"}, {"version": "4.0.5"}, {}])
def test_any_other_rabbitmq_is_taken(properties: dict[str, str]) -> None:
    check_version(rabbitmq(properties))
