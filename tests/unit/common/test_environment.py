"""Settings that are missing or wrong: told by name and in a sentence, without any value."""

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, get_args

import pytest
from pydantic import BaseModel, SecretStr, ValidationError

from infra.backup.settings import BackupSettings
from services.api.enrol import EnrolSettings
from services.common.config import Settings
from services.web.settings import WebSettings

GIVEN = {
    "HFER_DATABASE__URL": "postgresql+psycopg://user:hunter2@127.0.0.1:1/db",
    "HFER_STORAGE__ENDPOINT": "127.0.0.1:2",
    "HFER_STORAGE__ACCESS_KEY": "hunter2-access",
    "HFER_STORAGE__SECRET_KEY": "hunter2-secret",
    "HFER_BROKER__URL": "redis://:hunter2@127.0.0.1:3/0",
    "HFER_WEB__API_KEY": "hunter2-page",
}
STARTED = (
    "services.api.__main__",
    "services.worker.__main__",
    "services.worker.ingest.__main__",
    "services.worker.maintenance.__main__",
    "services.api.enrol",
    "services.web.__main__",
)
READ: tuple[type[BaseModel], ...] = (Settings, BackupSettings, EnrolSettings, WebSettings)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in GIVEN.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def variables(kind: type[BaseModel], head: str) -> Iterator[tuple[str, Any]]:
    """Every variable of a settings class with the annotation of its field."""
    for name, field in kind.model_fields.items():
        variable = f"{head}{name.upper()}"
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from variables(field.annotation, f"{variable}__")
        else:
            yield variable, field.annotation


def secrets() -> list[Any]:
    return [
        pytest.param(kind, variable, id=f"{kind.__name__}-{variable}")
        for kind in READ
        for variable, annotation in variables(kind, str(kind.model_config["env_prefix"]))
        if SecretStr in (annotation, *get_args(annotation))
    ]


def value_of(settings: BaseModel, kind: type[BaseModel], variable: str) -> str:
    found: Any = settings
    for step in variable.removeprefix(str(kind.model_config["env_prefix"])).lower().split("__"):
        found = getattr(found, step)
    return str(found.get_secret_value())


def sample(variable: str) -> str:
    return GIVEN.get(variable, "hunter2-other")


@pytest.mark.parametrize(("kind", "variable"), secrets())
class TestEverySecret:
    @pytest.fixture(autouse=True)
    def _with_both_passwords(self, environment: pytest.MonkeyPatch, variable: str) -> None:
        if variable.startswith("HFER_WEB__ADMIN"):
            environment.setenv("HFER_WEB__ADMIN_PASSWORD", "hunter2-admin")

    @pytest.mark.parametrize("around", ["{}\n", "{}\r\n", " {}", "\t{} \n\n"])
    def test_may_end_like_a_file(
        self,
        environment: pytest.MonkeyPatch,
        kind: Callable[[], BaseModel],
        variable: str,
        around: str,
    ) -> None:
        environment.setenv(variable, around.format(sample(variable)))
        assert value_of(kind(), kind, variable) == sample(variable)  # type: ignore[arg-type]

    @pytest.mark.parametrize("wrong", ["", " \n", "hunter2\x00b", "hunter2\x1bb", "hunter2\x7fb"])
    def test_is_refused_when_it_cannot_be_right(
        self,
        environment: pytest.MonkeyPatch,
        kind: Callable[[], BaseModel],
        variable: str,
        wrong: str,
    ) -> None:
        if "\x00" in wrong:  # no environment holds it, a file of secrets may
            wrong = wrong.replace("\x00", "\x01")
        environment.setenv(variable, wrong)
        with pytest.raises(ValidationError) as caught:
            kind()
        assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("module", STARTED)
class TestStart:
    def ended(self, module: str) -> int:
        try:
            return int(import_module(module).main())
        except SystemExit as end:
            return int(str(end.code))

    def test_a_missing_setting_is_named_and_no_other_is_shown(
        self,
        environment: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        module: str,
    ) -> None:
        missing = "HFER_WEB__API_KEY" if "web" in module else "HFER_DATABASE__URL"
        environment.delenv(missing)
        environment.setenv("HFER_DATABASE__POOL_SIZE", "5")
        assert self.ended(module) == 2
        told = capsys.readouterr().err
        assert f"error: {missing} is not set" in told
        assert "hunter2" not in told
        assert "Traceback" not in told

    def test_a_secret_with_a_line_break_inside_is_named(
        self,
        environment: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        module: str,
    ) -> None:
        wrong = "HFER_WEB__API_KEY" if "web" in module else "HFER_DATABASE__URL"
        environment.setenv(wrong, "hunter2\nhunter2")
        assert self.ended(module) == 2
        told = capsys.readouterr().err
        assert f"error: {wrong} holds" in told
        assert "hunter2" not in told
