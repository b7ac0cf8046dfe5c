from typing import Any

import pytest

from tests.fixtures.fake_service import model_json
from tests.fixtures.page import WEB_ADMIN_KEY, Visitor, VisitorMaker, WebApi, api_problem

ID = model_json(2)["id"]
ACTIVATE = f"/v1/models/{ID}/activate"


def detail_json(**more: Any) -> dict[str, Any]:
    manifest = {
        "files": {"curves.png": "1", "confusion_matrix.png": "2", "model.onnx": "3"},
        "metrics": {
            "n": 30,
            "accuracy": {"value": 0.673, "low": 0.658, "high": 0.689},
            "confusion": [[9, 1], [5, 15]],
            "per_class": {"surprise": {"precision": 0.9, "recall": 0.8, "f1": 0.85, "support": 10}},
        },
    }
    card = "# Card\n\n![matrix](confusion_matrix.png)\n"
    return model_json(2) | {"manifest": manifest, "card": card} | more


@pytest.fixture
def admin(make_visitor: VisitorMaker, web_api: WebApi) -> Visitor:
    web_api.answers["GET", "/v1/models"] = {"data": [model_json(2), model_json(1, active=True)]}
    web_api.answers["GET", f"/v1/models/{ID}"] = detail_json()
    return make_visitor(admin_api_key=WEB_ADMIN_KEY)


def test_the_list_tells_which_one_answers(admin: Visitor) -> None:
    page = admin.get("/models").text
    assert page.count(">active<") == 1
    assert "54.6 %" in page
    assert "Roll back" in page


def test_figures_are_shown_with_truth_test_and_images(admin: Visitor, web_api: WebApi) -> None:
    metrics = {"accuracy": 0.87, "truth": "judges", "test_sha256": "5e6f7a8b" * 8, "n": 1780}
    web_api.answers["GET", "/v1/models"] = {"data": [model_json(2, metrics=metrics)]}
    web_api.answers["GET", f"/v1/models/{ID}"] = detail_json(metrics=metrics)
    for path in ("/models", f"/models/{ID}"):
        page = admin.get(path).text
        for words in ("1,780 images", "the judges&#39; majority", "test set 5e6f7a8b"):
            assert words in page


def test_a_newer_shipped_model_is_offered(
    visitor: Visitor, admin: Visitor, web_api: WebApi
) -> None:
    web_api.answers["GET", "/v1/models"] = {
        "data": [model_json(2, offered=True), model_json(1, active=True)]
    }
    assert "until you activate it" in " ".join(admin.get("/models").text.split())
    page = " ".join(visitor.get("/models").text.split())
    assert page.count("came with this release") == 1
    assert "until an administrator activates it" in page


def test_a_model_shows_figures_matrix_curves_and_card(admin: Visitor) -> None:
    page = admin.get(f"/models/{ID}").text
    assert "67.3 %" in page
    assert "65.8 % to 68.9 %" in page
    assert 'class="shade-9 right" title="9 images">90 %' in page
    assert f'src="/models/{ID}/files/curves.png"' in page
    assert page.count("confusion_matrix.png") == 1
    assert "<h2>Card</h2>" in page


def test_activation_is_done_with_the_administrators_key(admin: Visitor, web_api: WebApi) -> None:
    web_api.answers["POST", ACTIVATE] = model_json(2, active=True)
    response = admin.post(f"/models/{ID}/activate")
    assert (response.status_code, response.headers["location"]) == (303, "/models")
    (request,) = web_api.sent("POST", ACTIVATE)
    assert request.headers["authorization"] == f"Bearer {WEB_ADMIN_KEY}"
    assert web_api.bodies("POST", ACTIVATE) == [{"force": False}]


def test_a_worse_model_is_activated_only_by_insisting(admin: Visitor, web_api: WebApi) -> None:
    web_api.answers["POST", ACTIVATE] = api_problem(409, "model-worse")
    response = admin.post(f"/models/{ID}/activate")
    assert response.status_code == 409
    assert "It is model-worse." in response.text
    assert "Activate all the same" in response.text
    admin.post(f"/models/{ID}/activate", data={"force": "true"})
    assert web_api.bodies("POST", ACTIVATE)[-1] == {"force": True}


def test_one_that_no_worker_can_load_is_not_insisted_on(admin: Visitor, web_api: WebApi) -> None:
    web_api.answers["POST", ACTIVATE] = api_problem(409, "model-not-loadable")
    response = admin.post(f"/models/{ID}/activate")
    assert response.status_code == 409
    assert "It is model-not-loadable." in response.text
    assert "Activate all the same" not in response.text


@pytest.mark.parametrize("checked", [True, False])
def test_an_activation_says_when_no_worker_loaded_it_first(
    admin: Visitor, web_api: WebApi, checked: bool
) -> None:
    web_api.answers["POST", ACTIVATE] = model_json(2, active=True, checked=checked)
    admin.post(f"/models/{ID}/activate")
    page = admin.get("/models").text
    assert "answers from the next photos on" in page
    assert ("No worker was there to load it first" in page) == (not checked)


def test_others_are_shown_no_buttons(visitor: Visitor, admin: Visitor, web_api: WebApi) -> None:
    assert f"{ID}/activate" in admin.get(f"/models/{ID}").text
    assert f"{ID}/activate" not in visitor.get(f"/models/{ID}").text
    assert visitor.post(f"/models/{ID}/activate").status_code == 403
    assert web_api.sent("POST", ACTIVATE) == []


def test_a_form_that_is_none_is_refused(admin: Visitor) -> None:
    path = f"/models/{ID}/activate"
    assert admin.post(path, content=b"x" * 20_000).status_code == 413
    assert admin.post(path, content=b"\xff\xfe=1").status_code == 400


@pytest.mark.parametrize("manifest", [{}, {"metrics": {"confusion": [[1]], "per_class": 3}}])
def test_a_poor_manifest_is_shown_as_far_as_it_goes(
    admin: Visitor, web_api: WebApi, manifest: dict[str, Any]
) -> None:
    web_api.answers["GET", f"/v1/models/{ID}"] = detail_json(manifest=manifest, card=None)
    page = admin.get(f"/models/{ID}")
    assert page.status_code == 200
    assert "Confusion matrix" not in page.text
