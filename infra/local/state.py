"""What a local stack remembers between starts: its secrets and its ports."""

import base64
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from infra.local.ports import PortBook
from infra.local.private_files import write_private
from infra.local.s3 import PORT_FLAGS

SECRETS = (
    "postgres",
    "redis",
    "redis_admin",
    "s3_access",
    "s3_secret",
    "admin_key",
)
PORTS = ("postgres", "redis", *PORT_FLAGS, "api", "web")
_ADMIN_KEY_HEAD = "hfer_local_"
_SECRET_BYTES = 24


@dataclass(frozen=True, slots=True)
class State:
    """Secrets and ports by name; ``tenant_key`` is None until the API has made one."""

    secrets: Mapping[str, str]
    ports: Mapping[str, int]
    tenant_key: str | None = None

    @classmethod
    def load(cls, path: Path) -> Self | None:
        """Read the state of an earlier start, None when there was none."""
        if not path.exists():
            return None
        stored = json.loads(path.read_text())
        # A stack of an earlier version lacks the secrets that came later.
        return cls(**{**stored, "secrets": {**cls.new().secrets, **stored["secrets"]}})

    @classmethod
    def new(cls) -> Self:
        """Draw fresh secrets; ports come with `with_free_ports`."""
        drawn = {name: secrets.token_hex(_SECRET_BYTES) for name in SECRETS}
        drawn["admin_key"] = _ADMIN_KEY_HEAD + drawn["admin_key"]
        drawn["webhook_key"] = base64.urlsafe_b64encode(os.urandom(32)).decode()  # a Fernet key
        drawn["receipt_key"] = base64.urlsafe_b64encode(os.urandom(32)).decode()  # an Ed25519 seed
        return cls(secrets=drawn, ports={})

    def with_free_ports(self, book: PortBook, *, wanted: Mapping[str, int] | None = None) -> Self:
        """Keep the ports of last time where still free, then the wanted ones, then any."""
        first_choice = {**(wanted or {}), **self.ports}
        ports = {name: book.take(first_choice.get(name)) for name in PORTS}
        return replace(self, ports=ports)

    def save(self, path: Path) -> None:
        """Write the state so that only its owner can read it."""
        text = json.dumps(
            {
                "secrets": dict(self.secrets),
                "ports": dict(self.ports),
                "tenant_key": self.tenant_key,
            },
            indent=1,
        )
        write_private(path, text)
