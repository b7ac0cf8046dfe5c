"""What the grid's script is given and sends while faces are reviewed."""

from typing import Any

import httpx

from tests.fixtures.fake_service import face_json, photo_json
from tests.fixtures.page import HTML, SCRIPT, Visitor, WebApi, api_problem, seven

JOB, GRID = "/v1/jobs/job_1", "/jobs/job_1/grid"


def review_json(index: int, face: int, answer: str = "anger", version: int = 1) -> dict[str, Any]:
    return {
        "item_id": f"itm_{index}",
        "index": index,
        "face_index": face,
        "reviewer": "ada",
        "answer": answer,
        "blind": False,
        "version": version,
        "note": None,
        "change_id": "chg_1",
    }


def send(visitor: Visitor, *votes: list[Any], **more: Any) -> httpx.Response:
    body = {"reviewer": "ada", "blind": True, "votes": list(votes)} | more
    return visitor.post(f"{GRID}/votes", json=body, headers=SCRIPT)


class TestSay:
    def test_votes_go_on_by_the_photos_ids(self, visitor: Visitor, web_api: WebApi) -> None:
        web_api.answers["GET", f"{JOB}/items"] = {"data": [photo_json(3, "a.jpg")]}
        web_api.answers["POST", f"{JOB}/reviews"] = {
            "added": 1,
            "unchanged": 0,
            "reviews": [review_json(3, 0)],
        }
        answer = send(visitor, [3, 0, "anger", 0, "dim"]).json()
        assert answer["votes"] == [[3, 0, "anger", 1, None, False, "chg_1"]]
        assert web_api.bodies("POST", f"{JOB}/reviews") == [
            {
                "reviews": [
                    {
                        "item_id": "itm_3",
                        "face_index": 0,
                        "reviewer": "ada",
                        "answer": "anger",
                        "blind": True,
                        "version": 0,
                        "note": "dim",
                    }
                ]
            }
        ]

    def test_many_photos_are_looked_up_in_pieces(self, visitor: Visitor, web_api: WebApi) -> None:
        def items(request: httpx.Request) -> httpx.Response:
            asked = request.url.params.get_list("index")
            return httpx.Response(
                200, json={"data": [photo_json(int(at), "a.jpg") for at in asked]}
            )

        web_api.answers["GET", f"{JOB}/items"] = items
        web_api.answers["POST", f"{JOB}/reviews"] = {"added": 450, "unchanged": 0, "reviews": []}
        assert (
            send(visitor, *([at, 0, "anger", None, None] for at in range(450))).status_code == 200
        )
        asked = web_api.sent("GET", f"{JOB}/items")
        assert [len(one.url.params.get_list("index")) for one in asked] == [200, 200, 50]

    def test_a_conflict_comes_with_what_is_there(self, visitor: Visitor, web_api: WebApi) -> None:
        web_api.answers["GET", f"{JOB}/items"] = {
            "data": [photo_json(3, "a.jpg"), photo_json(4, "b.jpg")]
        }
        problem = {
            "code": "review-conflict",
            "title": "Given anew",
            "detail": "1 of the reviews was given anew.",
            "errors": [{"pointer": "#/reviews/1/version", "detail": "The last version is 2"}],
            "current": [review_json(4, 0, "fear", 2)],
        }
        web_api.answers["POST", f"{JOB}/reviews"] = httpx.Response(409, json=problem)
        response = send(visitor, [3, 0, "anger", 0, None], [4, 0, "anger", 1, None])
        assert response.status_code == 409
        told = response.json()
        assert (told["code"], told["places"]) == ("review-conflict", [1])
        assert told["current"] == [[4, 0, "fear", 2, None, False, "chg_1"]]

    def test_photos_that_are_gone_are_named(self, visitor: Visitor, web_api: WebApi) -> None:
        web_api.answers["GET", f"{JOB}/items"] = {"data": [photo_json(3, "a.jpg")]}
        response = send(visitor, [9, 0, "anger", 0, None], [3, 0, "anger", 0, None])
        assert (response.status_code, response.json()["places"]) == (410, [0])
        assert web_api.sent("POST", f"{JOB}/reviews") == []

    def test_a_key_without_the_scope_is_no_logout(self, visitor: Visitor, web_api: WebApi) -> None:
        web_api.answers["GET", f"{JOB}/items"] = {"data": [photo_json(3, "a.jpg")]}
        web_api.answers["POST", f"{JOB}/reviews"] = api_problem(403, "insufficient-scope")
        response = send(visitor, [3, 0, "anger", 0, None])
        assert (response.status_code, response.json()["code"]) == (502, "insufficient-scope")

    def test_what_is_no_vote_is_refused_in_a_sentence(self, visitor: Visitor) -> None:
        assert send(visitor, [3, 0]).status_code == 400
        response = visitor.post(f"{GRID}/votes", content=b"{", headers=SCRIPT)
        assert (response.status_code, response.json()["detail"][:9]) == (400, "The votes")

    def test_foreign_sites_send_nothing(self, visitor: Visitor, web_api: WebApi) -> None:
        headers = SCRIPT | {"Sec-Fetch-Site": "cross-site"}
        response = visitor.post(f"{GRID}/votes", json={"votes": []}, headers=headers)
        assert response.status_code == 403
        assert web_api.requests == []


