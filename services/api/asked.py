"""What is found out about a request on its way, for its log line and for the audit."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.types import Scope

from services.common.domain.ids import IdKind, parse_id
from services.common.keys.service import Principal

_KEY = "asked"


@dataclass(slots=True)
class Asked:
    """Whose request it is, once its key is known, and the job that it made, if it made one.

    ``head``: it was sent as HEAD, so that the headers alone of the answer go out.
    """

    caller: Principal | None = None
    job: str | None = None
    head: bool = False


def asked_of(scope: Scope) -> Asked:
    """Return what is known of the request of ``scope``, or of a scope copied from it."""
    asked: Asked = scope.setdefault(_KEY, Asked())
    return asked


def log_fields(scope: Scope) -> dict[str, str]:
    """Return key, tenant and job of a request as far as they are known."""
    asked = asked_of(scope)
    fields = {}
    if asked.caller is not None:
        fields = {"key": asked.caller.key_id, "tenant": asked.caller.tenant}
    job = asked.job or str(scope.get("path_params", {}).get("job_id", ""))
    if parse_id(IdKind.JOB, job) is not None:  # strangers write into paths what they like
        fields["job"] = job
    return fields


def address_of(request: Request) -> str | None:
    """Return the client's address, as the rule of trusted proxies has it."""
    return request.client.host if request.client else None
