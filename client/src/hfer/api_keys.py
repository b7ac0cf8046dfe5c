"""API keys of the service: made, listed, changed, rolled and revoked by an operator."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from hfer._wire import iterate, run
from hfer.aio.api_keys import AsyncApiKeys
from hfer.key_models import ApiKey, KeyPurpose


class ApiKeys:
    """The API keys of the deployment; the client's own needs the scope ``admin``."""

    def __init__(self, core: AsyncApiKeys) -> None:
        self._core = core

    def list(self) -> Iterator[ApiKey]:
        """Iterate over the keys of all tenants, newest first, revoked ones included."""
        yield from iterate(self._core.list())

    def current(self) -> ApiKey:
        """Look at the client's own key, with any scope: tenant, scopes, output and expiry."""
        return run(self._core.current())

    def create(
        self,
        name: str,
        *,
        scopes: Sequence[str],
        tenant: str | None = None,
        expires_at: datetime | None = None,
        purpose: KeyPurpose | None = None,
        output: str | None = None,
    ) -> ApiKey:
        """Make a key. Its ``secret`` is in this answer and nowhere else: keep it.

        Not tried again when no answer comes: look with `list` whether it was made.

        Args:
            name: what it is for.
            scopes: such as ``jobs:submit`` and ``jobs:read``.
            tenant: whose jobs it sees; the one of the client's own key by default.
            expires_at: when it stops working; never by default. Without a time zone it is local.
            purpose: what it is for: `KeyPurpose("media")`.
            output: ``blurred`` shows pictures with blurred faces alone, ``aggregate`` counts of
                expressions and no face; ``full`` by default.

        Raises:
            PermissionDeniedError: the client's own key is no operator's.
            InvalidRequestError: a scope is unknown, the expiry is over, or the purpose is one that
                the law prohibits (code ``purpose-prohibited``).
        """
        making = self._core.create(
            name,
            scopes=scopes,
            tenant=tenant,
            expires_at=expires_at,
            purpose=purpose,
            output=output,
        )
        return run(making)

    def change(
        self,
        key_id: str,
        *,
        name: str | None = None,
        purpose: KeyPurpose | None = None,
        output: str | None = None,
        expires_at: datetime | None = None,
        never_expires: bool = False,
    ) -> ApiKey:
        """Change what a key is called, is for and sees, and when it ends; what is left out stays.

        Args:
            key_id: ``key_…``.
            name: another name.
            purpose: another purpose.
            output: ``full``, ``blurred`` or ``aggregate``; what the key has under way ends.
            expires_at: another expiry, also of a key that has expired. Without a time zone it is
                local.
            never_expires: in place of ``expires_at``.

        Raises:
            NotFoundError: there is no such key.
            ConflictError: it is revoked, or a setting of the deployment holds its name and expiry.
            InvalidRequestError: nothing is to be changed, the expiry is over, or the purpose is one
                that the law prohibits (code ``purpose-prohibited``).
        """
        changing = self._core.change(
            key_id,
            name=name,
            purpose=purpose,
            output=output,
            expires_at=expires_at,
            never_expires=never_expires,
        )
        return run(changing)

    def roll(
        self, key_id: str, *, overlap_s: int | None = None, expires_at: datetime | None = None
    ) -> ApiKey:
        """Draw a new ``secret`` for the same key, in this answer alone.

        Not tried again when no answer comes, because only two secrets are kept.

        Args:
            key_id: ``key_…``.
            overlap_s: seconds that the present secret works on, up to 30 days; a day by default.
            expires_at: another expiry; the key's own stays by default.

        Raises:
            NotFoundError: there is no such key.
            ConflictError: it is revoked or expired, or its secret is set by the deployment.
        """
        return run(self._core.roll(key_id, overlap_s=overlap_s, expires_at=expires_at))

    def revoke(self, key_id: str) -> None:
        """Revoke a key at once and for good.

        Streams and downloads under way end, uploads that it began cannot be sealed, webhook
        endpoints that it set up are switched off; its running jobs finish.
        """
        run(self._core.revoke(key_id))
