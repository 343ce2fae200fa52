"""Whether what was seen can be believed: prices near each other, ages, witnesses for "flat", balances that jump."""

from collections import defaultdict
from collections.abc import Container, Mapping
from datetime import timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from bot.domain.account import ZERO, Book, Mark, Position
from bot.domain.snapshot import VenueView
from bot.risk.margin import maintenance_margin

MARK_FROM_INDEX_MAX = Decimal("0.10")
UNTIMED_FROM_BOOK_MAX = Decimal("0.005")  # more than a spread, less than what an old price may cost
BASIS_PER_YEAR_MAX = Decimal("0.50")
UNEXPLAINED_MARGIN_MAX = Decimal("1.25")
AHEAD_MAX = timedelta(seconds=5)
PRICE_LEAP_MAX = Decimal(5)  # no coin that is worth hedging did that from one look to the next
NOTHING: Final[Mapping[str, Decimal]] = MappingProxyType({})
AGE_ANY = timedelta(days=36_500)


def doubtful_symbols(view: VenueView, age_max: timedelta, ahead_max: timedelta = AHEAD_MAX) -> dict[str, str]:
    """The symbols whose mark or index cannot be believed, each with what speaks against it."""
    doubts: dict[str, str] = {}
    for instrument in view.instruments:
        doubt = _doubt_about_mark(view, instrument.symbol, age_max, ahead_max)
        if doubt is not None:
            doubts[instrument.symbol] = doubt
    return {**doubts, **_outvoted(view, doubts)}


def _outvoted(view: VenueView, doubted: Container[str]) -> dict[str, str]:
    """Symbols whose index most contracts of the same coin do not bear out.

    A mark and an index that are wrong together agree with each other; all contracts of a coin follow one index, and it
    prices the coins owned.
    """
    told: dict[tuple[str, str], dict[str, Decimal]] = defaultdict(dict)
    for row in view.instruments:
        mark = view.mark(row.symbol)
        if mark is not None and row.symbol not in doubted:
            told[row.base, row.quote][row.symbol] = mark.index_price
    doubts: dict[str, str] = {}
    for (base, _), prices in told.items():
        for symbol, index in prices.items():
            others = [price for price in prices.values() if abs(price / index - 1) > MARK_FROM_INDEX_MAX]
            if 2 * len(others) >= len(prices):
                doubts[symbol] = (
                    f"the index of {symbol} is told as {index}, that of other contracts of {base} as {others[0]}: "
                    "one of them is wrong"
                )
    return doubts


def _doubt_about_mark(view: VenueView, symbol: str, age_max: timedelta, ahead_max: timedelta) -> str | None:
    mark, doubt = view.mark(symbol), None
    if mark is None:
        return f"{view.venue} showed no mark price for {symbol}"
    if not _is_price(mark.mark_price) or not _is_price(mark.index_price):
        return f"mark {mark.mark_price} or index {mark.index_price} of {symbol} is not a price"
    age = view.at - mark.at
    if age > age_max:
        doubt = f"the mark of {symbol} is {age.total_seconds():.0f} s old"
    elif age < -ahead_max:
        doubt = f"the mark of {symbol} is {-age.total_seconds():.0f} s ahead of the venue's clock"
    elif abs(mark.mark_price / mark.index_price - 1) > _mark_from_index_max(view, symbol):
        doubt = f"mark {mark.mark_price} and index {mark.index_price} of {symbol} are too far apart"
    return doubt


def doubt_about_book(book: Book, mark: Mark | None) -> str | None:
    """What speaks against trading into a book: orders are sized and priced by a mark it must agree with.

    A mark that bears no time has no other witness of its age than the book.
    """
    if mark is None or not book.bids or not book.asks:
        return None
    middle = (book.bids[0].price + book.asks[0].price) / 2
    if abs(middle / mark.mark_price - 1) <= (MARK_FROM_INDEX_MAX if mark.timed else UNTIMED_FROM_BOOK_MAX):
        return None
    return (
        f"its order book stands at {middle.normalize():f}, its mark at {mark.mark_price}: one of the two is wrong"
        + ("" if mark.timed else ", or the mark, which bears no time, is old")
    )


def _mark_from_index_max(view: VenueView, symbol: str) -> Decimal:
    """How far a mark may be from its index; a dated future carries the basis of the time it still has."""
    instrument = view.instrument(symbol)
    days = max(0.0, instrument.days_to_expiry(view.at) or 0.0) if instrument else 0.0
    return MARK_FROM_INDEX_MAX + BASIS_PER_YEAR_MAX * Decimal(str(round(days))) / 365


def _is_price(value: Decimal) -> bool:
    return value.is_finite() and value > 0


