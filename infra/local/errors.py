"""What can go wrong while the local stack starts; every message says what to do."""


class LocalStackError(Exception):
    """The stack cannot start or had to stop."""


class AlreadyRunningError(LocalStackError):
    """Another launcher, or what it left running, uses the same folder."""


class ChildDiedError(LocalStackError):
    """A child ended by itself; carries its name, return code and last lines."""

    def __init__(self, name: str, returncode: int, tail: str) -> None:
        super().__init__(f"{name} ended with return code {returncode}; its last lines:\n{tail}")
        self.name = name
        self.returncode = returncode


class NotReadyError(LocalStackError):
    """A child runs but did not become ready in time."""
