"""``hfer models`` against the service in memory."""

import json
from pathlib import Path

import httpx
import pytest

from tests.fixtures.fake_service import CARD, FakeService, canary_json, model_json, problem
from tests.fixtures.paper_bundles import paper_bundle
from tests.unit.client.cli.conftest import Run

MODEL = model_json(2)["id"]


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    for name, data in paper_bundle().items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


class TestList:
    def test_has_a_row_per_model_and_marks_the_one_in_use(self, run: Run) -> None:
        outcome = run("models", "list")
        _, second, first = outcome.stdout.splitlines()
        assert outcome.code == 0
        figures = ["61.9%", "–", "54.6%"]
        assert second.split()[:7] == ["starter-0.2.0+00000002", MODEL, "–", "0", *figures]
        assert first.split()[2:7] == ["active", "2", *figures]

    def test_says_what_the_figures_are_of(self, run: Run, service: FakeService) -> None:
        figures = {"accuracy": 0.87, "truth": "judges", "test_sha256": "5e6f7a8b" * 8, "n": 1780}
        service.models = [model_json(2, metrics=figures, offered=True)]
        row = " ".join(run("models", "list").stdout.splitlines()[1].split())
        assert "offered 0 87.0% – – 1,780 judges 5e6f7a8b" in row
        shown = " ".join(run("models", "show", MODEL).stdout.split())
        assert f"images 1,780 truth judges test set {'5e6f7a8b' * 8}" in shown

    def test_as_json(self, run: Run) -> None:
        outcome = run("models", "list", "--json")
        models = json.loads(outcome.stdout)
        assert [model["active"] for model in models] == [False, True]
        assert models[0]["metrics"]["macro_f1"] == 0.5463


class TestShow:
    def test_prints_the_figures_and_the_card(self, run: Run) -> None:
        outcome = run("models", "show", "starter-0.2.0")
        assert outcome.code == 0
        assert "54.6%" in outcome.stdout
        assert "Reads apparent expressions." in outcome.stdout
        assert "http://evil.test" in outcome.stdout

    def test_a_hostile_card_reaches_no_terminal(self, run: Run, service: FakeService) -> None:
        models = httpx.Response(200, json={"data": [model_json(2)]})
        detail = model_json(2, manifest={}, card="\x1b]0;gone\x07 \u202ename")
        service.upsets.extend([models, httpx.Response(200, json=detail)])
        outcome = run("models", "show", MODEL)
        assert "\\x1b]0;gone\\x07" in outcome.stdout
        assert "\x1b" not in outcome.stdout

    def test_says_when_there_is_no_card(self, run: Run, service: FakeService) -> None:
        service.models = [model_json(2, card=None)]
        service.upsets.append(httpx.Response(200, json={"data": service.models}))
        service.upsets.append(httpx.Response(200, json=service.models[0]))
        assert "no model card" in run("models", "show", MODEL).stdout

    def test_json_holds_manifest_and_card(self, run: Run) -> None:
        shown = json.loads(run("models", "show", MODEL, "--json").stdout)
        assert (shown["manifest"], shown["card"]) == ({"files": {}}, CARD)

    def test_a_name_that_fits_several_is_wrong_usage(self, run: Run) -> None:
        outcome = run("models", "show", "starter")
        assert outcome.code == 2
        assert "'starter' fits several models: starter-0.2.0+00000002" in outcome.stderr


class TestPublish:
    def test_prints_nothing_but_the_id(self, run: Run, bundle: Path) -> None:
        outcome = run("models", "publish", bundle)
        assert (outcome.code, outcome.stdout) == (0, f"{MODEL}\n")
        assert f"hfer models activate {MODEL}" in outcome.stderr

    def test_as_json(self, run: Run, bundle: Path) -> None:
        outcome = run("models", "publish", bundle, "--json", "--quiet")
        assert json.loads(outcome.stdout)["id"] == MODEL
        assert "━" not in outcome.stderr

    def test_of_an_active_model_needs_no_advice(
        self, run: Run, bundle: Path, service: FakeService
    ) -> None:
        service.models = [model_json(2, active=True)]
        assert "activate" not in run("models", "publish", bundle).stderr

    def test_what_is_no_bundle_is_wrong_usage(
        self, run: Run, service: FakeService, tmp_path: Path
    ) -> None:
        outcome = run("models", "publish", tmp_path)
        assert outcome.code == 2
        assert "is no model bundle" in outcome.stderr
        assert service.requests == []

    def test_a_refused_bundle_shows_what_is_wrong(
        self, run: Run, service: FakeService, bundle: Path
    ) -> None:
        service.upsets.append(problem(422, "bundle-refused"))
        outcome = run("models", "publish", bundle)
        assert outcome.code == 6
        assert "bundle-refused" in outcome.stderr


