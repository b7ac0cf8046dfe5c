"""No operation that changes something is forgotten by the audit."""

from typing import Any

from fastapi.routing import iter_route_contexts

from services.api.app import create_app
from services.api.audit.refusals import action_of
from services.common.audit.actions import Action
from tests.fixtures.settings import DEAD, build_settings

# Operations that change something and are no act of their own, and why.
PARTS_OF_OTHERS = {
    "add_files": "goes on with an upload, whose beginning and sealing are recorded",
    "post_test": "changes nothing but the list of messages of the endpoint",
    "post_redelivery": "sends a message of before once more",
}
# Acts that are downloads, and those that are no operation.
DOWNLOADS = {
    "get_results": Action.RESULTS_DOWNLOADED,
    "get_artifacts": Action.PICTURES_DOWNLOADED,
    "get_archive": Action.DATASET_DOWNLOADED,
    "get_votes": Action.REVIEWS_DOWNLOADED,
}
OF_NO_OPERATION = {Action.KEY_FIRST_USED: "recorded where keys are checked"}


def endpoints() -> dict[tuple[str, str], Any]:
    """Every documented method and operation, with its endpoint."""
    settings = build_settings(DEAD, compat={"enabled": True})
    return {
        (method, route.original_route.name): route.original_route.endpoint  # type: ignore[union-attr]
        for route in iter_route_contexts(create_app(settings).routes)
        if getattr(route.original_route, "include_in_schema", False)
        for method in route.methods or ()
    }


def test_every_change_is_an_act_or_says_why_not() -> None:
    changes = {name: call for (method, name), call in endpoints().items() if method != "GET"}
    silent = {name for name, call in changes.items() if action_of(call) is None}
    assert silent == PARTS_OF_OTHERS.keys()
    assert "submit_job" in changes


def test_of_what_is_read_only_downloads_in_bulk_are_acts() -> None:
    reads = {name: call for (method, name), call in endpoints().items() if method == "GET"}
    assert {name: action_of(call) for name, call in reads.items() if action_of(call)} == DOWNLOADS


def test_every_act_belongs_to_an_operation() -> None:
    declared = {action_of(call) for call in endpoints().values()} - {None}
    assert declared | OF_NO_OPERATION.keys() == set(Action)
    assert not declared & OF_NO_OPERATION.keys()
