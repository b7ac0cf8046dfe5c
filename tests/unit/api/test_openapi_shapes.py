"""Shapes over which generators of clients stumbled: none of them comes back.

`make check-clients` runs the generators themselves.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from services.api.app import create_app
from services.api.openapi_shapes import plain_shapes
from services.api.problems import PROBLEM_JSON
from tests.fixtures.settings import DEAD, build_settings

Found = tuple[str, dict[str, Any]]
EXAMPLES = {"example", "examples"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    document: dict[str, Any] = create_app(build_settings(DEAD, compat={"enabled": True})).openapi()
    return document


def objects(node: object, place: str = "#") -> Iterator[Found]:
    """Every object with its place; examples are data."""
    if isinstance(node, dict):
        yield place, node
        for key, value in node.items():
            if key not in EXAMPLES:
                yield from objects(value, f"{place}/{key}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from objects(value, f"{place}/{index}")


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for methods in document["paths"].values():
        for operation in methods.values():
            yield operation["operationId"], operation


class TestTheDocument:
    def test_has_no_member_that_is_null_and_nothing_else(self, document: dict[str, Any]) -> None:
        """openapi-generator ends with an exception."""
        alone = [
            place
            for place, schema in objects(document)
            if schema.get("type") == "null" and "/anyOf/" not in place
        ]
        assert alone == []

    def test_has_one_kind_of_body_for_each_operation(self, document: dict[str, Any]) -> None:
        """Generators take one and drop the others."""
        kinds = {
            name: list(operation["requestBody"]["content"])
            for name, operation in operations(document)
            if "requestBody" in operation
        }
        assert {name: found for name, found in kinds.items() if len(found) > 1} == {}
        assert kinds["submit_job"] == ["multipart/form-data"]
        assert kinds["submit_urls"] == kinds["seal_upload"] == ["application/json"]

    def test_has_one_schema_for_all_successes_of_an_operation(
        self, document: dict[str, Any]
    ) -> None:
        """Generators return the first; the other is read as if it were that."""
        for name, operation in operations(document):
            schemas = [
                response["content"]["application/json"]["schema"]
                for status, response in operation["responses"].items()
                if status.startswith("2") and "application/json" in response.get("content", {})
            ]
            assert all(schema == schemas[0] for schema in schemas), name

    def test_has_no_defaults_in_members(self, document: dict[str, Any]) -> None:
        """openapi-typescript makes such members required in requests as well."""
        schemas = document["components"]["schemas"]
        assert [place for place, schema in objects(schemas) if "default" in schema] == []

    def test_says_what_a_request_may_leave_out(self, document: dict[str, Any]) -> None:
        config = document["components"]["schemas"]["JobConfig"]
        assert "required" not in config
        assert config["properties"]["top_n"]["description"] == "length of `top`; default `3`"

    def test_requires_what_an_answer_always_has(self, document: dict[str, Any]) -> None:
        schemas = document["components"]["schemas"]
        assert {"object", "id"} <= set(schemas["JobObject"]["required"])
        assert set(schemas["ModelList"]["required"]) == {"data", "has_more"}
        assert "results" not in schemas["SubmittedJob"]["required"]

    def test_has_nothing_beside_a_reference_that_changes_it(self, document: dict[str, Any]) -> None:
        """openapi-generator calls it an illegal schema."""
        assert [
            place
            for place, schema in objects(document)
            if "$ref" in schema and schema.keys() - {"$ref", "description", "title", "default"}
        ] == []

    def test_has_maps_with_values_of_a_type(self, document: dict[str, Any]) -> None:
        """Generators do not know `patternProperties`: labels became a map of anything."""
        assert [place for place, schema in objects(document) if "patternProperties" in schema] == []
        labels = document["components"]["schemas"]["JobConfig"]["properties"]["labels"]
        assert labels["additionalProperties"]["type"] == "string"
        assert labels["propertyNames"] == {"pattern": "^[A-Za-z0-9._-]{1,63}$"}

    def test_has_no_parameter_that_may_be_null(self, document: dict[str, Any]) -> None:
        """orval sends the word; openapi-generator forgets the choices."""
        for name, operation in operations(document):
            for parameter in operation.get("parameters", ()):
                assert {"type": "null"} not in parameter["schema"].get("anyOf", ()), name

    def test_tells_events_as_text(self, document: dict[str, Any]) -> None:
        """As an object they would be parsed as one, which a stream is not."""
        events = document["paths"]["/v1/jobs/{job_id}/events"]["get"]["responses"]["200"]
        stream = events["content"]["text/event-stream"]
        assert stream["schema"]["type"] == "string"
        assert set(stream["x-event-data"]) == {"job.progress", "item.finished", "job.finished"}

    def test_tells_every_problem_alike(self, document: dict[str, Any]) -> None:
        for name, operation in operations(document):
            for response in operation["responses"].values():
                content = response.get("content", {}).get(PROBLEM_JSON)
                assert content is None or content["schema"].keys() == {"$ref"}, name


class TestPlainShapes:
    def test_a_schema_of_both_ways_is_one_of_a_request(self) -> None:
        """What is required of an answer is required of a request too: rather nothing is."""
        reference = {"$ref": "#/components/schemas/Inner"}
        inner = {"properties": {"n": {"type": "integer", "default": 3}}}
        outer = {"properties": {"inner": {"type": "array", "items": reference}}}
        document = {
            "components": {"schemas": {"Outer": outer, "Inner": inner}},
            "paths": {
                "/": {
                    "post": {
                        "requestBody": {"schema": {"$ref": "#/components/schemas/Outer"}},
                        "responses": {"200": {"schema": reference}},
                    }
                }
            },
        }
        plain_shapes(document)
        assert inner == {"properties": {"n": {"type": "integer", "description": "default `3`"}}}

    def test_keeps_the_order_of_what_is_required(self) -> None:
        thing = {
            "properties": {"a": {"default": 1}, "b": {}, "c": {"default": None}},
            "required": ["b"],
        }
        plain_shapes({"components": {"schemas": {"Thing": thing}}, "paths": {}})
        assert thing == {"properties": {"a": {}, "b": {}, "c": {}}, "required": ["a", "b"]}
