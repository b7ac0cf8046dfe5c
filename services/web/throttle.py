"""How long a visitor has to wait after wrong passwords: by address, and for all by none.

Each address has a few tries, then waits twice as long after each further one. Wrong passwords of
all addresses are counted too: when there are many, an address that was wrong once waits at once.
One that was never wrong is never refused, so that nobody can lock the others out.
"""

from ipaddress import IPv6Address, ip_address

from services.web.marks import Mark, MarkKind, Marks

# Tries of an address before it waits: 1 s, 2 s, 4 s and so on.
FREE_TRIES = 5
# Wrong passwords of all addresses, with no pause of `FORGET_S`, from which on there is one try.
MANY_FAILURES = 100
LONGEST_WAIT_S = 300.0
# An address, and all together, are forgotten after so long without a wrong password.
FORGET_S = 3600.0
# Two tries of an address at the same moment: one is looked at, the other may come again.
_BUSY_S = 1.0
_RACES = 3
_EVERYBODY = "all addresses"
_SUBNET = 64


def delay_s(failures: int, *, of_all: int) -> float:
    """Return how long an address waits after its last wrong password, in seconds.

    Args:
        failures: of the address.
        of_all: of all addresses.
    """
    free = FREE_TRIES if of_all < MANY_FAILURES else 1
    if failures < free:
        return 0.0
    return min(LONGEST_WAIT_S, 2.0 ** min(failures - free, 30))


def counted_as(address: str) -> str:
    """Return what an address is counted as: of IPv6 the /64, as one visitor holds all of it."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address[:100]
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return f"{IPv6Address(int(parsed) >> _SUBNET << _SUBNET)}/{_SUBNET}"


class LoginThrottle:
    """Lets tries at the login through, or says how long to wait."""

    def __init__(self, marks: Marks) -> None:
        self._marks = marks

    async def admit(self, address: str) -> float:
        """Count a try as a wrong password until `succeeded`; else the seconds to wait.

        Counted before the password is looked at: of a hundred tries at the same moment the free
        ones are looked at, and no more.
        """
        client = counted_as(address)
        for _ in range(_RACES):
            mine, of_all = await self._marks.read(MarkKind.LOGIN, [client, _EVERYBODY])
            if wait_s := _left_s(mine, of_all):
                return wait_s
            count = await self._marks.add(
                MarkKind.LOGIN, client, ttl_s=FORGET_S, expected=mine.count
            )
            if count is not None:
                return 0.0
        return _BUSY_S

    async def failed(self) -> None:
        """Count a wrong password for all; for its address `admit` has."""
        await self._marks.add(MarkKind.LOGIN, _EVERYBODY, ttl_s=FORGET_S)

    async def succeeded(self, address: str) -> None:
        """Take a try back. Earlier ones stay: who knows the one password may guess the other."""
        await self._marks.take_back(MarkKind.LOGIN, counted_as(address))


def _left_s(mine: Mark, of_all: Mark) -> float:
    return max(0.0, delay_s(mine.count, of_all=of_all.count) - mine.age_s)
