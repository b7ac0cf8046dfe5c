"""What endpoints ask for: the state, a transaction, and who is calling."""

from collections.abc import Callable, Iterator
from typing import Annotated, cast

from fastapi import Depends, Header, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import Session

from services.api.address import base_of
from services.api.asked import address_of, asked_of
from services.api.errors import ApiError, invalid_field
from services.api.limits.enforcement import count_request
from services.api.problems import ProblemCode
from services.api.query import check_query
from services.api.schemas import PLAIN_TEXT
from services.api.state import ApiState
from services.common.db.session import unit_of_work
from services.common.keys.errors import KeyExpiredError
from services.common.keys.outputs import OutputMode
from services.common.keys.repository import KeyRepository
from services.common.keys.service import Principal, Scope, authenticate, is_live

IDEMPOTENCY_KEY_CHARS = 255
_INVALID = 'Bearer error="invalid_token"'
_ENDED = "The API key was revoked or has expired meanwhile."
# No tenant made over HTTP has this name.
ALL_TENANTS = "*"

bearer = HTTPBearer(
    auto_error=False, description="An API key: `Authorization: Bearer hfer_<env>_<secret>`"
)


def get_state(request: Request) -> ApiState:
    """Return the process' state, which the lifespan built."""
    return cast("ApiState", request.app.state.api)


State = Annotated[ApiState, Depends(get_state)]


Base = Annotated[str, Depends(base_of)]


def get_session(state: State) -> Iterator[Session]:
    """Open the request's transaction; it is committed when the endpoint returns."""
    with unit_of_work(state.sessions) as session:
        yield session


# scope="function": FastAPI would otherwise commit after the response is out, and a failed
# commit would follow a 201.
Transaction = Annotated[Session, Depends(get_session, scope="function")]


def get_caller(
    request: Request,
    state: State,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
) -> Principal:
    """Return whose key came with the request."""
    return authenticate_caller(request, state, credentials.credentials if credentials else None)


def authenticate_caller(request: Request, state: ApiState, secret: str | None) -> Principal:
    """Return whose key ``secret`` is, in a transaction of its own, and count the request.

    Raises:
        ApiError: UNAUTHENTICATED, there is no key or it is not a live one.
        LimitExceededError: the key made as many requests as it may.
    """
    if secret is None:
        raise _unauthenticated("Send an API key as 'Authorization: Bearer <key>'.", "Bearer")
    try:
        with unit_of_work(state.sessions) as session:
            principal = authenticate(session, secret, address=address_of(request))
    except KeyExpiredError as error:
        raise _unauthenticated(error.detail, _INVALID) from None
    if principal is None:
        raise _unauthenticated("The API key is unknown or revoked.", _INVALID)
    asked_of(request.scope).caller = principal
    count_request(state, principal, request.scope)
    return principal


def check_live(session: Session, caller: Principal) -> None:
    """Let a request go on only while its key is live; for those that take long.

    Raises:
        ApiError: UNAUTHENTICATED, it was revoked, has expired or was rolled meanwhile.
    """
    if not is_live(session, caller):
        raise _unauthenticated(_ENDED, _INVALID)


def hold_key(session: Session, caller: Principal) -> None:
    """Keep the caller's key from being revoked before the commit, for what a revocation undoes.

    Raises:
        ApiError: UNAUTHENTICATED, it was revoked meanwhile.
    """
    if not KeyRepository(session).hold(caller.key_row):
        raise _unauthenticated(_ENDED, _INVALID)


Caller = Annotated[Principal, Depends(get_caller)]


def having(*scopes: Scope, output: OutputMode) -> Callable[[Request, Principal], Principal]:
    """Make the dependency that lets only keys with one of ``scopes`` pass; without any, all keys.

    ``output`` is the narrowest mode of keys that may see what the operation shows: `BLURRED` for
    whatever tells of single faces, whose pictures are then drawn for the caller's mode. A test
    asks it of every operation.
    """

    def check(request: Request, caller: Caller) -> Principal:
        if scopes:
            check_scope(caller, *scopes)
        check_output(caller, output)
        check_query(request)
        return caller

    # The OpenAPI document lists them.
    check.scopes = (scopes,) if scopes else ()  # type: ignore[attr-defined]
    check.output = output  # type: ignore[attr-defined]
    return check


