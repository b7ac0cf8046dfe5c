"""The reviews of a job in memory, as the API keeps them, behind a page without a service."""

import json
from typing import Any

import httpx

from tests.e2e.web.big_job import BigJob
from tests.fixtures.page import Answer, api_problem

_JOB = "/v1/jobs/job_1"
_WITHDRAWN = "withdrawn"
Key = tuple[int, int, str]


class ReviewedJob(BigJob):
    """Keeps every word; ``posts`` counts requests that said something, ``down`` makes it fail."""

    def __init__(
        self, photos: int, *, faces: int = 9, scopes: tuple[str, ...] = ("review",)
    ) -> None:
        self.words: dict[Key, list[dict[str, Any]]] = {}
        self.changes: list[dict[str, Any]] = []
        self.posts = 0
        self.down = self.erased = False
        self.scopes = scopes
        super().__init__(photos, faces=faces)
        self.api.answers |= self._reviews()

    def last(self, index: int, face: int, reviewer: str = "ada") -> str | None:
        return self.said(reviewer).get((index, face))

    def said(self, reviewer: str = "ada") -> dict[tuple[int, int], str]:
        """The votes of a reviewer."""
        return {
            key[:2]: words[-1]["answer"]
            for key, words in sorted(self.words.items())
            if key[2] == reviewer and words[-1]["answer"] != _WITHDRAWN
        }

    def add(self, index: int, face: int, answer: str, reviewer: str = "ada") -> None:
        """Say something past the page."""
        self._say([(index, face, reviewer, answer, None, False)], reviewer)

    def _reviews(self) -> dict[tuple[str, str], Answer | list[Answer]]:
        return {
            ("GET", "/v1/api-keys/current"): {"scopes": list(self.scopes)},
            ("GET", f"{_JOB}/reviews/summary"): {"reviewers": [{"reviewer": "ada"}]},
            ("GET", f"{_JOB}/reviews"): self._list,
            ("POST", f"{_JOB}/reviews"): self._add,
            ("POST", f"{_JOB}/reviews/undo"): self._undo,
            ("GET", f"{_JOB}/reviews/changes"): self._latest,
            ("GET", f"{_JOB}/draws/drw_1"): self._draw,
        }

    def _draw(self, _request: httpx.Request) -> httpx.Response:
        numbers = [(index * 7) % self.photos for index in range(min(40, self.photos))]
        faces = [index % self.faces for index in range(len(numbers))]
        return httpx.Response(200, json={"index": numbers, "face_index": faces})

    def _list(self, request: httpx.Request) -> httpx.Response:
        asked = {int(one) for one in request.url.params.get_list("index")}
        reviewer = request.url.params["reviewer"]
        found = [
            words[-1]
            for (index, _, who), words in sorted(self.words.items())
            if who == reviewer and index in asked and words[-1]["answer"] != _WITHDRAWN
        ]
        return httpx.Response(200, json={"data": found, "next_cursor": None})

    def _add(self, request: httpx.Request) -> httpx.Response:
        if self.down:
            return api_problem(503, "unavailable")
        if self.erased:
            return api_problem(410, "gone")
        reviews = json.loads(request.content)["reviews"]
        self.posts += 1
        keys = [
            (int(one["item_id"].removeprefix("itm_")), one["face_index"], one["reviewer"])
            for one in reviews
        ]
        places = [
            at
            for at, (key, one) in enumerate(zip(keys, reviews, strict=True))
            if one["version"] not in (None, len(self.words.get(key, ())))
            and self.words[key][-1]["answer"] != one["answer"]
        ]
        if places:
            body = {
                "code": "review-conflict",
                "detail": "Given anew since you looked.",
                "errors": [{"pointer": f"#/reviews/{at}/version", "detail": ""} for at in places],
                "current": [self.words[keys[at]][-1] for at in places],
            }
            return httpx.Response(409, json=body)
        said = [
            (*key, one["answer"], one["note"], one["blind"])
            for key, one in zip(keys, reviews, strict=True)
        ]
        self._say(said, reviews[0]["reviewer"])
        now = [self.words[key][-1] for key in keys if key in self.words]
        return httpx.Response(200, json={"added": len(said), "unchanged": 0, "reviews": now})

    def _say(self, said: list[Any], reviewer: str, **more: Any) -> None:
        change: dict[str, Any] = {
            "change_id": f"chg_{len(self.changes):04d}",
            "reviewer": reviewer,
        } | more
        before: dict[Key, str] = {}
        for index, face, who, answer, note, blind in said:
            words = self.words.setdefault((index, face, who), [])
            if words and (words[-1]["answer"], words[-1]["note"]) == (answer, note):
                continue
            before[index, face, who] = words[-1]["answer"] if words else _WITHDRAWN
            words.append(
                {
                    "item_id": f"itm_{index}",
                    "index": index,
                    "face_index": face,
                    "reviewer": who,
                    "answer": answer,
                    "note": note,
                    "blind": blind,
                    "version": len(words) + 1,
                    "change_id": change["change_id"],
                }
            )
        if before:
            self.changes.append(change | {"before": before, "undone": False})

    def _undo(self, request: httpx.Request) -> httpx.Response:
        wanted = json.loads(request.content)["change_id"]
        change = next(one for one in self.changes if one["change_id"] == wanted)
        if not change["undone"]:
            change["undone"] = True
            back = [(*key, answer, None, False) for key, answer in change["before"].items()]
            self._say(back, change["reviewer"], undoes=wanted)
        now = [self.words[key][-1] for key in change["before"]]
        return httpx.Response(200, json={"change_id": wanted, "undone": len(now), "reviews": now})

    def _latest(self, _request: httpx.Request) -> httpx.Response:
        own = [one for one in reversed(self.changes) if "undoes" not in one]
        shown = [{name: one[name] for name in ("change_id", "undone")} for one in own]
        return httpx.Response(200, json={"data": shown})
