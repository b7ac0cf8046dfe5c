"""Pairs with the least cost in all (Kuhn and Munkres); scipy would be 35 MB for this."""

import numpy as np
from numpy.typing import NDArray


def cheapest_pairs(costs: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Return (row, column) pairs, ascending, one for each of the fewer, whose costs add up least.

    Args:
        costs: float64 ``[R, C]``, finite.
    """
    if costs.shape[0] > costs.shape[1]:
        return sorted((row, column) for column, row in cheapest_pairs(costs.T))
    rows, columns = costs.shape
    # Potentials of rows and columns; row and column 0 are the ones to start from.
    of_row, of_column = np.zeros(rows + 1), np.zeros(columns + 1)
    owner = np.zeros(columns + 1, np.int64)
    for row in range(1, rows + 1):
        owner[0] = row
        at = 0
        least = np.full(columns + 1, np.inf)
        came_from = np.zeros(columns + 1, np.int64)
        used = np.zeros(columns + 1, np.bool_)
        while owner[at] != 0:
            used[at] = True
            current = owner[at]
            slack = costs[current - 1] - of_row[current] - of_column[1:]
            better = ~used[1:] & (slack < least[1:])
            least[1:][better] = slack[better]
            came_from[1:][better] = at
            free = np.where(used, np.inf, least)
            free[0] = np.inf
            nearest = int(np.argmin(free))
            step = free[nearest]
            of_row[owner[used]] += step
            of_column[used] -= step
            least[~used] -= step
            at = nearest
        while at:
            owner[at] = owner[came_from[at]]
            at = int(came_from[at])
    return sorted((int(owner[c]) - 1, c - 1) for c in range(1, columns + 1) if owner[c])
