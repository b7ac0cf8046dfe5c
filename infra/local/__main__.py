"""Command line of the local stack: ``python -m infra.local run | demo | servers | restore``."""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from infra.local.console import Console
from infra.local.demo import demo
from infra.local.errors import LocalStackError
from infra.local.paths import REPOSITORY
from infra.local.restore import restore
from infra.local.stack import LocalStack, local_stack

FOLDER = REPOSITORY / ".local"
API_PORT = 8000
WEB_PORT = 8001
INTERRUPTED = 130
# Commands that end by themselves.
ENDING = ("demo", "restore")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0 when it ended as it should, 1 when something failed.

    Ctrl-C is how serving should end; demo and restore end by themselves: for them the code is 130.
    """
    options = _parser().parse_args(arguments)
    console = Console()
    _listen_to_signals()
    try:
        if options.command == "demo":
            demo(options.folder, photos=options.photos, out=options.out, console=console)
        elif options.command == "restore":
            restore(options.folder, backup=options.backup, console=console)
        else:
            serve(options.folder, port=options.port, apps=options.command == "run", console=console)
    except KeyboardInterrupt:
        console.say("Stopped.")
        return INTERRUPTED if options.command in ENDING else 0
    except LocalStackError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def serve(folder: Path, *, port: int, apps: bool, console: Console) -> None:
    """Serve until Ctrl-C (`KeyboardInterrupt`) or the death of a child (`ChildDiedError`)."""
    wanted = {"api": port, "web": WEB_PORT}
    with local_stack(folder, console=console, wanted_ports=wanted) as stack:
        stack.start_servers()
        if apps:
            stack.start_apps()
            stack.start_web()
            console.say(welcome(stack, key=stack.tenant_key(), folder=folder))
        else:
            console.say(f"Servers are up: set -a; . {folder / 'env'}; set +a. Ctrl-C stops.")
        try:
            stack.watch()
        finally:
            console.say("Stopping ...")


def welcome(stack: LocalStack, *, key: str, folder: Path) -> str:
    """Tell where everything is, with a first request to copy."""
    return f"""
  page       {stack.web_url}
  API        {stack.url}/v1        documentation: {stack.url}/docs
  API key    {key}
  admin key  {stack.admin_key}
  settings   {folder / "env"}      logs: {folder / "logs"}

  curl -H 'Authorization: Bearer {key}' \\
       -F files=@samples/{_sample()} '{stack.url}/v1/jobs'

  Ctrl-C stops; the data stays in {folder}.
"""


def _sample() -> str:
    photos = sorted((REPOSITORY / "samples").glob("*.jpg"))
    return photos[0].name if photos else "photo.jpg"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="serve the whole stack until Ctrl-C")
    servers = commands.add_parser("servers", help="serve Postgres, Redis and S3 alone")
    for command in (run, servers):
        command.add_argument("--folder", type=Path, default=FOLDER, help="home of the data")
        command.add_argument("--port", type=int, default=API_PORT, help="wanted port of the API")
    back = commands.add_parser("restore", help="bring a backup back into an empty folder")
    back.add_argument("backup", type=Path, help="folder that `services.backup create` made")
    back.add_argument("--folder", type=Path, required=True, help="new home of the data")
    once = commands.add_parser("demo", help="analyse photos once")
    once.add_argument("photos", type=Path, nargs="*", default=[REPOSITORY / "samples"])
    once.add_argument("--folder", type=Path, default=FOLDER / "demo", help="home of the data")
    once.add_argument("--out", type=Path, default=REPOSITORY / "out", help="annotated pictures")
    return parser


def _listen_to_signals() -> None:
    """Make SIGTERM and a closed terminal end us as Ctrl-C does."""
    # Set anew: a shell starts its background jobs with SIGINT ignored.
    signal.signal(signal.SIGINT, _as_ctrl_c)
    signal.signal(signal.SIGTERM, _as_ctrl_c)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as under nohup
        signal.signal(signal.SIGHUP, _as_ctrl_c)


def _as_ctrl_c(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
