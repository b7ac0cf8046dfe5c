"""The command line: ``python -m services.trainer COMMAND``.

``train`` alone goes the whole way; the other commands are its stages, to repeat one of them.
Exit codes: 0 done, 1 refused (the text says what to do), 2 wrong usage, 3 stopped before the
planned end by ``--max-minutes`` or Ctrl-C, to be resumed.
"""

from typing import Annotated

import typer

from services.trainer.commands.data import audit, prepare
from services.trainer.commands.options import RunFolder, explained
from services.trainer.commands.publishing import publish
from services.trainer.commands.stages import calibrate, evaluated, export
from services.trainer.commands.training import train
from services.trainer.run import Run

app = typer.Typer(
    help="Train an expression model: audit, prepare, train, evaluate, calibrate, export, publish.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)


def evaluate(
    *,
    run: RunFolder,
    best: Annotated[
        bool, typer.Option("--best", help="Judge the best epoch instead of the last weights.")
    ] = False,
) -> None:
    """Judge a run on its test split, or on validation where there is no test split."""
    with explained():
        evaluated(Run(run), which="best" if best else "last")


for command in (audit, prepare, train, evaluate, calibrate, export, publish):
    app.command()(command)
