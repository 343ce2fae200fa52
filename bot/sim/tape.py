"""A tape: real candles, marks and funding replayed as a feed. The format is described in docs/tape.md."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import isfinite, isnan, nan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.domain.errors import ConfigurationError
from bot.sim.feed import FundingEvent, Series, SeriesFeed
from bot.sim.listings import default_listings, listings_for
from bot.sim.model import Listing
from bot.sim.quarterly import dated_listing
from bot.sim.state import MarketKey
from bot.sim.tape_expiry import dated_series

if TYPE_CHECKING:
    import polars

STEP = timedelta(minutes=15)  # a bar of an hour becomes four instants: open, high, low, close
HOUR = timedelta(hours=1)
HOUR_MS = 3_600_000
HISTORY = timedelta(days=40)
PRICES = ("open", "high", "low", "close")
DEPTH_SHARE = 0.01  # of a usual hour's turnover stands within five basis points of mid
DEPTH_MIN, DEPTH_MAX = 20_000.0, 10_000_000.0
DIGITS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grid:
    """The instants a tape is laid on."""

    origin: datetime
    start: datetime
    end: datetime

    @property
    def count(self) -> int:
        """How many instants there are."""
        return (self.end - self.origin) // STEP + 1


@dataclass(frozen=True, slots=True)
class _Table:
    """One file, checked. Units: `ts` in milliseconds."""

    path: Path
    frame: polars.DataFrame

    @property
    def first(self) -> datetime:
        """Opening of the first row."""
        return _at(self.frame["ts"][0])

    @property
    def last(self) -> datetime:
        """Opening of the last row."""
        return _at(self.frame["ts"][-1])

    def between(self, begin: datetime, finish: datetime, columns: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
        """Walk the rows of a span of time."""
        ts = self.frame["ts"]
        inside = (ts >= round(begin.timestamp() * 1000)) & (ts <= round(finish.timestamp() * 1000))
        return self.frame.filter(inside).select(columns).iter_rows()


def tape_feed(directory: Path, *, since: datetime | None = None, until: datetime | None = None) -> SeriesFeed:
    """Read a tape; `since` and `until` choose a part, the whole range otherwise.

    Raises: ConfigurationError naming the file and the column that cannot be used.
    """
    spot, perp = _price_tables(directory, "spot"), _price_tables(directory, "perp")
    if not spot and not perp:
        raise _nothing_to_play(directory)
    grid = _grid(directory, [*(perp or spot).values()], since, until)
    notes: list[str] = []
    series: dict[MarketKey, Series] = {}
    known = {(listing.market, listing.symbol) for listing in default_listings()}
    for symbol, table in spot.items():
        if ("spot", symbol) not in known:
            notes.append(f"{table.path.name} is not used: the simulated exchange does not list {symbol}")
        elif (one := _spot(table, grid)) is not None:
            series[("spot", symbol)] = one
    for symbol, table in perp.items():
        if ("linear", symbol) not in known:
            notes.append(f"{table.path.name} is not used: the simulated exchange does not list {symbol}")
        elif (found := _linear(directory, table, grid, (series.get(("spot", symbol)), notes))) is not None:
            series[("linear", symbol)] = found
    dated = _dated(directory, grid, series, notes)
    return SeriesFeed(
        origin=grid.origin,
        start=grid.start,
        end=grid.end,
        step=STEP,
        series=series,
        more_listings=dated,
        notes=tuple(notes),
    )


def tape_span(directory: Path) -> tuple[datetime, datetime]:
    """The first and the last instant a tape can play. Raises: ConfigurationError as `tape_feed` does."""
    tables = _price_tables(directory, "perp") or _price_tables(directory, "spot")
    if not tables:
        raise _nothing_to_play(directory)
    return min(table.first for table in tables.values()), max(table.last for table in tables.values()) + HOUR - STEP


def tape_listings(feed: SeriesFeed) -> tuple[Listing, ...]:
    """List the markets a tape has prices for, with ticks fine enough for the lowest of them."""
    low: dict[MarketKey, Decimal] = {}
    for key, one in feed.series.items():
        prices = sorted(price for price in one.mid if not isnan(price))
        usual = prices[len(prices) // 20]  # not the one wick of a flash crash
        low[key] = Decimal(f"{usual:.{DIGITS}f}")
    return (*listings_for(low), *feed.more_listings)


def _nothing_to_play(directory: Path) -> ConfigurationError:
    return ConfigurationError(
        f"The tape {directory} holds no file named spot_<SYMBOL>_1h.parquet or perp_<SYMBOL>_1h.parquet; "
        "docs/tape.md describes the format."
    )


def _price_tables(directory: Path, kind: str) -> dict[str, _Table]:
    if not directory.is_dir():
        raise ConfigurationError(
            f"There is no tape directory {directory}; give the folder that holds the candle files."
        )
    columns = ("ts", *PRICES, "volume")
    found: dict[str, _Table] = {}
    for path in sorted(directory.glob(f"{kind}_*_1h.parquet")):
        table = _read(path, columns)
        _check_bars(table)
        found[path.name.removeprefix(f"{kind}_").removesuffix("_1h.parquet")] = table
    return found


def _read(path: Path, columns: tuple[str, ...]) -> _Table:
    """Read and check the named columns of one file."""
    return _checked(path, _frame(path), columns)


def _frame(path: Path) -> polars.DataFrame:
    try:
        import polars  # noqa: PLC0415 - an optional dependency, needed for tapes only
    except ImportError:
        raise ConfigurationError(
            "Reading a tape needs the package polars, which is not installed: pip install 'ballast[tape]'."
        ) from None
    try:
        return polars.read_parquet(path)
    except (polars.exceptions.PolarsError, OSError) as error:
        raise ConfigurationError(f"The tape file {path} cannot be read as Parquet: {str(error)[:200]}") from None


def _checked(path: Path, frame: polars.DataFrame, columns: tuple[str, ...]) -> _Table:
    for column in columns:
        _check_column(path, frame, column)
    if not frame["ts"].dtype.is_integer():
        raise ConfigurationError(f"The tape file {path} needs whole milliseconds in column 'ts'.")
    backwards = (frame["ts"].diff() <= 0).arg_true()
    if len(backwards):
        raise ConfigurationError(f"The tape file {path} goes back in time in column 'ts', row {backwards[0]}.")
    return _Table(path, frame.select(columns))


def _check_column(path: Path, frame: polars.DataFrame, column: str) -> None:
    if column not in frame.columns:
        raise ConfigurationError(f"The tape file {path} has no column {column!r}; docs/tape.md lists what it needs.")
    values = frame[column]
    if not values.dtype.is_numeric():
        raise ConfigurationError(f"The tape file {path} holds no numbers in column {column!r}.")
    if values.is_empty():
        raise ConfigurationError(f"The tape file {path} has no rows in column {column!r}.")
    wrong = (values.is_null() | ~values.is_finite().fill_null(value=True)).arg_true()
    if len(wrong):
        raise ConfigurationError(f"The tape file {path} has no number in column {column!r}, row {wrong[0]}.")


def _check_bars(table: _Table) -> None:
    frame = table.frame
    wrong = {
        "ts": frame["ts"] % HOUR_MS != 0,
        "low": (frame["low"] <= 0) | (frame["low"] > frame["open"]) | (frame["low"] > frame["close"]),
        "high": (frame["high"] < frame["open"]) | (frame["high"] < frame["close"]),
    }
    for column, rows in wrong.items():
        found = rows.arg_true()
        if len(found):
            problem = "leaves the full hour" if column == "ts" else "has an impossible price"
            raise ConfigurationError(f"The tape file {table.path} {problem} in column {column!r}, row {found[0]}.")


def _grid(directory: Path, tables: list[_Table], since: datetime | None, until: datetime | None) -> _Grid:
    first = min(table.first for table in tables)
    last = max(table.last for table in tables) + HOUR - STEP
    start, end = max(first, since or first), min(last, until or last)
    if start >= end:
        raise ConfigurationError(
            f"The tape {directory} holds {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC; nothing of it lies "
            f"between {since or first:%Y-%m-%d %H:%M} and {until or last:%Y-%m-%d %H:%M}."
        )
    start = start.replace(minute=0, second=0, microsecond=0)
    return _Grid(origin=max(first, start - HISTORY), start=start, end=end)


def _lay(table: _Table, grid: _Grid) -> tuple[array[float], array[float]]:
    """Lay bars on the grid as open, high, low, close; returns prices (NaN where there is no bar) and volumes."""
    prices, volumes = array("d", [nan]) * grid.count, array("d", [0.0]) * grid.count
    origin_ms = round(grid.origin.timestamp() * 1000)
    step_ms = round(STEP.total_seconds() * 1000)
    names = ("ts", *PRICES, *(("volume",) if "volume" in table.frame.columns else ()))
    for ts, opened, high, low, close, *traded in table.between(grid.origin - HOUR, grid.end, names):
        place = (ts - origin_ms) // step_ms
        if not 0 <= place < grid.count:
            continue
        for offset, price in enumerate((opened, high, low, close)):
            if place + offset < grid.count:
                prices[place + offset] = price
                volumes[place + offset] = traded[0] / 4 if traded else 0.0
    return prices, volumes


def _carry(prices: array[float]) -> bytes:
    """Carry the last price through gaps, in place; returns 1 for every instant that was carried."""
    stale = bytearray(len(prices))
    last = nan
    for place, price in enumerate(prices):
        if not isnan(price):
            last = price
        elif not isnan(last):
            prices[place] = last
            stale[place] = 1
    return bytes(stale)


def _depth(prices: array[float], volumes: array[float]) -> array[float]:
    """Guess the depth from the turnover of the day before, thinner after an hour of large moves."""
    per_day, per_hour = 96, 4
    depth = array("d")
    turnover = 0.0
    for place in range(len(prices)):
        value = volumes[place - 1] * prices[place - 1] if place else 0.0
        turnover += 0.0 if isnan(value) else value
        if place > per_day:
            old = volumes[place - per_day - 1] * prices[place - per_day - 1]
            turnover -= 0.0 if isnan(old) else old
        hour = prices[max(0, place - per_hour) : place] or prices[:1]
        swing = (max(hour) - min(hour)) / max(hour) / 0.01
        usual = turnover / min(24.0, max(1.0, place / per_hour)) * DEPTH_SHARE
        depth.append(min(DEPTH_MAX, max(DEPTH_MIN, usual / max(1.0, swing if isfinite(swing) else 1.0))))
    return depth


def _spot(table: _Table, grid: _Grid) -> Series | None:
    prices, volumes = _lay(table, grid)
    stale = _carry(prices)
    if isnan(prices[-1]):
        return None
    empty = array("d")
    return Series(
        mid=prices,
        mark=empty,
        index=empty,
        rate=empty,
        depth_notional=_depth(prices, volumes),
        volume=volumes,
        stale=stale,
        price_digits=DIGITS,
    )


def _linear(directory: Path, table: _Table, grid: _Grid, beside: tuple[Series | None, list[str]]) -> Series | None:
    spot, notes = beside
    symbol = table.path.name.removeprefix("perp_").removesuffix("_1h.parquet")
    mid, volumes = _lay(table, grid)
    stale = _carry(mid)
    if isnan(mid[-1]):
        return None
    mark = _mark(directory, symbol, (mid, grid), notes)
    index = array("d", mark)
    if spot is not None:
        for place, price in enumerate(spot.mid):
            if not isnan(price) and not spot.stale[place]:
                index[place] = price
    return Series(
        mid=mid,
        mark=mark,
        index=index,
        rate=array("d", [0.0001]) * grid.count,
        depth_notional=_depth(mid, volumes),
        volume=volumes,
        stale=stale,
        price_digits=DIGITS,
        funding=_funding(directory, symbol, grid, notes),
    )


def _mark(directory: Path, symbol: str, perp: tuple[array[float], _Grid], notes: list[str]) -> array[float]:
    """Read the mark; where it is missing the perpetual's own price stands in."""
    mid, grid = perp
    path = directory / f"mark_{symbol}_1h.parquet"
    if not path.exists():
        notes.append(f"{symbol} has no mark file: its perpetual price stands in for the mark")
        return array("d", mid)
    table = _read(path, ("ts", *PRICES))
    _check_bars(table)
    mark, _ = _lay(table, grid)
    missing = [place for place, price in enumerate(mark) if isnan(price) and not isnan(mid[place])]
    for place in missing:
        mark[place] = mid[place]
    if missing:
        notes.append(f"{symbol}: the perpetual price stands in for {len(missing) // 4} missing hours of mark")
    return mark


