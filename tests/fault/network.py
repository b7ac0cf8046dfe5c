"""Hosts as Linux network namespaces on one bridge; needs root and iproute2."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

HUB = "10.77.0.1"
_BRIDGE = "bridge"
_HUB_MAC = "02:00:00:00:00:01"


@dataclass(frozen=True, slots=True)
class Network:
    """A hub, where the servers are, and hosts that reach it through a bridge.

    Names bear the pid of who made them, so that two runs do not meet.
    """

    mark: str
    hosts: Sequence[str]

    @property
    def hub(self) -> str:
        return f"{self.mark}-hub"

    def inside(self, host: str) -> tuple[str, ...]:
        """Command that runs a program on a host; it execs, so the pid stays."""
        return ("ip", "netns", "exec", self.namespace(host))

    def namespace(self, host: str) -> str:
        return f"{self.mark}-{host}"

    def cut(self, host: str) -> None:
        """Take a host off the bridge: its link stays up, what is sent is lost, nobody is told."""
        _ip("-n", self.hub, "link", "set", host, "nomaster")

    def plug(self, host: str) -> None:
        """Put it back."""
        _ip("-n", self.hub, "link", "set", host, "master", _BRIDGE)

    def build(self) -> None:
        _ip("netns", "add", self.hub)
        _ip("-n", self.hub, "link", "set", "lo", "up")
        _ip("-n", self.hub, "link", "add", _BRIDGE, "type", "bridge")
        _ip("-n", self.hub, "address", "add", f"{HUB}/24", "dev", _BRIDGE)
        _ip("-n", self.hub, "link", "set", _BRIDGE, "address", _HUB_MAC, "up")
        for number, host in enumerate(self.hosts, start=11):
            there = self.namespace(host)
            _ip("netns", "add", there)
            _ip("-n", self.hub, "link", "add", host, "type", "veth", "peer", "eth0", "netns", there)
            _ip("-n", self.hub, "link", "set", host, "master", _BRIDGE, "up")
            _ip("-n", there, "address", "add", f"10.77.0.{number}/24", "dev", "eth0")
            _ip("-n", there, "link", "set", "lo", "up")
            _ip("-n", there, "link", "set", "eth0", "address", f"02:00:00:00:01:{number}", "up")
            # Everybody knows everybody, as behind a router: a neighbour that no longer answers
            # would be told to TCP, which then resends every few seconds (RFC 6069). A cut
            # further away is silent, and only that shows what waits for the longest.
            _know(there, "eth0", HUB, _HUB_MAC)
            _know(self.hub, _BRIDGE, f"10.77.0.{number}", f"02:00:00:00:01:{number}")

    def remove(self) -> None:
        """Remove what there is of it; a part that was never made is no error."""
        for name in (self.hub, *map(self.namespace, self.hosts)):
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)


@contextmanager
def network(hosts: Sequence[str]) -> Iterator[Network]:
    """Build a network; it is gone with the block, whatever happens in it."""
    made = Network(mark=f"hfer{os.getpid()}", hosts=hosts)
    try:
        made.build()
        yield made
    finally:
        made.remove()


def _know(namespace: str, device: str, address: str, mac: str) -> None:
    entry = (address, "lladdr", mac, "dev", device, "nud", "permanent")
    _ip("-n", namespace, "neighbour", "replace", *entry)


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"error: ip {' '.join(arguments)}: {done.stderr.strip()}")
