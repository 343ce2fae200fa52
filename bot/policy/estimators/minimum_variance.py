"""Many assets, a few hedge contracts: the shorts that leave the least variance, within their caps."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from bot.domain.sense import EPSILON, non_negative
from bot.policy.estimators.covariance import Matrix, matrix

INSTRUMENTS_MAX = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Covariances:
    """How assets and hedge instruments move together; rows and columns of `cross` are instruments and assets."""

    assets: npt.ArrayLike
    instruments: npt.ArrayLike
    cross: npt.ArrayLike


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimumVarianceHedge:
    """Short notional per instrument, and the variance before and after in squared currency."""

    unconstrained: tuple[float, ...]
    shorts: tuple[float, ...]
    variance_unhedged: float
    variance_hedged: float
    variance_reduction: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bounds:
    caps: Matrix
    total: float

    def admit(self, shorts: Matrix) -> bool:
        slack = EPSILON * (1.0 + float(np.abs(shorts).max(initial=0.0)))
        inside = bool((shorts >= -slack).all()) and bool((shorts <= self.caps + slack).all())
        return inside and float(shorts.sum()) <= self.total + slack


def minimum_variance_hedge(
    exposures: npt.ArrayLike,
    covariances: Covariances,
    caps: Sequence[float | None] | None = None,
    total_cap: float | None = None,
) -> MinimumVarianceHedge:
    """Shorts n >= 0 with n <= caps and sum(n) <= total cap that leave the least variance.

    Every set of binding bounds is tried and the best admissible solution taken: exact for a handful of instruments,
    where cutting the free solution down bound by bound would be wrong.

    Raises:
        ValueError: for shapes that do not fit, more than six instruments, or instruments that cannot be told apart.
    """
    owned = matrix("exposures", exposures)[0]
    within_assets = matrix("covariance of assets", covariances.assets)
    within_instruments = matrix("covariance of instruments", covariances.instruments)
    cross = matrix("cross covariance", covariances.cross)
    size = len(within_instruments)
    if size > INSTRUMENTS_MAX:
        raise ValueError(f"{size} hedge instruments are too many to solve exactly; choose at most {INSTRUMENTS_MAX}.")
    if (
        cross.shape != (size, len(owned))
        or within_assets.shape != (len(owned),) * 2
        or within_instruments.shape != (size, size)
    ):
        raise ValueError("Exposures and covariances do not fit together: one row per instrument, one column per asset.")
    pull = cross @ owned
    unhedged = float(owned @ within_assets @ owned)

    def variance(shorts: Matrix) -> float:
        return unhedged - 2 * float(shorts @ pull) + float(shorts @ within_instruments @ shorts)

    free = _solve(within_instruments, pull)
    if free is None:
        raise ValueError("Two hedge instruments move exactly alike; keep one of them or add a ridge to the covariance.")
    bounds = _bounds(size, caps, total_cap)
    candidates = _candidates(within_instruments, pull, bounds)
    shorts = min(candidates, key=variance)
    hedged = variance(shorts)
    return MinimumVarianceHedge(
        unconstrained=tuple(map(float, free)),
        shorts=tuple(map(float, shorts)),
        variance_unhedged=unhedged,
        variance_hedged=hedged,
        variance_reduction=1 - hedged / unhedged if unhedged > 0 else None,
    )


def _bounds(size: int, caps: Sequence[float | None] | None, total_cap: float | None) -> _Bounds:
    limits = np.array([np.inf if cap is None else cap for cap in caps or [None] * size], dtype=np.float64)
    if limits.shape != (size,) or np.isnan(limits).any() or (limits < 0).any():
        raise ValueError("Caps must hold one non-negative figure per hedge instrument.")
    total = np.inf if total_cap is None else non_negative("total cap", total_cap)
    return _Bounds(caps=limits, total=float(total))


def _candidates(instruments: Matrix, pull: Matrix, bounds: _Bounds) -> list[Matrix]:
    """Every admissible solution with some shorts at zero, some at their cap and the sum free or at its cap."""
    size = len(pull)
    found: list[Matrix] = [np.zeros(size)]
    choices = [("free", "zero", "cap") if np.isfinite(cap) else ("free", "zero") for cap in bounds.caps]
    for state in product(*choices):
        free = np.array([where == "free" for where in state])
        fixed = np.array([bounds.caps[j] if where == "cap" else 0.0 for j, where in enumerate(state)])
        for sum_binds in (False, True) if np.isfinite(bounds.total) and free.any() else (False,):
            shorts = _solve_state(instruments, pull, free, fixed, bounds.total if sum_binds else None)
            if shorts is not None and bounds.admit(shorts):
                found.append(np.clip(shorts, 0.0, bounds.caps))
    return found


def _solve_state(
    instruments: Matrix, pull: Matrix, free: npt.NDArray[np.bool_], fixed: Matrix, total: float | None
) -> Matrix | None:
    """Solve for the free shorts, optionally with the sum held at the total by a Lagrange multiplier."""
    shorts = fixed.copy()
    count = int(free.sum())
    if count == 0:
        return shorts
    inner = instruments[np.ix_(free, free)]
    right = pull[free] - instruments[free] @ fixed
    if total is None:
        solved = _solve(inner, right)
    else:
        bordered = np.zeros((count + 1, count + 1))
        bordered[:count, :count] = inner
        bordered[:count, count] = bordered[count, :count] = 1.0
        solved = _solve(bordered, np.append(right, total - fixed.sum()))
    if solved is None:
        return None
    shorts[free] = solved[:count]
    return shorts


def _solve(left: Matrix, right: Matrix) -> Matrix | None:
    try:
        solved: Matrix = np.asarray(np.linalg.solve(left, right), dtype=np.float64)
    except np.linalg.LinAlgError:
        return None
    return solved if bool(np.isfinite(solved).all()) else None
