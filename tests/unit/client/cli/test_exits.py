import pytest

from hfer._codec import decode
from hfer.cli.exits import ExitCode, exit_code_of_error, exit_code_of_job
from hfer.errors import (
    HferError,
    NoPhotosError,
    Problem,
    ServiceUnreachableError,
    TooManyPhotosError,
    UnexpectedAnswerError,
    api_error,
)
from hfer.models import JobState
from tests.fixtures.fake_service import job_json


class TestOfJob:
    @pytest.mark.parametrize(
        ("status", "counts", "code"),
        [
            ("succeeded", {"succeeded": 2}, ExitCode.OK),
            ("succeeded", {"no_face": 2}, ExitCode.OK),
            ("succeeded", {"succeeded": 1, "failed": 1}, ExitCode.SOME_FAILED),
            ("failed", {"failed": 2}, ExitCode.JOB_FAILED),
            ("cancelled", {"succeeded": 1, "cancelled": 1}, ExitCode.JOB_FAILED),
            ("expired", {"queued": 1}, ExitCode.JOB_FAILED),
            ("running", {"running": 1, "failed": 1}, ExitCode.OK),
        ],
    )
    def test_follows_status_and_counts(
        self, status: str, counts: dict[str, int], code: ExitCode
    ) -> None:
        assert exit_code_of_job(decode(JobState, job_json(status, **counts))) is code


class TestOfError:
    @pytest.mark.parametrize(
        ("error", "code"),
        [
            (NoPhotosError(""), ExitCode.USAGE),
            (TooManyPhotosError(""), ExitCode.USAGE),
            (ServiceUnreachableError(""), ExitCode.UNREACHABLE),
            (UnexpectedAnswerError(""), ExitCode.UNREACHABLE),
            (api_error(Problem(), status=401), ExitCode.REFUSED),
            (api_error(Problem(), status=500), ExitCode.REFUSED),
        ],
    )
    def test_follows_who_is_at_fault(self, error: HferError, code: ExitCode) -> None:
        assert exit_code_of_error(error) is code
