"""``publish``: a bundle into the running service."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError
from rich.console import Console

from services.trainer.commands.options import explained

if TYPE_CHECKING:
    from services.common.config import Settings


def publish(
    *,
    bundle: Annotated[Path, typer.Option(help="The bundle's folder.")],
    activate: Annotated[
        bool, typer.Option("--activate", help="Answer with it from the next chunk on.")
    ] = False,
    force: Annotated[
        bool,
        typer.Option("--force", help="Activate it also if it is worse or not comparable."),
    ] = False,
) -> None:
    """Put a bundle into the service that the HFER_* settings name.

    From elsewhere, over HTTP and with an API key: ``hfer models publish DIR``.
    """
    from sqlalchemy.exc import OperationalError

    from services.common.domain.errors import TransientError
    from services.trainer.export.publish import publish as publish_bundle

    settings = service_settings()
    with explained():
        try:
            version = publish_bundle(bundle, settings, activate_it=activate, force=force)
        except OperationalError as error:
            raise TransientError(
                "the database is not reachable; is the service up, and HFER_DATABASE__URL its own?"
            ) from error
        Console().print(f"{version} is {'active' if activate else 'published'}")


def service_settings() -> "Settings":
    """Return the settings of the service from the environment; missing ones are wrong usage."""
    from pydantic_settings import SettingsError

    from services.common.config import Settings

    try:
        return Settings()
    except ValidationError as error:
        missing = ", ".join(str(fault["loc"][0]) for fault in error.errors())
        raise typer.BadParameter(
            f"the settings of the service are missing ({missing}): set HFER_DATABASE__URL, "
            "HFER_STORAGE__… and HFER_BROKER__URL, or use `hfer models publish`"
        ) from error
    except SettingsError as error:
        raise typer.BadParameter(str(error)) from error
