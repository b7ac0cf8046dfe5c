"""kill -9 between the receiver's answer and the commit: sent again, under the same id."""

import os
import subprocess
import sys
from pathlib import Path

from tests.fixtures.receiving import Receiver
from tests.fixtures.webhooks import KEY, Hooks, StartSender, send_all

ROOT = Path(__file__).parents[3]
PROGRAM = Path(__file__).with_name("sender_process.py")


def test_a_message_outlives_its_sender(
    hooks: Hooks, receiver: Receiver, start_sender: StartSender, database_url: str
) -> None:
    hooks.endpoint(receiver.url)
    hooks.announce()
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'client' / 'src'}"}
    with subprocess.Popen([sys.executable, PROGRAM, database_url, KEY], env=environment) as process:
        receiver.before = lambda _received: process.kill()
        assert process.wait(60) == -9
    receiver.wait_for(1)
    receiver.before = lambda _received: None
    (delivery,) = hooks.deliveries()
    assert (delivery.status, delivery.tries) == ("pending", 0)
    assert delivery.lease_token is not None

    sender = start_sender()
    send_all(sender)
    assert len(receiver.got) == 1  # the lease of the dead one holds

    hooks.make_due()
    send_all(sender)
    assert hooks.deliveries()[0].status == "delivered"
    first, second = receiver.got
    assert (first.id, first.body) == (second.id, second.body)