def _funding(directory: Path, symbol: str, grid: _Grid, notes: list[str]) -> tuple[FundingEvent, ...]:
    path = directory / f"funding_{symbol}.parquet"
    if not path.exists():
        notes.append(f"{symbol} has no funding file: 0.01 % every eight hours is assumed")
        return ()
    table = _read(path, ("ts", "rate", "interval_h"))
    wrong = ((table.frame["interval_h"] <= 0) | (table.frame["interval_h"] > 24 * 7)).arg_true()
    if len(wrong):
        raise ConfigurationError(
            f"The tape file {path} has an impossible value in column 'interval_h', row {wrong[0]}."
        )
    rows = table.between(grid.origin, grid.end + timedelta(days=1), ("ts", "rate", "interval_h"))
    return tuple(
        FundingEvent(at=_at(ts), rate=Decimal(f"{rate:.8f}"), interval_h=int(interval_h))
        for ts, rate, interval_h in rows
    )


def _dated(directory: Path, grid: _Grid, series: dict[MarketKey, Series], notes: list[str]) -> tuple[Listing, ...]:
    """Add the dated contracts of a tape to its series; returns their listings."""
    found: list[Listing] = []
    for path in sorted(directory.glob("expiry_*_1h.parquet")):
        pair = path.name.removeprefix("expiry_").removesuffix("_1h.parquet")
        beside = series.get(("linear", pair))
        if beside is None:
            notes.append(f"{path.name} is not used: the tape has no perpetual {pair} to go with it")
            continue
        for table in _contracts(path):
            expires_at = _at(table.frame["expiry_ts"][0])
            mid, _ = _lay(table, grid)
            built = dated_series(mid, beside, (grid.origin, STEP), expires_at)
            if built is None:
                continue
            listing = dated_listing(pair, table.first, expires_at)
            if listing.symbol != table.frame["contract"][0]:
                raise ConfigurationError(
                    f"The tape file {path} holds {table.frame['contract'][0]!r} with an expiry on "
                    f"{expires_at:%Y-%m-%d}; that contract would be named {listing.symbol}."
                )
            series[("linear", listing.symbol)], filled = built
            found.append(listing)
            if filled:
                notes.append(f"{listing.symbol}: the last basis to the index stands in for {filled // 4} missing hours")
    return tuple(found)


def _contracts(path: Path) -> list[_Table]:
    """Cut a file of dated contracts into one checked table per contract."""
    frame = _frame(path)
    if "contract" not in frame.columns:
        raise ConfigurationError(f"The tape file {path} has no column 'contract'; docs/tape.md lists what it needs.")
    tables = []
    for part in frame.partition_by("contract", maintain_order=True):
        table = _checked(path, part, ("ts", "expiry_ts", *PRICES))
        _check_bars(table)
        if part["expiry_ts"].n_unique() != 1 or part["expiry_ts"][0] <= part["ts"][-1]:
            raise ConfigurationError(
                f"The tape file {path} has an impossible value in column 'expiry_ts' of {part['contract'][0]}."
            )
        tables.append(_Table(path, part))
    return tables


def _at(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC)
