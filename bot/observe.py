"""Looking at every venue at once and putting what was seen into one snapshot; asks only for what is needed."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final, TypeVar

from bot.absent import Known, stand_in
from bot.archive import Archive
from bot.domain.account import Balance, Price, Wallet
from bot.domain.errors import Stale, Unavailable
from bot.domain.history import NO_HISTORY, History, HistoryAsk
from bot.domain.ports import Clock, Venue
from bot.domain.snapshot import Holding, Snapshot, VenueView
from bot.execution.executor import DECIDED_MAX
from bot.patience import Patience
from bot.risk.peg import pegged
from bot.risk.plausible import AHEAD_MAX, doubtful_symbols, doubts_about_account

COIN_FUTURES = Wallet.COIN_FUTURES
NOBODY: Final[Mapping[str, str]] = MappingProxyType({})
NOTHING: Final[Known] = MappingProxyType({})
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """One venue with the part it plays."""

    venue: Venue
    counts_spot: bool
    hedges: bool


def _nothing(assets: frozenset[str]) -> Sequence[HistoryAsk]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookout:
    """What observing needs to know.

    `anchors` are assets whose futures stand in for others and are looked at although they may not be owned; `asks` says
    what the rules want to know of the past of which assets, and `archive` keeps it; `peg_reference` is the coin by
    whose price a quote that is a stablecoin itself is judged.
    """

    watched: tuple[Watched, ...]
    external: tuple[Holding, ...]
    quote: str
    stablecoins: frozenset[str]
    excluded: frozenset[str]
    price_age_max: timedelta
    clock: Clock
    ahead_max: timedelta = AHEAD_MAX
    anchors: frozenset[str] = frozenset()
    asks: Callable[[frozenset[str]], Sequence[HistoryAsk]] = _nothing
    archive: Archive | None = None
    peg_reference: str | None = None
    patience: Patience | None = None

    async def answer_of(self, row: Watched, asked: Coroutine[Any, Any, T]) -> T:
        """Wait for a venue with shorts as long as it takes, for others as long as there is patience."""
        return await asked if row.hedges or self.patience is None else await self.patience.wait_for(row.venue.id, asked)

    @property
    def decided_max(self) -> timedelta:
        """How long after a look something may still be sent on it."""
        return max(DECIDED_MAX, 2 * self.price_age_max)


async def observe(lookout: Lookout, *, away: Mapping[str, str] = NOBODY, known: Known = NOTHING) -> Snapshot:
    """Look at everything once.

    `away` are venues already found not to answer, with the reason; `known` is the last complete look. A venue that only
    holds coins and does not answer is left out, and what depends on it is left alone.
    Raises: Unavailable when a venue does not answer on which all depends, Stale when what it says cannot be believed.
    Nothing was changed.
    """
    at = lookout.clock.now()
    own, away = await _balances(lookout, away)
    present = [row for row in lookout.watched if row.venue.id in own]
    counted = {row.venue.id: coins_counted(row, own[row.venue.id]) for row in present}
    cash = lookout.stablecoins | {lookout.quote}
    standing = stand_in(counted, away, known, cash)
    holdings = [*lookout.external, *(held for rows in counted.values() for held in rows), *standing.holdings]
    assets = frozenset(row.asset for row in holdings) - cash
    views = await all_of(_view(row, own[row.venue.id], assets, lookout) for row in present)
    (prices, unheard), history = await asyncio.gather(
        _prices(holdings, views, present, lookout), _history(assets, present, views, lookout)
    )
    unpriced = {row.asset for row in holdings if row.asset not in prices} - {lookout.quote} if away or unheard else ()
    blind = {
        asset: f"its price is not known while {' and '.join(sorted({*away, *unheard}))} does not answer"
        for asset in unpriced
    }
    return Snapshot(
        at=at,
        holdings=tuple(holdings),
        prices=prices,
        venues=tuple(views),
        history=history,
        doubtful={**blind, **standing.doubtful},
        away=away,
    )


async def _balances(lookout: Lookout, away: Mapping[str, str]) -> tuple[dict[str, tuple[Balance, ...]], dict[str, str]]:
    """What lies at each venue that answers, and why the others did not: only a venue with shorts stops everything."""
    asked = [row for row in lookout.watched if row.venue.id not in away]
    answers = await asyncio.gather(
        *(lookout.answer_of(row, row.venue.balances()) for row in asked),
        return_exceptions=True,
    )
    own, absent = {}, dict(away)
    for row, answer in zip(asked, answers, strict=True):
        if isinstance(answer, Unavailable) and not row.hedges:
            absent[row.venue.id] = str(answer)
        elif isinstance(answer, BaseException):
            raise answer
        else:
            own[row.venue.id] = answer
    return own, absent


async def _history(
    assets: frozenset[str], present: Sequence[Watched], views: Sequence[VenueView], lookout: Lookout
) -> History:
    """What the rules asked to know of the past, from the venue that hedges; never a reason to stop."""
    asks = lookout.asks(assets - lookout.excluded)
    for row, view in zip(present, views, strict=True):
        if row.hedges and asks and lookout.archive is not None:
            return await lookout.archive.read(asks, row.venue, view, lookout.quote)
    return NO_HISTORY


def coins_counted(row: Watched, own: Sequence[Balance]) -> list[Holding]:
    """What of a venue's balances is owned: spot where it is counted, and coins that are collateral anywhere."""
    counted = own if row.counts_spot else [item for item in own if row.hedges and item.wallet is COIN_FUTURES]
    return _holdings(row.venue.id, counted)


