"""The model registry from the client's side."""

import json
from pathlib import Path

import httpx
import pytest

from hfer import (
    BundleFileError,
    Client,
    ConflictError,
    ModelReferenceError,
    ServiceUnreachableError,
    UnexpectedAnswerError,
)
from hfer._codec import decode
from hfer.aio.registry import pick_model
from hfer.registry_models import ModelInfo
from tests.fixtures.fake_service import CARD, FakeService, canary_json, model_json, problem
from tests.fixtures.paper_bundles import MANIFEST, paper_bundle

MODEL = model_json(2)["id"]


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = tmp_path / "bundle"
    folder.mkdir()
    for name, data in paper_bundle().items():
        (folder / name).write_bytes(data)
    return folder


def body_of(service: FakeService) -> object:
    return json.loads(service.requests[-1].content)


class TestPickModel:
    MODELS = tuple(
        decode(ModelInfo, model_json(number, version=version, model_version=f"starter-{version}+d"))
        for number, version in ((1, "0.1.0"), (2, "0.1.01"), (16, "0.2.0"))
    )

    @pytest.mark.parametrize(
        ("reference", "version"),
        [
            (MODEL, "0.1.01"),
            ("starter-0.2.0+d", "0.2.0"),
            ("starter-0.1.0", "0.1.0"),
            ("starter-0.2", "0.2.0"),
            (f"mdl_{'0' * 30}1", "0.2.0"),
        ],
    )
    def test_takes_ids_versions_and_unique_beginnings(self, reference: str, version: str) -> None:
        assert pick_model(self.MODELS, reference).version == version

    @pytest.mark.parametrize("reference", ["starter-0.1", "mdl_", "s"])
    def test_refuses_a_beginning_of_several_and_names_them(self, reference: str) -> None:
        with pytest.raises(ModelReferenceError, match=r"several models: starter-0\.1\.0\+d, "):
            pick_model(self.MODELS, reference)

    @pytest.mark.parametrize("reference", ["", "0.2.0", "other", "starter-0.2.0+e"])
    def test_refuses_what_fits_none(self, reference: str) -> None:
        with pytest.raises(ModelReferenceError, match="fits no model"):
            pick_model(self.MODELS, reference)

    def test_an_empty_name_fits_nothing_even_if_there_is_one_model(self) -> None:
        with pytest.raises(ModelReferenceError):
            pick_model(self.MODELS[:1], "")

    def test_says_when_there_is_no_model(self) -> None:
        with pytest.raises(ModelReferenceError, match="there is none"):
            pick_model([], "starter")


class TestLook:
    def test_list_reads_what_is_known(self, client: Client) -> None:
        second, first = client.models.list()
        assert (first.active, second.active) == (True, False)
        assert first.metrics.macro_f1 == 0.5463
        assert first.metrics.macro_recall is None
        assert first.created_at is not None

    def test_list_follows_pages(self, client: Client, service: FakeService) -> None:
        page = {"data": [model_json(3)], "next_cursor": "c", "has_more": True}
        service.upsets.append(httpx.Response(200, json=page))
        assert len(client.models.list()) == 3
        assert service.requests[-1].url.params["cursor"] == "c"

    def test_get_adds_manifest_and_card(self, client: Client) -> None:
        detail = client.models.get("starter-0.2.0")
        assert (detail.id, detail.card, detail.manifest) == (MODEL, CARD, {"files": {}})

    def test_file_fetches_the_bytes(self, client: Client) -> None:
        assert client.models.file(MODEL, "confusion_matrix.png") == b"\x89PNG"

    def test_something_else_is_no_model(self, client: Client, service: FakeService) -> None:
        service.upsets.append(httpx.Response(200, json={"data": [{"hello": "world"}]}))
        with pytest.raises(UnexpectedAnswerError, match="not a model"):
            client.models.list()


