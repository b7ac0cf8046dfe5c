import json
from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from services.common.domain.bundles import MODEL_NAME
from services.trainer.commands.evaluating import compare, evaluate
from services.trainer.data.prepare import prepare
from services.trainer.data.seen import SEEN_NAME, seen_in
from services.vision.bundle import Bundle, load_bundle, load_golden, write_bundle
from tests.fixtures.bundles import tiny_card, write_tiny_bundle
from tests.fixtures.training import DATA, write_image_folder
from tests.fixtures.votes import joined


def invoke(*arguments: object) -> Result:
    app = typer.Typer()
    for command in (evaluate, compare):
        app.command()(command)
    runner = CliRunner(env={"COLUMNS": "200", "TERM": "dumb"})
    return runner.invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_image_folder(tmp_path / "data", train=1, test=2)


@pytest.fixture
def trained(tiny_bundle: Bundle, data: Path, tmp_path: Path) -> Path:
    """A bundle that was trained on ``data``."""
    rows = prepare(data, out=tmp_path / "cache", config=DATA)["images"]
    return write_bundle(
        tmp_path / "trained",
        card=tiny_card(),
        model=(tiny_bundle.directory / MODEL_NAME).read_bytes(),
        golden=load_golden(tiny_bundle),
        extras={SEEN_NAME: seen_in(rows).as_bytes()},
    ).directory


class TestEvaluate:
    def test_prints_nothing_but_json(self, tiny_bundle: Bundle, data: Path) -> None:
        done = invoke("evaluate", "--bundle", tiny_bundle.directory, "--data", data, "--json")
        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout)["n"] == 14

    def test_prints_a_table_and_writes_a_page(
        self, tiny_bundle: Bundle, data: Path, tmp_path: Path
    ) -> None:
        page = tmp_path / "report.html"
        done = invoke("evaluate", "--bundle", tiny_bundle.directory, "--data", data, "--html", page)
        assert "macro recall" in done.stdout
        assert tiny_bundle.version in done.stdout
        assert tiny_bundle.version in page.read_text()

    def test_evaluates_the_split_it_is_told(self, tiny_bundle: Bundle, data: Path) -> None:
        done = invoke(
            *("evaluate", "--bundle", tiny_bundle.directory, "--data", data),
            *("--split", "train", "--json"),
        )
        assert json.loads(done.stdout)["n"] == 7

    @pytest.mark.parametrize(
        "arguments", [[], ["--bundle", "b"], ["--data", "d"], ["--run", "r", "--bundle", "b"]]
    )
    def test_wrong_usage_is_2(self, arguments: list[str]) -> None:
        assert invoke("evaluate", *arguments).exit_code == 2

    def test_judges_a_half_against_votes(
        self, tiny_bundle: Bundle, data: Path, tmp_path: Path
    ) -> None:
        paths = [path.relative_to(data) for path in sorted(data.glob("test/*/*.png"))]
        votes = {str(path): {path.parent.name: 9, "unknown": 1} for path in paths}
        table = joined(tmp_path / "votes" / "reviews.csv", votes)
        asked = ("evaluate", "--bundle", tiny_bundle.directory, "--data", data, "--votes", table)
        halves = [
            json.loads(invoke(*asked, "--half", half, "--json").stdout)["judges"]["n"]
            for half in "AB"
        ]
        assert sum(halves) == len(paths) == 14
        done = invoke(*asked)
        assert "agrees with the majority" in done.stdout
        assert "the key judges is about the votes" in " ".join(done.stdout.split())

    def test_votes_that_do_not_fit_are_a_sentence(
        self, tiny_bundle: Bundle, data: Path, tmp_path: Path
    ) -> None:
        table = joined(tmp_path / "votes" / "v.csv", {"a.png": {"fear": -1}})
        done = invoke(
            *("evaluate", "--bundle", tiny_bundle.directory, "--data", data),
            *("--votes", table, "--json"),
        )
        assert (done.exit_code, done.stdout) == (1, "")
        assert "votes: v.csv, line 2: -1 votes for fear are negative" in done.stderr

    @pytest.mark.parametrize("option", [["--half", "A"], ["--votes", "v.csv"]])
    def test_a_run_has_the_votes_and_halves_of_its_recipe(self, option: list[str]) -> None:
        done = invoke("evaluate", "--run", "r", *option)
        assert done.exit_code == 2
        assert "a run has its recipe's" in done.output

    def test_explains_a_folder_that_is_no_bundle(self, data: Path) -> None:
        done = invoke("evaluate", "--bundle", data, "--data", data, "--json")
        assert done.exit_code == 1
        assert "is this a model bundle?" in done.output

    def test_refuses_images_of_training_unless_allowed(self, trained: Path, data: Path) -> None:
        asked = ("evaluate", "--bundle", trained, "--data", data, "--split", "train", "--json")
        done = invoke(*asked)
        assert (done.exit_code, done.stdout) == (1, "")
        assert "seen-images" in done.stderr
        assert "were in the bundle's training data" in done.stderr
        allowed = invoke(*asked, "--allow-seen")
        assert json.loads(allowed.stdout)["overlap"]["in_training"] > 0

    def test_judges_the_rest_and_says_how_many_were_dropped(
        self, trained: Path, data: Path
    ) -> None:
        copied = (data / "train" / "fear" / "000.png").read_bytes()
        (data / "test" / "fear" / "copy.png").write_bytes(copied)
        done = invoke("evaluate", "--bundle", trained, "--data", data, "--drop-seen", "--json")
        result = json.loads(done.stdout)
        assert (result["n"], result["overlap"]["in_training"]) == (14, 0)
        assert result["data"]["left_out_for"] == {"seen_in_training": 1}
        assert result["notes"] == ["1 images were left out: seen in training."]

    def test_nothing_to_judge_is_a_sentence(self, trained: Path, data: Path) -> None:
        seen = ("--data", data / "train", "--drop-seen", "--json")
        done = invoke("evaluate", "--bundle", trained, *seen)
        assert done.exit_code == 1
        assert "data-layout: train has no image left" in done.stderr

    def test_allowing_and_dropping_exclude_each_other(self, trained: Path, data: Path) -> None:
        both = ("--allow-seen", "--drop-seen")
        done = invoke("evaluate", "--bundle", trained, "--data", data, *both)
        assert done.exit_code == 2


