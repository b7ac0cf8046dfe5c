"""Settings that are missing or wrong: told by name and in a sentence, without any value."""

import inspect
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_settings import SettingsError

import services.common.secret_files
import services.web.secret_files
from services.api.enrol import EnrolSettings
from services.backup.settings import BackupSettings
from services.common.config import Settings
from services.common.environment import read_or_exit
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
    "services.ingest.__main__",
    "services.maintenance.__main__",
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

    @pytest.mark.parametrize("wrong", ["", " \n", "hunter2\x01b", "hunter2\x1bb", "hunter2\x7fb"])
    def test_is_refused_when_it_cannot_be_right(
        self,
        environment: pytest.MonkeyPatch,
        kind: Callable[[], BaseModel],
        variable: str,
        wrong: str,
    ) -> None:
        environment.setenv(variable, wrong)
        with pytest.raises(ValidationError) as caught:
            kind()
        assert "hunter2" not in str(caught.value)

    def test_may_stand_in_a_file(
        self,
        environment: pytest.MonkeyPatch,
        tmp_path: Path,
        kind: Callable[[], BaseModel],
        variable: str,
    ) -> None:
        file = tmp_path / "secret"
        file.write_text(f"{sample(variable)}\n")
        environment.delenv(variable, raising=False)
        environment.setenv(f"{variable}_FILE", str(file))
        assert value_of(kind(), kind, variable) == sample(variable)  # type: ignore[arg-type]

    def test_is_refused_when_it_stands_in_a_file_as_well(
        self, environment: pytest.MonkeyPatch, kind: Callable[[], BaseModel], variable: str
    ) -> None:
        environment.setenv(variable, sample(variable))
        environment.setenv(f"{variable}_FILE", "/hunter2")
        with pytest.raises(SettingsError, match=f"{variable} and {variable}_FILE") as caught:
            kind()
        assert "hunter2" not in str(caught.value)


def test_what_is_no_secret_comes_from_no_file(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HFER_DATABASE__POOL_SIZE_FILE", "/hunter2")
    with pytest.raises(ValidationError, match="pool_size_file"):
        Settings()


def test_page_and_services_read_secrets_from_files_alike() -> None:
    """The page may import nothing of the services, so it has a copy."""
    ours, copy = (
        inspect.getsource(module).partition('"""\n\n')[2]
        for module in (services.common.secret_files, services.web.secret_files)
    )
    assert ours == copy


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("HFER_DATABASE__URL", "postgresql+psycopg://user:hunt/er2@db:1/x", "%2F"),
        ("HFER_BROKER__URL", "redis://:hunt#er2@broker:1/0", "%23"),
        ("HFER_API__ADMIN_KEY", "hunter2…", "no API key has"),
        ("HFER_FETCH__PORTS", "hunter2", "HFER_FETCH: what should be JSON"),
        ("HFER_DATABASE__POOL_SIZE", "hunter2", "HFER_DATABASE__POOL_SIZE: Input should be"),
        ("HFER_QUEUE__HUNTER", "hunter2", "HFER_QUEUE__HUNTER: Extra inputs"),
    ],
)
def test_every_fault_names_its_variable_and_shows_no_value(
    environment: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variable: str,
    value: str,
    told: str,
) -> None:
    environment.setenv(variable, value)
    with pytest.raises(SystemExit):
        read_or_exit(Settings)
    shown = capsys.readouterr().err
    assert told in shown
    assert not [part for part in ("hunter2", "hunt", "er2") if part in shown]


@pytest.mark.parametrize("head", ["HFER_STORAGE__ENDPOINT", "HFER_STORAGE__"])
def test_of_a_missing_group_every_variable_is_named(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], head: str
) -> None:
    gone = [name for name in GIVEN if name.startswith(head)]
    for name in gone:
        environment.delenv(name)
    with pytest.raises(SystemExit):
        read_or_exit(Settings)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[1] for line in lines] == gone


def test_keys_of_a_list_may_stand_on_lines_of_their_own(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HFER_WEBHOOKS__KEYS", "one,\n  two\n")
    keys = Settings().webhooks.keys
    assert keys is not None
    assert keys.get_secret_value() == "one,two"


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

    @pytest.mark.parametrize(("content", "told"), [(None, "cannot be read"), (b"\xff", "no text")])
    def test_a_file_without_a_secret_is_named(  # noqa: PLR0917 - two are parameters
        self,
        environment: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        tmp_path: Path,
        module: str,
        content: bytes | None,
        told: str,
    ) -> None:
        wrong = "HFER_WEB__API_KEY" if "web" in module else "HFER_DATABASE__URL"
        file = tmp_path / "hunter2"
        if content:
            file.write_bytes(content)
        environment.delenv(wrong)
        environment.setenv(f"{wrong}_FILE", str(file))
        assert self.ended(module) == 2
        shown = capsys.readouterr().err
        assert shown.startswith(f"error: {wrong}_FILE names a file that")
        assert told in shown
        assert "hunter2" not in shown

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
