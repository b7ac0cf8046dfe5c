"""Links of the OpenAPI document: which operations take the id that an answer holds."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

# Parameters in paths by the schemas whose `id` they are.
_IDS: Mapping[str, str] = {
    "JobObject": "job_id",
    "SubmittedJob": "job_id",
    "UploadObject": "upload_id",
    "DeclaredFiles": "upload_id",
    "ModelObject": "model_id",
    "ModelDetail": "model_id",
    "IssuedKeyObject": "key_id",
}
_PHOTOS = "Page_PhotoResult_"
_OF_THE_FIRST_PHOTO: Mapping[str, str] = {
    "job_id": "$request.path.job_id",
    "item_id": "$response.body#/data/0/item_id",
}
_NAMES = re.compile(r"\{(\w+)\}")


def add_links(document: Mapping[str, Any]) -> None:
    """Link each successful answer to the operations on what it names."""
    for operation in _operations(document):
        for status, response in operation["responses"].items():
            name = _schema_of(response) if status.startswith("2") else ""
            if name in _IDS:
                places = {_IDS[name]: "$response.body#/id"}
                response["links"] = dict(_links(document, places))
            elif name == _PHOTOS:
                response["links"] = dict(_links(document, _OF_THE_FIRST_PHOTO))


def _links(document: Mapping[str, Any], places: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    """Link to the operations whose path takes just these parameters."""
    parameters = {f"path.{name}": place for name, place in places.items()}
    for path, methods in document["paths"].items():
        if set(_NAMES.findall(path)) == places.keys():
            for operation in methods.values():
                name = operation["operationId"]
                yield name, {"operationId": name, "parameters": parameters}


def _operations(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in document["paths"].values():
        yield from methods.values()


def _schema_of(response: Mapping[str, Any]) -> str:
    content = response.get("content", {}).get("application/json", {})
    name: str = content.get("schema", {}).get("$ref", "")
    return name.rpartition("/")[2]