def check_output(caller: Principal, output: OutputMode) -> None:
    """Keep keys that may only see counts from what shows faces, and blurred ones from plain faces.

    Raises:
        ApiError: OUTPUT_RESTRICTED.
    """
    if not caller.output.reaches(output):
        if output is OutputMode.FULL and caller.output is OutputMode.BLURRED:
            raise ApiError(
                ProblemCode.OUTPUT_RESTRICTED,
                "This key sees blurred output: faces cut out are for keys with the output full.",
            )
        raise ApiError(
            ProblemCode.OUTPUT_RESTRICTED,
            f"This key sees {caller.output} output and no faces: GET /v1/jobs/{{job_id}}/counts.",
        )


def check_scope(caller: Principal, *scopes: Scope) -> None:
    """Let only keys with one of ``scopes`` pass; for endpoints where it depends on what is asked.

    Raises:
        ApiError: INSUFFICIENT_SCOPE.
    """
    if not caller.may(*scopes):
        raise ApiError(
            ProblemCode.INSUFFICIENT_SCOPE,
            f"This needs a key with the scope {' or '.join(scopes)}.",
            headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scopes[0]}"'},
        )


def tenant_asked_for(caller: Principal, tenant: str | None) -> str | None:
    """Return whose rows a listing is to show: the caller's unless it names others; None, all.

    Raises:
        ApiError: INSUFFICIENT_SCOPE, others are for operators, whether they exist or not.
    """
    if tenant is None or tenant == caller.tenant:
        return caller.tenant
    check_scope(caller, Scope.ADMIN)
    return None if tenant == ALL_TENANTS else tenant


# jobs:write is what keys had before there were finer scopes.
SUBMITTING = (Scope.JOBS_SUBMIT, Scope.JOBS_WRITE)

_FACELESS = OutputMode.AGGREGATE

AnyKey = Annotated[Principal, Depends(having(output=_FACELESS))]
Reader = Annotated[Principal, Depends(having(Scope.JOBS_READ, output=_FACELESS))]
FaceReader = Annotated[Principal, Depends(having(Scope.JOBS_READ, output=OutputMode.BLURRED))]
PlainFaceReader = Annotated[Principal, Depends(having(Scope.JOBS_READ, output=OutputMode.FULL))]
Reviewing = Annotated[Principal, Depends(having(Scope.REVIEW, output=OutputMode.BLURRED))]
Submitter = Annotated[Principal, Depends(having(*SUBMITTING, output=_FACELESS))]
Eraser = Annotated[Principal, Depends(having(Scope.JOBS_ERASE, Scope.JOBS_WRITE, output=_FACELESS))]
WebhookReader = Annotated[
    Principal, Depends(having(Scope.WEBHOOKS_ADMIN, Scope.JOBS_READ, output=_FACELESS))
]
WebhookAdmin = Annotated[
    Principal, Depends(having(Scope.WEBHOOKS_ADMIN, Scope.JOBS_WRITE, output=_FACELESS))
]
ModelAdmin = Annotated[Principal, Depends(having(Scope.MODELS_ADMIN, output=_FACELESS))]
Operator = Annotated[Principal, Depends(having(Scope.ADMIN, output=_FACELESS))]


def get_idempotency_key(
    idempotency_key: Annotated[
        str | None,
        Header(
            description="Any string of up to 255 visible ASCII characters: the same request"
            " sent again under it gives the same job",
            json_schema_extra={
                "minLength": 1,
                "maxLength": IDEMPOTENCY_KEY_CHARS,
                "pattern": r"^[!-~]([ -~]*[!-~])?$",
            },
        ),
    ] = None,
) -> str | None:
    """Return the request's idempotency key, checked."""
    if idempotency_key is None:
        return None
    fits = 0 < len(idempotency_key) <= IDEMPOTENCY_KEY_CHARS
    if not (fits and idempotency_key.isascii() and idempotency_key.isprintable()):
        raise invalid_field("#/header/idempotency-key", "Use 1 to 255 visible ASCII characters.")
    return idempotency_key


IdempotencyKey = Annotated[str | None, Depends(get_idempotency_key)]


ErasureReason = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=200,
        pattern=PLAIN_TEXT,
        description="why, for the receipt; no names: it is kept, and proxies log it",
    ),
]


def _unauthenticated(detail: str, challenge: str) -> ApiError:
    return ApiError(ProblemCode.UNAUTHENTICATED, detail, headers={"WWW-Authenticate": challenge})