def doubts_about_account(view: VenueView) -> list[str]:
    """What speaks against acting on this account at all; empty when its own figures agree with each other.

    No position needs a second witness: margin that is in use says that there is one. A position that is valued at
    another price than its market, or whose profit does not follow from that price, has been put under another
    market's name. An entry price alone proves nothing: a hedge may be older than a rally.
    """
    # coins of the collateral are worth more than the one unit that rounding is forgiven elsewhere
    slack = Decimal("0.0001") if any(row.inverse for row in view.positions) else Decimal(1)
    initial = sum((row.initial for row in view.margins), ZERO)
    maintenance = sum((row.maintenance for row in view.margins), ZERO)
    if not view.positions and maintenance > 0:
        return [f"{view.venue} shows no position, yet margin of {maintenance} is in use: that is not taken for flat"]
    if all(row.symbol in view.brackets for row in view.positions):
        explained = sum(
            (maintenance_margin(row.collateral_value, view.brackets[row.symbol]) for row in view.positions), ZERO
        )
        if view.positions and maintenance > explained * UNEXPLAINED_MARGIN_MAX + slack:
            return [
                f"{view.venue} has margin of {maintenance} in use, the positions it shows explain {explained:.2f}: "
                "one of them is missing"
            ]
    strange = next((words for row in view.positions if (words := _doubt_about_value(view, row)) is not None), None)
    if strange is not None:
        return [strange]
    crosses = [row for row in view.positions if row.notional > 0]
    if crosses and initial == 0 and maintenance == 0:
        return [f"{view.venue} shows {len(crosses)} positions, yet no margin in use: one of the two is wrong"]
    return []


def _doubt_about_value(view: VenueView, position: Position) -> str | None:
    """What speaks against a position being in the market it is shown in; none where that market's mark is doubted."""
    mark = view.mark(position.symbol)
    if mark is None or _doubt_about_mark(view, position.symbol, AGE_ANY, AGE_ANY) is not None:
        return None
    if abs(position.mark_price / mark.mark_price - 1) > MARK_FROM_INDEX_MAX:
        return (
            f"{view.venue} values the position in {position.symbol} at {position.mark_price.normalize():f}, while its "
            f"mark is {mark.mark_price.normalize():f}: one of the two belongs to another market"
        )
    profit, rounded, most = _profit_at(position, mark.mark_price)
    if abs(position.unrealised_pnl - profit) <= most * MARK_FROM_INDEX_MAX + rounded:
        return None
    return (
        f"{view.venue} says that the position in {position.symbol} has a profit of {position.unrealised_pnl:.2f}; from "
        f"its entry price {position.entry_price.normalize():f} to the mark {mark.mark_price.normalize():f} it would be "
        f"{profit:.2f}: one of them belongs to another market"
    )


def _profit_at(position: Position, price: Decimal) -> tuple[Decimal, Decimal, Decimal]:
    """Profit from the entry price to this one, what rounding may take of it, and the value of the whole position."""
    amount, entry = position.amount, position.entry_price
    if position.inverse:
        return amount * (1 / entry - 1 / price), Decimal("0.000001"), abs(amount) / price
    return amount * (price - entry), Decimal("0.01"), abs(amount) * price


def unconfirmed_jumps(
    accepted: Mapping[str, Decimal],
    pending: Mapping[str, Decimal],
    seen: Mapping[str, Decimal],
    jump_max: Decimal,
    unseen: Mapping[str, Decimal] = NOTHING,
) -> dict[str, str]:
    """Assets whose amount moved by more than `jump_max` and was not seen so in the cycle before.

    `accepted` is what was last believed, `pending` what the last cycle saw and did not believe yet. An asset that was
    never accepted before is new and believed. `unseen` are coins that no venue can see and that never leap: they would
    only make a leap look small. Units: `jump_max` a fraction of the accepted amount, unseen coins left out.
    """
    jumps: dict[str, str] = {}
    for asset, before in accepted.items():
        now, still = seen.get(asset, ZERO), unseen.get(asset, ZERO)
        still = still if still < before else ZERO
        if before <= 0 or abs(now - before) <= jump_max * (before - still):
            continue
        if asset in pending and abs(now - pending[asset]) <= jump_max * (min(now, pending[asset]) - still):
            continue
        jumps[asset] = (
            f"{asset} went from {before.normalize():f} to {now.normalize():f} at once; "
            "it is believed when the next cycle sees the same"
        )
    return jumps


def unconfirmed_leaps(
    seen: Mapping[str, Decimal], last: Mapping[str, Decimal], before: Mapping[str, Decimal]
) -> dict[str, str]:
    """Assets whose price is more than five times what was believed, or less than a fifth, and was not seen so before.

    `last` is what the last look showed, `before` what was believed of those that leapt in it. A leap is believed when
    it is seen again; a price that is back where it was, at once. An asset that was never seen is believed.
    """
    leaps: dict[str, str] = {}
    for asset, now in seen.items():
        known = [look[asset] for look in (before, last) if look.get(asset, ZERO) > 0]
        if known and now > 0 and all(max(now / price, price / now) > PRICE_LEAP_MAX for price in known):
            leaps[asset] = (
                f"the price of {asset} went from {_short(known[0])} to {_short(now)} at once; "
                "it is believed when the next cycle sees the same"
            )
    return leaps


def _short(price: Decimal) -> str:
    return f"{Decimal(f'{price:.8g}').normalize():f}"
