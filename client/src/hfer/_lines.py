"""Lines of a streamed answer."""

from collections.abc import Iterable, Iterator


def lines(blocks: Iterable[bytes]) -> Iterator[str]:
    r"""Cut a stream of bytes at ``\n``, and at nothing else.

    ``str.splitlines``, and with it httpx, also cuts at U+2028 and U+0085, which JSON leaves as
    they are: a photo so named would tear its own result apart.
    """
    rest = b""
    for block in blocks:
        *whole, rest = (rest + block).split(b"\n")
        for line in whole:
            yield line.removesuffix(b"\r").decode(errors="replace")
    if rest:
        yield rest.decode(errors="replace")
