"""Who calls: hfer's clients send no key, so the deployment may name one for them."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials

from services.api.dependencies import (
    SUBMITTING,
    State,
    authenticate_caller,
    bearer,
    check_output,
    check_scope,
)
from services.common.keys.outputs import OutputMode
from services.common.keys.service import Principal, Scope

_SCOPES = (SUBMITTING, (Scope.JOBS_READ,))


def get_compat_caller(
    request: Request,
    state: State,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
) -> Principal:
    """Return whose key came with the request, else whose key is used for those without one.

    Raises:
        ApiError: UNAUTHENTICATED, INSUFFICIENT_SCOPE, OUTPUT_RESTRICTED.
    """
    anonymous = state.settings.compat.anonymous_key
    secret = credentials.credentials if credentials else None
    if secret is None and anonymous is not None:
        secret = anonymous.get_secret_value()
    caller = authenticate_caller(request, state, secret)
    for scopes in _SCOPES:
        check_scope(caller, *scopes)
    check_output(caller, OutputMode.BLURRED)
    return caller


get_compat_caller.scopes = _SCOPES  # type: ignore[attr-defined] # the OpenAPI document lists them
# Every answer is about faces.
get_compat_caller.output = OutputMode.BLURRED  # type: ignore[attr-defined]


CompatCaller = Annotated[Principal, Depends(get_compat_caller)]
