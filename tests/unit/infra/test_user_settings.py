"""What a user says of settings, by environment or in the file ``env``, holds or is answered."""

import shlex
from pathlib import Path

import pytest

from infra.local.errors import LocalStackError
from infra.local.user_settings import SettingsFile, choose

OWN = {"HFER_DATABASE__URL": "postgresql://own", "HFER_API__PORT": "8000"}
DEFAULTS = {"HFER_API__ADMIN_KEY": "hfer_local_drawn", "HFER_TELEMETRY__FORMAT": "console"}


@pytest.fixture
def file(tmp_path: Path) -> SettingsFile:
    """As the first start leaves it."""
    made = SettingsFile(tmp_path)
    made.write({**OWN, **DEFAULTS}, edits={})
    return made


def edit(file: SettingsFile, *, before: str = "", after: str = "") -> None:
    file.path.write_text(file.path.read_text().replace(before, "") + after)


class TestEdits:
    def test_there_are_none_at_first(self, tmp_path: Path) -> None:
        assert SettingsFile(tmp_path).edits() == {}

    def test_what_the_stack_wrote_is_none(self, file: SettingsFile) -> None:
        assert file.edits() == {}

    def test_a_changed_and_an_added_line_are_edits(self, file: SettingsFile) -> None:
        edit(file, before="hfer_local_drawn", after="# mine\n\nexport HFER_WORKER__CONCURRENCY=1\n")
        file.path.write_text(file.path.read_text().replace("ADMIN_KEY=", "ADMIN_KEY=mine"))
        assert file.edits() == {"HFER_API__ADMIN_KEY": "mine", "HFER_WORKER__CONCURRENCY": "1"}

    def test_they_stay_when_it_is_written_anew(self, file: SettingsFile) -> None:
        edit(file, after="HFER_WORKER__CONCURRENCY=1\n")
        for _ in range(2):
            file.write({**OWN, **DEFAULTS, "HFER_WORKER__CONCURRENCY": "2"}, edits=file.edits())
            assert file.edits() == {"HFER_WORKER__CONCURRENCY": "1"}

    def test_one_that_is_taken_away_is_none_any_more(self, file: SettingsFile) -> None:
        edit(file, after="HFER_WORKER__CONCURRENCY=1\n")
        file.write({**OWN, **DEFAULTS}, edits=file.edits())
        edit(file, before="HFER_WORKER__CONCURRENCY=1\n")
        assert file.edits() == {}

    def test_a_value_is_read_as_a_shell_reads_it(self, file: SettingsFile) -> None:
        value = '["https://a.example", "https://b.example"]'
        edit(file, after=f"HFER_API__CORS_ORIGINS={shlex.quote(value)} # the album\n")
        assert file.edits() == {"HFER_API__CORS_ORIGINS": value}
        file.write(OWN, edits=file.edits())
        assert file.edits() == {"HFER_API__CORS_ORIGINS": value}

    @pytest.mark.parametrize("line", ["HFER_X='half a pass", "HFER_X=a pass", "HFER_X pass"])
    def test_a_line_that_cannot_be_read_is_named_without_its_value(
        self, file: SettingsFile, line: str
    ) -> None:
        edit(file, after=line)
        with pytest.raises(LocalStackError, match=r"line 5 of .*env") as caught:
            file.edits()
        assert "pass" not in str(caught.value)

    def test_only_the_owner_can_read_what_was_written(self, file: SettingsFile) -> None:
        modes = {path.stat().st_mode & 0o777 for path in file.path.parent.iterdir()}
        assert modes == {0o600}


class TestChoice:
    def test_edits_come_before_defaults(self) -> None:
        edits = {"HFER_TELEMETRY__FORMAT": "json", "HFER_WEB__CONTACT": "us"}
        chosen = choose(own=OWN, defaults=DEFAULTS, edits=edits, environment={"PATH": "/bin"})
        assert chosen.settings == {**OWN, **DEFAULTS, **edits}
        assert (chosen.edits, list(chosen.ignored)) == (edits, [])

    def test_the_environment_comes_before_both_and_that_is_said(self) -> None:
        edits = {"HFER_API__ADMIN_KEY": "edited"}
        environment = {"HFER_API__ADMIN_KEY": "given", "HFER_ENVIRONMENT": "prod"}
        chosen = choose(own=OWN, defaults=DEFAULTS, edits=edits, environment=environment)
        assert chosen.settings == {**OWN, **DEFAULTS, **environment}
        assert chosen.edits == edits
        [sentence] = chosen.ignored
        assert "HFER_API__ADMIN_KEY of the file env" in sentence
        assert "given" not in sentence

    def test_what_the_stack_sets_itself_does_not_hold_and_that_is_said(self) -> None:
        chosen = choose(
            own=OWN,
            defaults=DEFAULTS,
            edits={"HFER_API__PORT": "9000", "HFER_API_KEY": "another"},
            environment={"HFER_DATABASE__URL": "postgresql://other", "HFER_API_KEY": "a client's"},
        )
        assert chosen.settings == {**OWN, **DEFAULTS}
        assert chosen.edits == {}
        assert [sentence.partition(" does")[0] for sentence in chosen.ignored] == [
            "HFER_API__PORT of the file env",
            "HFER_API_KEY of the file env",
            "HFER_DATABASE__URL of the environment",
        ]

    def test_the_same_value_is_nothing_to_speak_of(self) -> None:
        chosen = choose(own=OWN, defaults={}, edits={}, environment=OWN)
        assert list(chosen.ignored) == []