def _holdings(venue: str, balances: Iterable[Balance]) -> list[Holding]:
    return [
        Holding(asset=row.asset, amount=row.total, source=f"{venue} {row.wallet.value}", venue=venue)
        for row in balances
        if row.total > 0
    ]


async def _view(watched: Watched, balances: tuple[Balance, ...], assets: frozenset[str], lookout: Lookout) -> VenueView:
    venue = watched.venue
    empty = VenueView(
        venue=venue.id,
        at=venue.now(),
        instruments=(),
        balances=balances,
        margins=(),
        positions=(),
        marks=(),
        funding=(),
        settings=(),
        open_orders=(),
        brackets={},
    )
    if not watched.hedges:
        return empty
    listed = await venue.instruments((assets - lookout.excluded) | lookout.anchors)
    symbols = tuple(row.symbol for row in listed)
    positions, margins, marks, funding, orders, brackets = await all_of(
        (
            venue.positions(symbols),
            venue.margin_accounts(),
            venue.marks(symbols),
            venue.funding(symbols),
            venue.open_orders(symbols),
            venue.brackets(symbols),
        )
    )
    view = replace(
        empty,
        instruments=listed,
        margins=margins,
        positions=positions,
        marks=marks,
        funding=funding,
        open_orders=orders,
        brackets=brackets,
    )
    view = await with_strangers(view, venue, lookout)
    doubts = doubts_about_account(view)
    frozen = doubtful_symbols(view, lookout.price_age_max, lookout.ahead_max)
    # a dated future that nobody holds is no reason to leave its coin alone: it is not offered now, that is all
    held = {row.symbol for row in view.positions}
    offered = [row for row in view.instruments if not row.dated or row.symbol not in frozen or row.symbol in held]
    view = replace(view, instruments=tuple(offered))
    frozen = {row.symbol: frozen[row.symbol] for row in offered if row.symbol in frozen}
    if frozen and all(row.symbol in frozen for row in view.instruments):
        doubts += frozen.values()
    if doubts:
        raise Stale("; ".join(doubts))
    return replace(view, frozen=frozen)


async def with_strangers(view: VenueView, venue: Venue, lookout: Lookout) -> VenueView:
    """Positions in symbols of assets not owned still need their instrument, mark and tiers to be judged.

    So do those in a dated contract that may only be closed: what is short there is short until it ends.
    """
    missing = tuple(row.symbol for row in view.positions if view.instrument(row.symbol) is None)
    if not missing:
        return view
    bases = frozenset(symbol.split("/", 1)[0] for symbol in missing)
    listed = tuple(row for row in await venue.instruments(bases, missing) if row.symbol in missing)
    symbols = tuple(row.symbol for row in listed)
    if not symbols:
        return view
    marks, brackets = await all_of((venue.marks(symbols), venue.brackets(symbols)))
    return replace(
        view,
        instruments=(*view.instruments, *listed),
        marks=(*view.marks, *marks),
        brackets={**view.brackets, **brackets},
    )


async def _prices(
    holdings: Sequence[Holding], views: Sequence[VenueView], present: Sequence[Watched], lookout: Lookout
) -> tuple[Mapping[str, Price], list[str]]:
    """Index prices where there is a perpetual, spot prices for the rest; the quote currency is worth one.

    With them the venues that hold coins only and told no prices.
    """
    prices: dict[str, Price] = {}
    for view in views:
        for instrument in view.instruments:
            mark = view.mark(instrument.symbol)
            sound = mark is not None and instrument.symbol not in view.frozen
            if mark is not None and sound and instrument.quote == lookout.quote:
                source = f"{view.venue} index"
                prices[instrument.base] = Price(
                    asset=instrument.base, price=mark.index_price, source=source, at=mark.at
                )
    missing = frozenset(row.asset for row in holdings if row.amount != 0) - prices.keys() - {lookout.quote}
    if lookout.peg_reference is not None:
        missing |= {lookout.peg_reference}
    unheard: list[str] = []
    if missing:
        unheard = await _spot_prices(prices, missing, present, lookout)
    return pegged(prices, lookout.quote, lookout.stablecoins, lookout.peg_reference, lookout.clock.now()), unheard


async def _spot_prices(
    prices: dict[str, Price], missing: frozenset[str], present: Sequence[Watched], lookout: Lookout
) -> list[str]:
    """Fill in what the venues trade, the first one listed first; give back those that told nothing."""
    answers = await asyncio.gather(
        *(lookout.answer_of(row, row.venue.prices(missing, lookout.quote)) for row in present),
        return_exceptions=True,
    )
    unheard: list[str] = []
    for row, answer in zip(present, answers, strict=True):
        if isinstance(answer, Unavailable) and not row.hedges:
            unheard.append(row.venue.id)
        elif isinstance(answer, BaseException):
            raise answer
        else:
            prices.update({price.asset: price for price in answer if price.asset not in prices})
    return unheard


async def all_of(calls: Iterable[Coroutine[Any, Any, Any]]) -> list[Any]:
    """Run reads at once; the first failure is raised after all have ended, so that none is left running."""
    results = await asyncio.gather(*calls, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return list(results)
