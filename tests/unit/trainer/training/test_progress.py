import io

import pytest
from rich.console import Console

from services.trainer.training.progress import ConsoleReporter


def told(*, terminal: bool) -> str:
    console = Console(file=io.StringIO(), force_terminal=terminal, width=120)
    with ConsoleReporter(console, every=10) as reporter:
        reporter.began(step=20, total=40)
        for step in range(21, 41):
            reporter.stepped(step=step, loss=1.5, images_per_second=171.4)
            if step == 30:
                reporter.finished_epoch(epoch=2, loss=1.25, accuracy=0.5)
    output = console.file
    assert isinstance(output, io.StringIO)
    return output.getvalue()


class TestConsoleReporter:
    def test_writes_plain_lines_with_the_time_left_to_a_file(self) -> None:
        lines = told(terminal=False).splitlines()
        assert lines == [
            "step 30/40 loss 1.500 171 images/s, 0 min left",
            "epoch 2: loss 1.2500, validation accuracy 50.00%",
            "step 40/40 loss 1.500 validation 50.0% 171 images/s, 0 min left",
        ]

    @pytest.mark.parametrize(
        "text", ["loss 1.500", "validation 50.0%", "171 images/s", "40/40", "epoch 2"]
    )
    def test_shows_a_bar_on_a_terminal(self, text: str) -> None:
        assert text in told(terminal=True)
