from celery.utils.imports import symbol_by_name
from celery.worker.consumer import Consumer

from services.worker.app import create_app
from services.worker.process.consumer import DELAYED_DELIVERY, HintConsumer
from tests.fixtures.settings import SettingsMaker


def test_is_the_consumer_of_the_worker(make_unit_settings: SettingsMaker) -> None:
    app = create_app(make_unit_settings())
    assert symbol_by_name(app.conf.worker_consumer) is HintConsumer


def test_leaves_out_one_step_of_celery_and_keeps_the_others_in_order() -> None:
    celerys, ours = (list(kind.Blueprint.default_steps) for kind in (Consumer, HintConsumer))
    assert symbol_by_name(DELAYED_DELIVERY)
    celerys.remove(DELAYED_DELIVERY)
    assert ours == celerys
