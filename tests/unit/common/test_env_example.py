"""`.env.example` names every setting there is, none that is not, and the true defaults."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from services.common.config import Settings
from services.web.settings import WebSettings

EXAMPLE = Path(__file__).parents[3] / ".env.example"


def documented() -> dict[str, tuple[bool, str]]:
    """Each variable with whether it is commented out, and its value."""
    lines = re.findall(r"^(#?)(HFER_\w+)=(.*)$", EXAMPLE.read_text(), re.MULTILINE)
    assert len({name for _, name, _ in lines}) == len(lines)
    return {name: (mark == "#", value) for mark, name, value in lines}


def defaults(model: type[BaseModel], head: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        variable = f"{head}{name.upper()}"
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found |= defaults(field.annotation, f"{variable}__")
        else:
            found[variable] = field.default
    return found


SETTINGS = defaults(Settings, "HFER_") | defaults(WebSettings, "HFER_WEB__")


def test_names_every_setting_and_no_other() -> None:
    assert documented().keys() == SETTINGS.keys()


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_tells_the_default(name: str) -> None:
    commented, value = documented()[name]
    default = SETTINGS[name]
    if default is PydanticUndefined:
        assert not commented
        return
    assert commented
    words = str(default).lower() if isinstance(default, bool) else str(default)
    words = json.dumps(default) if isinstance(default, tuple) else words
    shown = "" if default is None else words
    assert value == shown
