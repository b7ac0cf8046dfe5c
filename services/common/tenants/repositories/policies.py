"""Every query on what is set for tenants."""

from dataclasses import asdict

from sqlalchemy import Select, delete, func, select, union
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.common.db.key_tables import ApiKey
from services.common.db.tenant_tables import TenantPolicy as PolicyRow
from services.common.domain.tenants import (
    LIMIT_NAMES,
    TenantLimits,
    TenantPolicy,
)


class TenantPolicyRepository:
    """Reads and writes policies in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, tenant: str) -> TenantPolicy:
        """Return what is set for a tenant, be it nothing."""
        row = self._session.scalar(select(PolicyRow).where(PolicyRow.tenant == tenant))
        return TenantPolicy(tenant) if row is None else _policy(row)

    def known(self, tenant: str) -> bool:
        """Whether the tenant has a key, a revoked one included, or a policy."""
        names = _names()
        query = names.where(names.selected_columns.tenant == tenant)
        return self._session.scalar(query) is not None

    def page(self, *, after: str | None, limit: int) -> list[TenantPolicy]:
        """Return up to ``limit`` tenants that are `known`, by name, from behind ``after`` on."""
        query = _names()
        name = query.selected_columns.tenant
        query = query.order_by(name).limit(limit)
        if after is not None:
            query = query.where(name > after)
        names = self._session.scalars(query).all()
        rows = self._session.scalars(select(PolicyRow).where(PolicyRow.tenant.in_(names)))
        found = {row.tenant: _policy(row) for row in rows}
        return [found.get(name, TenantPolicy(name)) for name in names]

    def put(self, policy: TenantPolicy) -> TenantPolicy:
        """Set all of a tenant's policy, in place of what was set before; as it is now."""
        values = {"weight": policy.weight, **asdict(policy.limits), "updated_at": func.now()}
        row = self._session.scalar(
            insert(PolicyRow)
            .values(tenant=policy.tenant, **values)
            .on_conflict_do_update(index_elements=[PolicyRow.tenant], set_=values)
            .returning(PolicyRow)
            .execution_options(populate_existing=True)
        )
        assert row is not None  # noqa: S101 - the statement writes in either case
        return _policy(row)

    def delete(self, tenant: str) -> bool:
        """Forget what is set; False if nothing is."""
        gone = self._session.scalar(
            delete(PolicyRow).where(PolicyRow.tenant == tenant).returning(PolicyRow.tenant)
        )
        return gone is not None


def _names() -> Select[str]:
    known = union(select(ApiKey.tenant), select(PolicyRow.tenant)).subquery("known")
    return select(known.c.tenant)


def _policy(row: PolicyRow) -> TenantPolicy:
    limits = TenantLimits(**{name: getattr(row, name) for name in LIMIT_NAMES})
    return TenantPolicy(row.tenant, row.weight, limits, row.updated_at)