def test_a_change_is_undone_and_listed(visitor: Visitor, web_api: WebApi) -> None:
    web_api.answers["POST", f"{JOB}/reviews/undo"] = {
        "change_id": "chg_1",
        "undone": 1,
        "reviews": [review_json(3, 0, "withdrawn", 2)],
    }
    told = visitor.post(
        f"{GRID}/votes/undo", json={"reviewer": "ada", "change_id": "chg_1"}, headers=SCRIPT
    ).json()
    assert (told["undone"], told["votes"][0][:4]) == (1, [3, 0, "withdrawn", 2])
    sent = web_api.bodies("POST", f"{JOB}/reviews/undo")
    assert sent == [{"reviewer": "ada", "change_id": "chg_1"}]
    web_api.answers["GET", f"{JOB}/reviews/changes"] = {"data": [{"change_id": "chg_1"}]}
    listed = visitor.get(f"{GRID}/changes?reviewer=ada", headers=SCRIPT).json()
    assert listed == {"data": [{"change_id": "chg_1"}]}


def test_a_reviewers_own_votes_come_over_all_pages(visitor: Visitor, web_api: WebApi) -> None:
    def page(request: httpx.Request) -> httpx.Response:
        more = "cursor" not in request.url.params
        data = [review_json(3 if more else 5, 0)]
        return httpx.Response(200, json={"data": data, "next_cursor": "n" if more else None})

    web_api.answers["GET", f"{JOB}/reviews"] = page
    found = visitor.get(f"{GRID}/votes?reviewer=ada&index=3&index=5", headers=SCRIPT).json()
    assert [vote[0] for vote in found["votes"]] == [3, 5]
    asked = web_api.sent("GET", f"{JOB}/reviews")[0].url.params
    assert (asked["reviewer"], asked.get_list("index")) == ("ada", ["3", "5"])


def test_whether_the_page_may_review(visitor: Visitor, web_api: WebApi) -> None:
    web_api.answers["GET", "/v1/api-keys/current"] = {"scopes": ["jobs:read", "review"]}
    web_api.answers["GET", f"{JOB}/reviews/summary"] = {"reviewers": [{"reviewer": "ada"}]}
    told = visitor.get(f"{GRID}/reviewers", headers=SCRIPT).json()
    assert told == {"may": True, "advice": "", "reviewers": ["ada"]}
    web_api.answers["GET", "/v1/api-keys/current"] = {"scopes": ["jobs:read"]}
    told = visitor.get(f"{GRID}/reviewers", headers=SCRIPT).json()
    assert told["may"] is False
    assert "HFER_WEB__API_KEY" in told["advice"]


class TestBlind:
    def test_a_draw_is_an_order_whose_unreviewed_faces_come_first(
        self, visitor: Visitor, web_api: WebApi
    ) -> None:
        drawn = {"index": [7, 2, 2, 9], "face_index": [0, 1, 0, 3]}
        web_api.answers["GET", f"{JOB}/draws/drw_1"] = drawn | {"faces": 4}
        web_api.answers["GET", f"{JOB}/reviews"] = {"data": [review_json(2, 1)]}
        query = "of=faces&draw=drw_1&reviewer=ada"
        order = visitor.get(f"{GRID}/order?{query}", headers=SCRIPT).json()
        assert order == {
            "total": 4,
            "index": [7, 2, 9, 2],
            "face_index": [0, 0, 3, 1],
            "reviewed": [0, 0, 0, 1],
        }

    def test_tiles_and_the_page_hold_no_answer(self, visitor: Visitor, web_api: WebApi) -> None:
        face = face_json(0) | {"emotions": seven("fear"), "uncertain": True}
        web_api.answers["GET", f"{JOB}/items"] = {"data": [photo_json(3, "a.jpg", faces=[face])]}
        body = visitor.get(f"{GRID}/items?index=3&draw=drw_1&expression=fear", headers=SCRIPT)
        (tile,) = body.json()["items"]
        assert tile["faces"] == [[0, "", "", False, False, 2, 2, 30, 40, None]]
        page = visitor.get("/jobs/job_1?of=faces&draw=drw_1&review=yes", headers=HTML).text
        assert 'id="side"' not in page
        assert "70 %" not in page
        assert "Blind review" in page
        parts = visitor.get("/jobs/job_1/parts?draw=drw_1", headers=HTML).text
        assert 'id="side"' not in parts
