"""How much to take at a time, and how long to wait: numbers without any I/O."""

import random
from dataclasses import dataclass
from math import ceil

from services.common.config import QueueSettings

# Work between two checks of drain flag, cancel, lease and waiting interactive photos.
MICRO_BATCH_TARGET_S = 1.0
MICRO_BATCH_MAX = 32
FIRST_MICRO_BATCH = 4
# Encoded photos of a chunk in memory; the next chunk's are fetched meanwhile, so twice this.
CHUNK_BYTES = 64_000_000
# Weight of the newest measurement: a job of large photos is noticed within three micro-batches.
NEWEST = 0.3

RETRY_TRIES = 8
MISSING_TRIES = 3
BACKOFF_START_S = 0.5
BACKOFF_MAX_S = 60.0


@dataclass(slots=True)
class BatchSizer:
    """Sizes chunks and micro-batches by a moving average of this process' seconds per photo."""

    seconds_per_photo: float | None = None

    def record(self, *, seconds: float, photos: int) -> None:
        """Record that ``photos`` photos (at least one) took ``seconds``."""
        newest = seconds / photos
        before = newest if self.seconds_per_photo is None else self.seconds_per_photo
        self.seconds_per_photo = (1 - NEWEST) * before + NEWEST * newest

    def chunk_size(self, settings: QueueSettings, *, ready: int, workers: int) -> int:
        """How many photos to claim at once.

        The target duration at the present speed, within the settings' bounds; but with several
        ``workers`` no more than leaves two chunks for each, so that small jobs spread.
        """
        wanted = settings.chunk_min
        if self.seconds_per_photo is not None:
            wanted = int(settings.chunk_target_s / max(self.seconds_per_photo, 1e-6))
        wanted = min(max(wanted, settings.chunk_min), settings.chunk_max)
        share = ceil(ready / (2 * workers)) if workers > 1 else ready
        return max(1, min(wanted, share))

    def micro_batch_size(self) -> int:
        """How many photos to analyse before the next check of everything else."""
        if self.seconds_per_photo is None:
            return FIRST_MICRO_BATCH
        return min(
            max(int(MICRO_BATCH_TARGET_S / max(self.seconds_per_photo, 1e-6)), 1), MICRO_BATCH_MAX
        )

    def expected_s(self, photos: int) -> float:
        """How long ``photos`` photos will take, as far as known."""
        return photos * (self.seconds_per_photo or 0.0)


def backoff_s(attempts: int, *, rng: random.Random) -> float:
    """Delay before the next try: full jitter up to 0.5 s doubled per earlier try, 60 s at most.

    Args:
        attempts: tries so far, this one included; at least one.
        rng: source of the jitter.
    """
    return rng.uniform(0, min(BACKOFF_MAX_S, BACKOFF_START_S * 2.0 ** (attempts - 1)))
