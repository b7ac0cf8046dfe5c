"""The command line: ``python -m services.trainer COMMAND``.

``train`` alone goes the whole way; the other commands are its stages, to repeat one of them.
Exit codes: 0 done, 1 refused (the text says what to do), 2 wrong usage, 3 stopped before the
planned end by ``--max-minutes`` or Ctrl-C, to be resumed.
"""

import typer

from services.trainer.commands.data import audit, prepare
from services.trainer.commands.evaluating import compare, evaluate
from services.trainer.commands.finetuning import finetune
from services.trainer.commands.generate import generate
from services.trainer.commands.publishing import publish
from services.trainer.commands.quantising import quantise
from services.trainer.commands.stages import calibrate, export
from services.trainer.commands.sweep import sweep
from services.trainer.commands.training import train

app = typer.Typer(
    help="Train an expression model: audit, prepare, train, evaluate, calibrate, export, quantise, "
    "publish.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)

for command in (
    *(generate, audit, prepare, train, finetune, sweep),
    *(evaluate, calibrate, compare, export, quantise, publish),
):
    app.command()(command)
