"""Who calls: hfer's clients send no key, so the deployment may name one for them."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials

from services.api.dependencies import State, authenticate_caller, bearer, check_scope
from services.common.keys.service import Principal, Scope

_SCOPES = (Scope.JOBS_WRITE, Scope.JOBS_READ)


def get_compat_caller(
    request: Request,
    state: State,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
) -> Principal:
    """Return whose key came with the request, else whose key is used for those without one.

    Raises:
        ApiError: UNAUTHENTICATED, INSUFFICIENT_SCOPE.
    """
    anonymous = state.settings.compat.anonymous_key
    if credentials is None and anonymous is not None:
        caller = authenticate_caller(request, state, anonymous.get_secret_value())
    else:
        secret = credentials.credentials if credentials else None
        caller = authenticate_caller(request, state, secret)
    for scope in _SCOPES:
        check_scope(caller, scope)
    return caller


get_compat_caller.scopes = _SCOPES  # type: ignore[attr-defined] # the OpenAPI document lists them


CompatCaller = Annotated[Principal, Depends(get_compat_caller)]
