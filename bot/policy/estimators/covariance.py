"""Covariance matrices that stay usable with few days: exponentially weighted, and shrunk toward a scaled identity.

Source: Ledoit, Wolf, Journal of Multivariate Analysis 88 (2004) 365.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bot.domain.sense import between

Matrix = npt.NDArray[np.float64]

RIDGE = 1e-6
CONDITION_MAX = 1e4


@dataclass(frozen=True, slots=True, kw_only=True)
class ShrunkCovariance:
    """A covariance matrix and the weight its target got (0 = plain sample covariance)."""

    covariance: Matrix
    shrinkage: float


def matrix(name: str, rows: npt.ArrayLike | Sequence[Sequence[float]]) -> Matrix:
    """Read a table of ordinary numbers, one row per time."""
    table = np.atleast_2d(np.asarray(rows, dtype=np.float64))
    if table.size == 0 or table.ndim != 2:
        raise ValueError(f"{name} must be a table with rows and columns, but is empty or has another shape.")
    if not np.isfinite(table).all():
        raise ValueError(f"{name} holds a value that is not an ordinary number.")
    return table


def ledoit_wolf(returns: npt.ArrayLike) -> ShrunkCovariance:
    """Sample covariance (divisor n) shrunk toward its mean variance times the identity.

    Units: rows are times, columns assets; the best weight is estimated from the data itself.
    """
    table = matrix("returns", returns)
    count, assets = table.shape
    centred = table - table.mean(axis=0)
    sample = centred.T @ centred / count
    level = float(np.trace(sample)) / assets
    distance = float(((sample - level * np.eye(assets)) ** 2).sum()) / assets
    squares = centred**2
    spread = float((squares.T @ squares / count - sample**2).sum()) / assets / count
    shrinkage = min(spread, distance) / distance if distance > 0 else 0.0
    shrunk = (1 - shrinkage) * sample + shrinkage * level * np.eye(assets)
    return ShrunkCovariance(covariance=shrunk, shrinkage=shrinkage)


def ewma_covariance(returns: npt.ArrayLike, decay: float = 0.97, seed_count: int = 30) -> Matrix:
    """Exponentially weighted covariance (zero mean), seeded with the plain mean of the first products.

    The recursion is written as one weighted sum, which is the same and much faster.
    """
    between("decay", decay, 0.0, 1.0)
    table = matrix("returns", returns)
    count = len(table)
    if seed_count < 1 or count < seed_count:
        raise ValueError(f"{count} rows are too few: the first {seed_count} of them (at least one) make the seed.")
    later = count - seed_count
    weights = np.concatenate(
        [np.full(seed_count, decay**later / seed_count), (1 - decay) * decay ** np.arange(later - 1, -1, -1.0)]
    )
    return np.asarray((table * weights[:, None]).T @ table, dtype=np.float64)


def ridged(covariance: Matrix, share: float = RIDGE) -> Matrix:
    """Add a small part of the mean variance to the diagonal, so that near-twins can still be told apart."""
    size = len(covariance)
    return np.asarray(covariance + share * np.trace(covariance) / size * np.eye(size), dtype=np.float64)


def twins(covariance: Matrix, condition_max: float = CONDITION_MAX) -> bool:
    """Whether two instruments move so alike that only one of them may be used per underlying."""
    return bool(np.linalg.cond(covariance) > condition_max)
