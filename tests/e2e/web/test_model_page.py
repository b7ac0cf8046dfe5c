"""Models on the page: looked at, activated against advice, rolled back."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from hfer import Client
from infra.local.stack import LocalStack
from tests.e2e.web.conftest import NewPage
from tests.e2e.web.test_accessibility import violations
from tests.fault.model_switch import SHIPPED, another_version


@pytest.fixture(scope="module")
def worse(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Id of a published model that says of itself that it is worse than the active one."""
    folder: Path = tmp_path_factory.mktemp("worse") / "bundle"
    another_version(SHIPPED, folder, version="98.0.0")
    manifest = json.loads((folder / "bundle.json").read_text())
    manifest["metrics"]["macro_f1"]["value"] = 0.1
    manifest["metrics"]["comparisons"][0]["macro_f1"] = 0.1
    (folder / "bundle.json").write_text(json.dumps(manifest))
    with Client(stack.url, stack.admin_key) as client:
        return client.models.publish(folder).id


def test_a_model_is_activated_against_advice_and_rolled_back(
    new_page: NewPage, worse: str, site: str
) -> None:
    page = new_page(f"/models/{worse}", expect=("409",))
    page.get_by_role("button", name="Activate", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("needs force")
    assert violations(page) == []
    page.get_by_role("button", name="Activate all the same").click()
    page.wait_for_url("**/models")
    expect(page.locator(".flash")).to_contain_text("starter-98.0.0")
    active = page.locator(".models > li", has_text="active")
    expect(active.locator("h2")).to_have_text("starter 98.0.0")
    page.get_by_role("button", name="Roll back").click()
    dialog = page.get_by_role("dialog")
    assert violations(page) == []
    dialog.get_by_role("button", name="Roll back").click()
    expect(page.locator(".flash")).to_contain_text("Back to starter")
    page.goto(f"{site}/models")
    expect(active.locator("h2")).not_to_have_text("starter 98.0.0")


def test_the_matrix_and_the_cards_pictures_are_there(new_page: NewPage, site: str) -> None:
    page = new_page("/models")
    page.locator(".models h2 a", has_not_text="98.0.0").first.click()
    expect(page.locator(".confusion tbody tr")).to_have_count(7)
    pictures = page.locator(".prose img").all()
    assert pictures
    for picture in pictures:
        picture.scroll_into_view_if_needed()
        expect(picture).to_have_js_property("complete", value=True)
        assert page.request.get(site + str(picture.get_attribute("src"))).ok