class TestPublish:
    def test_sends_the_manifest_and_the_files_that_it_names(
        self, client: Client, service: FakeService, bundle: Path
    ) -> None:
        (bundle / "notes.txt").write_text("private")
        seen: list[tuple[int, int]] = []
        info = client.models.publish(bundle, on_upload=lambda *now: seen.append(now))
        [request] = service.sent("POST", "/v1/models")
        assert info.id == MODEL
        total = sum(len(data) for data in paper_bundle().values())
        assert seen[-1] == (total, total)
        assert request.content.index(b"bundle.json") < request.content.index(b"model.onnx")
        assert b'name="config"' not in request.content
        assert b"private" not in request.content

    def test_is_repeated_when_the_answer_is_lost(
        self, client: Client, service: FakeService, bundle: Path
    ) -> None:
        service.upsets.append(httpx.ReadError("cut"))
        client.models.publish(bundle)
        first, second = service.sent("POST", "/v1/models")
        assert first.content == second.content

    @pytest.mark.parametrize(
        ("manifest", "says"),
        [
            (None, "make train"),
            ("{", "names no files"),
            ("[]", "names no files"),
            ('{"files": 1}', "names no files"),
            ('{"files": {"../../key": ""}}', "no plain file name"),
            ('{"files": {"/etc/passwd": ""}}', "no plain file name"),
            ('{"files": [1]}', "no plain file name"),
            ('{"files": {"gone.onnx": ""}}', "gone.onnx"),
        ],
    )
    def test_refuses_what_is_no_bundle_and_sends_nothing(
        self,
        client: Client,
        service: FakeService,
        tmp_path: Path,
        manifest: str | None,
        says: str,
    ) -> None:
        if manifest is not None:
            (tmp_path / MANIFEST).write_text(manifest)
        with pytest.raises(BundleFileError, match=says):
            client.models.publish(tmp_path)
        assert service.requests == []

    def test_a_file_that_vanishes_under_way_is_named(
        self, client: Client, service: FakeService, bundle: Path
    ) -> None:
        def lose(sent: int, _total: int) -> None:
            if sent:
                (bundle / "report.html").unlink(missing_ok=True)

        with pytest.raises(BundleFileError, match=r"report\.html"):
            client.models.publish(bundle, on_upload=lose)
        assert service.requests == []


class TestChoose:
    @pytest.mark.parametrize("force", [False, True])
    def test_activate_says_whether_to_force(
        self, client: Client, service: FakeService, force: bool
    ) -> None:
        assert client.models.activate("starter-0.2", force=force).active
        assert body_of(service) == {"force": force}
        assert service.requests[-1].headers["Content-Type"] == "application/json"

    def test_a_refusal_keeps_the_services_words(self, client: Client, service: FakeService) -> None:
        models = httpx.Response(200, json={"data": [model_json(2)]})
        service.upsets.extend([models, problem(409, "model-worse")])
        with pytest.raises(ConflictError) as caught:
            client.models.activate(MODEL)
        assert caught.value.code == "model-worse"

    def test_roll_back_names_the_model_before(self, client: Client) -> None:
        assert client.models.roll_back().version == "0.1.0"

    def test_roll_back_is_never_repeated(self, client: Client, service: FakeService) -> None:
        service.upsets.append(httpx.ReadError("cut"))
        with pytest.raises(ServiceUnreachableError):
            client.models.roll_back()
        assert len(service.requests) == 1


class TestCanary:
    def test_is_none_without_a_trial(self, client: Client) -> None:
        assert client.models.canary() is None

    def test_tells_how_it_goes(self, client: Client, service: FakeService) -> None:
        service.canary = canary_json(baseline=None)
        canary = client.models.canary()
        assert canary is not None
        assert (canary.candidate.id, canary.baseline) == (MODEL, None)
        assert (canary.agreement, canary.mean_abs_dp, canary.faces) == (0.85, 0.0615, 2_400)

    def test_start_names_model_and_share(self, client: Client, service: FakeService) -> None:
        assert client.models.start_canary("starter-0.2", share=0.1).agreement is None
        assert body_of(service) == {"model": MODEL, "share": 0.1}

    def test_stop(self, client: Client, service: FakeService) -> None:
        client.models.stop_canary()
        assert [request.method for request in service.requests] == ["DELETE"]

    def test_something_else_is_no_canary(self, client: Client, service: FakeService) -> None:
        service.upsets.append(httpx.Response(200, json=[]))
        with pytest.raises(UnexpectedAnswerError, match="not a canary"):
            client.models.canary()