class TestCompare:
    def test_drops_what_either_has_seen_for_both(
        self, tiny_bundle: Bundle, trained: Path, data: Path
    ) -> None:
        copied = (data / "train" / "fear" / "000.png").read_bytes()
        (data / "test" / "fear" / "copy.png").write_bytes(copied)
        bundles = ("--bundle", tiny_bundle.directory, "--bundle", trained)
        done = invoke("compare", *bundles, "--data", data, "--drop-seen", "--json")
        assert json.loads(done.stdout)["n"] == 14

    def test_refuses_images_of_either_s_training_unless_allowed(
        self, tiny_bundle: Bundle, trained: Path, data: Path
    ) -> None:
        bundles = ("--bundle", tiny_bundle.directory, "--bundle", trained)
        asked = ("compare", *bundles, "--data", data, "--split", "train", "--json")
        done = invoke(*asked)
        assert (done.exit_code, done.stdout) == (1, "")
        assert "--allow-seen" in done.stderr
        allowed = json.loads(invoke(*asked, "--allow-seen").stdout)
        assert any(note.startswith("b: ") and "flatter" in note for note in allowed["notes"])

    def test_tells_whether_two_bundles_differ(
        self, tiny_bundle: Bundle, data: Path, tmp_path: Path
    ) -> None:
        other = write_tiny_bundle(tmp_path / "other", card=tiny_card(version="0.2.0"), seed=5)
        bundles = ("--bundle", tiny_bundle.directory, "--bundle", other.directory)
        done = invoke("compare", *bundles, "--data", data, "--json")
        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout)["b"] == other.version
        assert "may be luck" in invoke("compare", *bundles, "--data", data).stdout

    def test_with_votes_compares_a_half_against_them_as_well(
        self, tiny_bundle: Bundle, data: Path, tmp_path: Path
    ) -> None:
        paths = [path.relative_to(data) for path in sorted(data.glob("test/*/*.png"))]
        votes = {str(path): {path.parent.name: 9, "unknown": 1} for path in paths}
        table = joined(tmp_path / "votes" / "reviews.csv", votes)
        bundles = ("--bundle", tiny_bundle.directory, "--bundle", tiny_bundle.directory)
        asked = ("compare", *bundles, "--data", data, "--votes", table, "--half", "A")
        found = json.loads(invoke(*asked, "--json").stdout)
        assert 0 < found["judges"]["measures"]["kl"]["n"] == found["n"] < len(paths)
        shown = invoke(*asked).stdout
        assert f"KL to the votes, n {found['n']}" in shown

    def test_records_the_figures_of_both_in_the_second(
        self, tiny_bundle: Bundle, data: Path, tmp_path: Path
    ) -> None:
        other = write_tiny_bundle(tmp_path / "other", card=tiny_card(version="0.2.0"), seed=5)
        bundles = ("--bundle", tiny_bundle.directory, "--bundle", other.directory)
        done = invoke("compare", *bundles, "--data", data, "--record", "--json")
        assert done.exit_code == 0, done.output
        written = load_bundle(other.directory)
        (found,) = written.manifest.metrics["comparisons"]
        assert found["baseline"]["model_version"] == tiny_bundle.version
        assert written.version in json.loads(done.stdout)["notes"][-1]

    def test_needs_two(self, tiny_bundle: Bundle, data: Path) -> None:
        done = invoke("compare", "--bundle", tiny_bundle.directory, "--data", data)
        assert done.exit_code == 2
