"""Every operation declares the narrowest output mode that may use it, and just one."""

from fastapi.routing import APIRoute, iter_route_contexts

from services.api.app import create_app
from services.api.openapi import outputs_of
from services.common.keys.outputs import OutputMode
from tests.fixtures.settings import DEAD, build_settings

# All that shows a face, by hand: whoever adds to it has thought about it.
SHOWS_FACES = {
    ("GET", "/v1/jobs/{job_id}/items"),
    ("GET", "/v1/jobs/{job_id}/items/{item_id}"),
    ("GET", "/v1/jobs/{job_id}/items/{item_id}/annotated"),
    ("GET", "/v1/jobs/{job_id}/items/{item_id}/photo"),
    ("GET", "/v1/jobs/{job_id}/results"),
    ("GET", "/v1/jobs/{job_id}/summary"),
    ("GET", "/v1/jobs/{job_id}/order"),
    ("GET", "/v1/jobs/{job_id}/facets"),
    ("GET", "/v1/jobs/{job_id}/diff"),
    ("GET", "/v1/jobs/{job_id}/artifacts"),
    ("GET", "/v1/jobs/{job_id}/events"),
    ("GET", "/v1/jobs/{job_id}/reviews"),
    ("POST", "/v1/jobs/{job_id}/reviews"),
    ("GET", "/v1/jobs/{job_id}/crops"),
    ("GET", "/v1/jobs/{job_id}/items/{item_id}/faces/{face_index}/crop"),
    ("POST", "/v1/jobs/{job_id}/reviews/undo"),
    ("GET", "/v1/jobs/{job_id}/reviews/changes"),
    ("GET", "/v1/jobs/{job_id}/reviews/summary"),
    ("GET", "/v1/jobs/{job_id}/draws"),
    ("POST", "/v1/jobs/{job_id}/draws"),
    ("GET", "/v1/jobs/{job_id}/draws/{draw_id}"),
    ("GET", "/v1/reviews"),
    ("GET", "/v1/reviews/votes"),
    ("PUT", "/v1/jobs/{job_id}/items/{item_id}/faces/{face_index}/review"),
    ("DELETE", "/v1/jobs/{job_id}/items/{item_id}/faces/{face_index}/review"),
    ("GET", "/v1/datasets/{dataset_id}/archive"),
    ("POST", "/v1/datasets"),
    ("POST", "/upload_image"),
    ("GET", "/emotions"),
}
# Of those, what nobody may see whose pictures are blurred: nothing would be left of it.
SHOWS_FACES_PLAIN = {
    ("GET", "/v1/jobs/{job_id}/crops"),
    ("GET", "/v1/jobs/{job_id}/items/{item_id}/faces/{face_index}/crop"),
}


def test_each_operation_with_a_key_declares_one_mode() -> None:
    app = create_app(build_settings(DEAD, compat={"enabled": True}))
    document = app.openapi()["paths"]
    of_faces, plain = set(), set()
    for route in iter_route_contexts(app.routes):
        if not (isinstance(route.original_route, APIRoute) and route.include_in_schema):
            continue
        for method in route.methods or ():
            operation = document[route.path_format][method.lower()]
            declared = outputs_of(route.dependant)
            assert len(declared) == ("security" in operation), (method, route.path_format)
            if declared and declared != {OutputMode.AGGREGATE}:
                of_faces.add((method, route.path_format))
                if declared == {OutputMode.FULL}:
                    plain.add((method, route.path_format))
                assert "output-restricted" in str(operation["responses"]["403"])
    assert of_faces == SHOWS_FACES
    assert plain == SHOWS_FACES_PLAIN
