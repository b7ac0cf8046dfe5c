"""Lines of a streamed answer."""


class LineCutter:
    r"""Cuts a stream of bytes at ``\n``, and at nothing else.

    ``str.splitlines``, and with it httpx, also cuts at U+2028 and U+0085, which JSON leaves as
    they are: a photo so named would tear its own result apart.
    """

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, block: bytes) -> list[str]:
        """Take in a block, and return the lines that it ended."""
        *whole, self._rest = (self._rest + block).split(b"\n")
        return [line.removesuffix(b"\r").decode(errors="replace") for line in whole]
