import pytest

from hfer import ApiError, HferError
from hfer.errors import FieldFault, Problem, api_error


class TestApiError:
    @pytest.mark.parametrize(
        ("status", "name"),
        [
            (400, "InvalidRequestError"),
            (401, "AuthenticationError"),
            (403, "PermissionDeniedError"),
            (404, "NotFoundError"),
            (409, "ConflictError"),
            (410, "GoneError"),
            (413, "InvalidRequestError"),
            (422, "InvalidRequestError"),
            (429, "RateLimitedError"),
            (500, "ServiceError"),
            (503, "ServiceError"),
        ],
    )
    def test_class_follows_the_status(self, status: int, name: str) -> None:
        error = api_error(Problem(code="x"), status=status)
        assert type(error).__name__ == name
        assert isinstance(error, ApiError)
        assert isinstance(error, HferError)

    def test_sentence_holds_detail_fields_code_and_request(self) -> None:
        problem = Problem(
            code="validation",
            detail="The config is wrong.",
            request_id="req_9",
            errors=(FieldFault("#/top_n", "at most 7"),),
        )
        sentence = str(api_error(problem, status=422))
        assert sentence == "The config is wrong. [#/top_n: at most 7] (validation, request req_9)"

    def test_sentence_says_nothing_twice(self) -> None:
        fault = FieldFault("#/top_n", "at most 7")
        problem = Problem(code="validation", detail="#/top_n: at most 7", errors=(fault,))
        assert str(api_error(problem, status=422)).count("at most 7") == 1

    def test_an_empty_problem_still_says_the_status(self) -> None:
        error = api_error(Problem(), status=502)
        assert error.code == "http-502"
        assert "502" in str(error)
