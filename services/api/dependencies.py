"""What endpoints ask for: the state, a transaction, and who is calling."""

from collections.abc import Callable, Iterator
from typing import Annotated, cast

from fastapi import Depends, Header, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import Session

from services.api.address import base_of
from services.api.errors import ApiError, invalid_field
from services.api.limits.enforcement import count_request
from services.api.problems import ProblemCode
from services.api.state import ApiState
from services.common.db.session import unit_of_work
from services.common.keys.service import Principal, Scope, authenticate

IDEMPOTENCY_KEY_CHARS = 255

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
    with unit_of_work(state.sessions) as session:
        principal = authenticate(session, secret)
    if principal is None:
        raise _unauthenticated("The API key is unknown or revoked.", 'Bearer error="invalid_token"')
    count_request(state, principal, request.scope)
    return principal


Caller = Annotated[Principal, Depends(get_caller)]


def having(scope: Scope) -> Callable[[Principal], Principal]:
    """Make the dependency that lets only keys with ``scope`` pass."""

    def check(caller: Caller) -> Principal:
        check_scope(caller, scope)
        return caller

    check.scopes = (scope,)  # type: ignore[attr-defined] # the OpenAPI document lists it
    return check


def check_scope(caller: Principal, scope: Scope) -> None:
    """Let only keys with ``scope`` pass; for endpoints where it depends on what is asked for.

    Raises:
        ApiError: INSUFFICIENT_SCOPE.
    """
    if not caller.may(scope):
        raise ApiError(
            ProblemCode.INSUFFICIENT_SCOPE,
            f"This needs a key with the scope {scope}.",
            headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'},
        )


Reader = Annotated[Principal, Depends(having(Scope.JOBS_READ))]
Writer = Annotated[Principal, Depends(having(Scope.JOBS_WRITE))]
ModelAdmin = Annotated[Principal, Depends(having(Scope.MODELS_ADMIN))]
Operator = Annotated[Principal, Depends(having(Scope.ADMIN))]


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


def _unauthenticated(detail: str, challenge: str) -> ApiError:
    return ApiError(ProblemCode.UNAUTHENTICATED, detail, headers={"WWW-Authenticate": challenge})
