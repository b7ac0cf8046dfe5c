"""What one request may unpack. Real bytes are counted, whatever an archive says of itself."""

from services.api.jobs.submission.archives.entries import refused, too_much
from services.common.domain.limits import PhotoLimits


class Allowance:
    """Bytes that the archives of one request may still unpack to, together.

    ``passed_over`` counts their files that are no photos, such as texts and what systems add.
    """

    def __init__(self, limits: PhotoLimits) -> None:
        self.limits = limits
        self.passed_over = 0
        self._left = limits.archive_unpacked_bytes

    def take(self, size: int) -> None:
        """Count unpacked bytes.

        Raises:
            ApiError: PAYLOAD_TOO_LARGE, these are more than were left.
        """
        self._left -= size
        if self._left < 0:
            limit = self.limits.archive_unpacked_bytes
            raise too_much(
                f"The archives of a request may unpack to {limit} bytes; send the photos in"
                " several jobs, or by POST /v1/uploads.",
                limit=limit,
            )


class Meter:
    """Counts what one archive of ``packed`` bytes unpacks to."""

    def __init__(self, packed: int, allowance: Allowance) -> None:
        self._most = packed * allowance.limits.archive_ratio
        self._ratio = allowance.limits.archive_ratio
        self._allowance = allowance
        self._seen = 0

    def take(self, size: int) -> None:
        """Count unpacked bytes.

        Raises:
            ApiError: ARCHIVE_REFUSED past the ratio; PAYLOAD_TOO_LARGE past the allowance.
        """
        self._seen += size
        if self._seen > self._most:
            raise refused(
                f"The archive unpacks to over {self._ratio} times its size, which photos never"
                " do; send the photos themselves."
            )
        self._allowance.take(size)

    def pass_over(self) -> None:
        """Count a file that is no photo."""
        self._allowance.passed_over += 1
