"""`/v1/tenants`: which there are, and what is set for each. For operators."""

from fastapi import APIRouter

from services.api.audit.refusals import audits
from services.api.dependencies import Operator, Transaction
from services.api.docs import problems
from services.api.errors import ApiError
from services.api.pagination import Cursor, Page, Paging, decode_name, encode_name
from services.api.problems import ProblemCode
from services.api.tenants.schemas import (
    TenantName,
    TenantObject,
    WantedTenant,
    tenant_object,
)
from services.common.audit.actions import Action
from services.common.audit.service import record
from services.common.tenants.repositories.policies import TenantPolicyRepository

router = APIRouter(prefix="/v1/tenants", tags=["tenants"])


@router.get("", summary="List tenants, by name", responses={**problems()})
def get_tenants(
    *, session: Transaction, _caller: Operator, paging: Paging, cursor: Cursor = None
) -> Page[TenantObject]:
    """Page through all tenants that have a key, or had one, or for whom something is set."""
    found = TenantPolicyRepository(session).page(after=decode_name(cursor), limit=paging.fetch)
    return paging.page(
        found, show=tenant_object, cursor_of=lambda policy: encode_name(policy.tenant)
    )


@router.get(
    "/{tenant}", summary="Look at a tenant", responses={**problems(ProblemCode.NOT_FOUND, 422)}
)
def get_tenant(session: Transaction, _caller: Operator, tenant: TenantName) -> TenantObject:
    """Tell what is set for a tenant, be it nothing."""
    policies = TenantPolicyRepository(session)
    if not policies.known(tenant):
        raise ApiError(
            ProblemCode.NOT_FOUND, "There is no such tenant: no key names it, nothing is set."
        )
    return tenant_object(policies.get(tenant))


@router.put("/{tenant}", summary="Set a tenant's weight and limits", responses={**problems()})
@audits(Action.TENANT_SET)
def put_tenant(
    *, session: Transaction, caller: Operator, tenant: TenantName, wanted: WantedTenant
) -> TenantObject:
    """Set all of it anew: what is left out goes back to the deployment's.

    It may be set before the tenant has a key. Other processes follow within seconds.
    """
    policy = TenantPolicyRepository(session).put(wanted.policy(tenant))
    record(session, caller, Action.TENANT_SET, tenant)
    return tenant_object(policy)


@router.delete(
    "/{tenant}",
    status_code=204,
    summary="Take back what is set for a tenant",
    responses={**problems(ProblemCode.NOT_FOUND, 422)},
)
@audits(Action.TENANT_RESET)
def delete_tenant(session: Transaction, caller: Operator, tenant: TenantName) -> None:
    """Let the deployment's weight and limits hold; keys, jobs and photos stay."""
    if not TenantPolicyRepository(session).delete(tenant):
        raise ApiError(ProblemCode.NOT_FOUND, "Nothing is set for this tenant.")
    record(session, caller, Action.TENANT_RESET, tenant)
