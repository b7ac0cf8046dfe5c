"""What several judges said of each face: read, joined to images, turned into targets."""

from services.trainer.data.votes.counts import (
    CHOICES,
    Votes,
    agreement,
    majority,
    shares,
    usable,
)
from services.trainer.data.votes.join import judged, sources_of
from services.trainer.data.votes.tables import read_votes

__all__ = [
    "CHOICES",
    "Votes",
    "agreement",
    "judged",
    "majority",
    "read_votes",
    "shares",
    "sources_of",
    "usable",
]
