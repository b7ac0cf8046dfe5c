"""A file that is read by ranges: from a bucket, over a pipe, never whole on a disk."""

import io
from collections import OrderedDict
from collections.abc import Callable

_BLOCK_BYTES = 1 << 20
# The index at one end, the packets of two streams, and what was read just before.
_BLOCKS_KEPT = 8

# Returns the bytes from an offset on, as many as asked for unless the file ends.
ReadRange = Callable[[int, int], bytes]


class RangeFile:
    """What libav needs of a file, over a function that returns ranges of it."""

    def __init__(self, read_range: ReadRange, size: int) -> None:
        """Read nothing yet.

        Args:
            read_range: called as ``(offset, length)``, whole blocks inside the file.
            size: bytes of the file.
        """
        self._read_range = read_range
        self._size = size
        self._at = 0
        self._blocks: OrderedDict[int, bytes] = OrderedDict()

    def read(self, count: int) -> bytes:
        """Return up to ``count`` bytes, fewer at the end of a block, none at the end of the file.

        Raises:
            EOFError: the source gave fewer bytes than its size promised.
        """
        if self._at >= self._size or count <= 0:
            return b""
        number, inside = divmod(self._at, _BLOCK_BYTES)
        part = self._block(number)[inside : inside + count]
        self._at += len(part)
        return part

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to an offset and return it."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError("before the start of the file")
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def _block(self, number: int) -> bytes:
        block = self._blocks.get(number)
        if block is None:
            start = number * _BLOCK_BYTES
            length = min(_BLOCK_BYTES, self._size - start)
            block = self._read_range(start, length)
            if len(block) != length:
                raise EOFError("the source is shorter than it said")
            self._blocks[number] = block
            if len(self._blocks) > _BLOCKS_KEPT:
                self._blocks.popitem(last=False)
        self._blocks.move_to_end(number)
        return block
