"""Every setting that the queue's promises hang on."""

import pytest

from services.common.broker.celery_app import build_celery
from services.common.domain.queues import Device, Lane, Queue, queue_of
from tests.fixtures.settings import SettingsMaker

RABBIT = {"url": "amqp://guest:made-up@127.0.0.1:1//"}


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("task_ignore_result", True),
        ("result_backend", None),
        ("task_acks_late", True),
        ("task_reject_on_worker_lost", False),
        ("task_retry_on_worker_lost", False),
        ("task_publish_retry", False),
        ("task_serializer", "json"),
        ("accept_content", ["json"]),
        ("task_create_missing_queues", False),
        ("task_time_limit", 90),
        ("task_soft_time_limit", 75),
        ("worker_prefetch_multiplier", 0),
        ("worker_disable_prefetch", True),
        ("worker_cancel_long_running_tasks_on_connection_loss", False),
        ("worker_soft_shutdown_timeout", 20.0),
        ("worker_max_tasks_per_child", 500),
        ("worker_proc_alive_timeout", 120.0),
        ("worker_send_task_events", False),
        ("worker_enable_remote_control", False),
        ("broker_connection_retry_on_startup", True),
        ("broker_connection_max_retries", None),
    ],
)
def test_setting(make_unit_settings: SettingsMaker, setting: str, value: object) -> None:
    assert build_celery(make_unit_settings()).conf[setting] == value


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("visibility_timeout", 300),
        ("unacked_restore_interval", 10),
        ("unacked_restore_throttle", 1),
        ("socket_timeout", 10),
        ("socket_connect_timeout", 3),
        ("socket_keepalive", True),
        ("health_check_interval", 10),
        ("queue_order_strategy", "priority"),
    ],
)
def test_redis_option(make_unit_settings: SettingsMaker, option: str, value: object) -> None:
    assert build_celery(make_unit_settings()).conf.broker_transport_options[option] == value


def test_memory_limit_is_in_kibibytes(make_unit_settings: SettingsMaker) -> None:
    app = build_celery(make_unit_settings(worker={"max_memory_mb": 1_024}))
    assert app.conf.worker_max_memory_per_child == 1_000_000


class TestQueues:
    def test_are_direct_and_only_ours(self, make_unit_settings: SettingsMaker) -> None:
        queues = build_celery(make_unit_settings()).amqp.queues
        assert set(queues) == {queue.value for queue in Queue}
        assert {queue.exchange.type for queue in queues.values()} == {"direct"}
        assert all(not queue.queue_arguments for queue in queues.values())

    def test_each_lane_of_each_device_has_one(self) -> None:
        assert {queue_of(device, lane) for device in Device for lane in Lane} == set(Queue)


class TestValkey:
    @pytest.mark.parametrize(
        ("url", "known_as"),
        [
            ("valkey://:made-up@127.0.0.1:1/0", "redis://:made-up@127.0.0.1:1/0"),
            ("valkeys://:made-up@127.0.0.1:1/0", "rediss://:made-up@127.0.0.1:1/0"),
        ],
    )
    def test_is_spoken_to_as_redis(
        self, make_unit_settings: SettingsMaker, url: str, known_as: str
    ) -> None:
        conf = build_celery(make_unit_settings(broker={"url": url})).conf
        assert conf.broker_url == known_as
        assert conf.worker_disable_prefetch is True


class TestRabbitMQ:
    def test_is_chosen_by_the_url_alone(self, make_unit_settings: SettingsMaker) -> None:
        conf = build_celery(make_unit_settings(broker=RABBIT)).conf
        assert conf.broker_transport_options == {"confirm_publish": True}
        assert conf.worker_prefetch_multiplier == 1
        assert conf.worker_disable_prefetch is False

    def test_has_quorum_queues(self, make_unit_settings: SettingsMaker) -> None:
        queues = build_celery(make_unit_settings(broker=RABBIT)).amqp.queues
        assert all(queue.queue_arguments == {"x-queue-type": "quorum"} for queue in queues.values())
