"""Write docs/api.md from the OpenAPI document of the API with everything switched on."""

import sys

from scripts.generated_page import DOCS, write_page
from services.api.app import create_app
from services.api.reference.markdown import write_reference
from services.common.config import Settings

PAGE = DOCS / "api.md"
# Nothing is connected while the document is built.
_NOWHERE = {
    "database": {"url": "postgresql+psycopg://nobody@127.0.0.1:1/none"},
    "storage": {"endpoint": "127.0.0.1:1", "access_key": "none", "secret_key": "none"},
    "broker": {"url": "redis://127.0.0.1:1/0"},
    "compat": {"enabled": True},
}


def reference() -> str:
    """Return what docs/api.md should hold."""
    return write_reference(create_app(Settings.model_validate(_NOWHERE)).openapi())


def main() -> int:
    """Write the page."""
    write_page(PAGE, reference())
    return 0


if __name__ == "__main__":
    sys.exit(main())
