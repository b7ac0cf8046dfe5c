"""Whether enough faces are reviewed, in a sentence."""

from services.common.reviews.accuracy import Accuracy


def enough_line(found: Accuracy) -> str:
    """Say it, and what to do next."""
    if not found.drawn:
        return "Draw faces at random and review them blind: that tells how right the model is here."
    if found.more is None:
        return "No drawn face is reviewed blind yet; begin with the first of the draw."
    if found.more == 0:
        return "Enough: the interval is within five points on either side, or all faces are in it."
    waiting = found.drawn - found.answered
    if waiting < found.more:
        lacking = found.more - waiting
        return (
            f"About {found.more:,} more drawn faces bring the interval to five points on either"
            f" side; draw {lacking:,} more."
        )
    return (
        f"About {found.more:,} more drawn faces bring the interval to five points on either side."
    )