class TestChoose:
    def test_activate_shows_the_model(self, run: Run, service: FakeService) -> None:
        outcome = run("models", "activate", "starter-0.2", "--force")
        assert outcome.code == 0
        assert "active" in outcome.stdout
        assert json.loads(service.requests[-1].content) == {"force": True}

    @pytest.mark.parametrize("checked", [True, False])
    def test_activate_says_when_no_worker_loaded_it_first(
        self, run: Run, service: FakeService, checked: bool
    ) -> None:
        service.models = [model_json(2, checked=checked)]
        told = run("models", "activate", MODEL).stderr
        assert ("No worker loaded it first" in told) == (not checked)

    def test_a_model_that_workers_refuse_says_so_and_why(
        self, run: Run, service: FakeService
    ) -> None:
        refusal = {"code": "bundle-refused", "reason": "golden.npz is broken.", "workers": 2}
        service.models = [model_json(2, active=True, refusals=[refusal])]
        assert "active, refused" in " ".join(run("models", "list").stdout.split())
        shown = " ".join(run("models", "show", MODEL).stdout.split())
        assert "refused by 2 (golden.npz is broken.)" in shown

    def test_a_worse_model_is_refused_with_the_services_words(
        self, run: Run, service: FakeService
    ) -> None:
        models = httpx.Response(200, json={"data": [model_json(2)]})
        service.upsets.extend([models, problem(409, "model-worse")])
        outcome = run("models", "activate", MODEL)
        assert outcome.code == 6
        assert "model-worse" in outcome.stderr

    def test_rollback_shows_the_model_before(self, run: Run) -> None:
        outcome = run("models", "rollback")
        assert outcome.code == 0
        assert "starter-0.1.0" in outcome.stdout

    @pytest.mark.parametrize(
        "arguments",
        [["activate", MODEL], ["rollback"], ["canary", "start", MODEL, "--share", ".1"]],
    )
    def test_as_json(self, run: Run, arguments: list[str]) -> None:
        outcome = run("models", *arguments, "--json")
        shown = json.loads(outcome.stdout)
        assert {"labels", "share"} & shown.keys()


class TestCanary:
    def test_start_and_status(self, run: Run, service: FakeService) -> None:
        started = run("models", "canary", "start", "starter-0.2", "--share", ".1")
        assert started.code == 0
        assert json.loads(service.requests[-1].content) == {"model": MODEL, "share": 0.1}
        assert "10.0%" in started.stdout
        service.canary = canary_json()
        shown = run("models", "canary", "status").stdout
        for figure in ("starter-0.2.0", "starter-0.1.0", "2,400", "85.0%", "0.061"):
            assert figure in shown

    def test_status_without_a_trial_is_an_answer(self, run: Run) -> None:
        outcome = run("models", "canary", "status")
        assert (outcome.code, outcome.stdout) == (0, "")
        assert "No model is on trial." in outcome.stderr
        assert json.loads(run("models", "canary", "status", "--json").stdout) is None

    def test_stop_tells_how_it_went(self, run: Run, service: FakeService) -> None:
        service.canary = canary_json()
        outcome = run("models", "canary", "stop")
        assert outcome.code == 0
        assert "85.0%" in outcome.stdout
        assert service.requests[-1].method == "DELETE"

    def test_stop_without_a_trial(self, run: Run) -> None:
        outcome = run("models", "canary", "stop")
        assert (outcome.code, outcome.stdout) == (0, "")
        assert "No model was on trial." in outcome.stderr

    @pytest.mark.parametrize("share", ["1.5", "-1", "much"])
    def test_a_share_is_between_nothing_and_all(
        self, run: Run, service: FakeService, share: str
    ) -> None:
        assert run("models", "canary", "start", MODEL, "--share", share).code == 2
        assert service.requests == []
