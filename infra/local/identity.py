"""Postgres refuses to run as root; here is how it runs all the same when we are root."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.local.errors import LocalStackError

NOBODY = 65_534


@dataclass(frozen=True, slots=True)
class Identity:
    """A command that starts a program as somebody who is not root.

    Attributes:
        wrapper: put in front of the program; empty when we are not root anyway.
        owner: user id that must own its files; None when our own are fine.
    """

    wrapper: Sequence[str] = ()
    owner: int | None = None

    def hand_over(self, path: Path | str) -> None:
        """Give ``path`` to the owner."""
        if self.owner is not None:
            os.chown(path, self.owner, self.owner)

    def works(self) -> bool:
        """Tell whether this machine lets us become that somebody."""
        try:
            probe = subprocess.run([*self.wrapper, "true"], capture_output=True, check=False)
        except FileNotFoundError:
            return False
        return probe.returncode == 0


def choose_identity() -> Identity:
    """Choose by what this machine allows: as we are, in a namespace, or as nobody.

    Raises:
        LocalStackError: we are root and no way is open.
    """
    if os.geteuid() != 0:
        return Identity()
    for identity in (namespace_identity(), nobody_identity()):
        if identity.works():
            return identity
    raise LocalStackError(
        "Postgres does not run as root, and neither `unshare` nor `setpriv` works here;"
        " install util-linux or start this as a user who is not root"
    )


def namespace_identity() -> Identity:
    """Root looks like nobody inside a user namespace and stays root outside.

    No file changes hands. Containers often refuse it.
    """
    user = f"--map-user={NOBODY}"
    group = f"--map-group={NOBODY}"
    return Identity(wrapper=("unshare", "--user", user, group, "--"))


def nobody_identity() -> Identity:
    """Become nobody for good, owning the data, with one capability left.

    Without CAP_DAC_OVERRIDE neither program nor data could be reached below a folder of mode
    0700, which /root is in every image. Without no_setuid_fixup access(2), by which initdb looks
    for postgres, would ignore the capability (seen in a Debian chroot, where no namespace is).
    """
    capability = "-all,+dac_override"
    return Identity(
        wrapper=(
            "setpriv",
            "--securebits=+no_setuid_fixup",
            f"--reuid={NOBODY}",
            f"--regid={NOBODY}",
            "--clear-groups",
            f"--inh-caps={capability}",
            f"--ambient-caps={capability}",
            "--",
        ),
        owner=NOBODY,
    )
