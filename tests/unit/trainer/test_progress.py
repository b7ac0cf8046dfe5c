import io

import pytest
from rich.console import Console

from services.trainer.progress import ConsoleReporter


def told(*, terminal: bool) -> str:
    console = Console(file=io.StringIO(), force_terminal=terminal, width=120)
    with ConsoleReporter(console, every=10) as reporter:
        reporter.began(step=20, total=40)
        for step in range(21, 41):
            reporter.stepped(step=step, loss=1.5)
        reporter.finished_epoch(epoch=2, loss=1.25, accuracy=0.5)
    output = console.file
    assert isinstance(output, io.StringIO)
    return output.getvalue()


class TestConsoleReporter:
    def test_writes_plain_lines_with_the_time_left_to_a_file(self) -> None:
        lines = told(terminal=False).splitlines()
        assert [line.split()[1] for line in lines if line.startswith("step")] == ["30/40", "40/40"]
        assert "0 min left" in lines[0]
        assert lines[-1] == "epoch 2: loss 1.2500, validation accuracy 50.00%"

    @pytest.mark.parametrize("text", ["loss 1.500", "40/40", "epoch 2"])
    def test_shows_a_bar_on_a_terminal(self, text: str) -> None:
        assert text in told(terminal=True)
