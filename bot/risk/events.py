"""Giving a name to what happened from outside, from the venue's own words where it has some, else by elimination."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from bot.domain.account import ZERO, ForcedClosure, ForcedKind
from bot.domain.event import Event, EventKind, Evidence
from bot.domain.figures import expiry_of
from bot.domain.instrument import Instrument
from bot.domain.snapshot import VenueView

FLOW_MIN = Decimal("0.005")
KINDS = {
    ForcedKind.LIQUIDATION: EventKind.LIQUIDATED,
    ForcedKind.DELEVERAGING: EventKind.DELEVERAGED,
    ForcedKind.SETTLEMENT: EventKind.SETTLED,
}
WORDS = {
    EventKind.LIQUIDATED: (
        "was LIQUIDATED by the venue: its collateral was used up, a fee was taken, and what you own is not hedged now. "
        "Nothing new is opened until a person has looked"
    ),
    EventKind.DELEVERAGED: (
        "was closed in part by the venue (auto-deleveraging, which takes profitable shorts away in a crash). The "
        "profit is yours, the hedge is smaller; it is opened again as the policy allows"
    ),
    EventKind.SETTLED: "was settled and closed by the venue; nothing is opened again in a market that is closing",
}


def name_change(  # noqa: PLR0913 - the change, and what bears witness to it
    venue: str,
    symbol: str,
    before: Decimal,
    now: Decimal,
    *,
    closures: Sequence[ForcedClosure] | None,
    instrument: Instrument | None,
    at: datetime | None = None,
) -> Event:
    """Name a position that is not what our own fills left.

    `closures` is what the venue lists as closed by force since then, None when it could not tell. A closure counts when
    the position became smaller. A dated future that had ended `at` the moment of the look was settled.
    """
    ended = expiry_of(symbol)
    if now == 0 and ended is not None and at is not None and ended <= at:
        text = (
            f"the future {symbol} ended on {ended:%Y-%m-%d %H:%M} UTC and the venue settled its {abs(before)}: it was "
            "not rolled in time, so nothing of it is hedged until the next order"
        )
        return Event(kind=EventKind.SETTLED, venue=venue, subject=symbol, text=text, evidence=Evidence.ELIMINATION)
    sizes = f"Ballast left {before.normalize():f}, now there is {now.normalize():f}"
    smaller = abs(now) < abs(before) and now * before >= 0
    told = [row for row in closures or () if row.symbol == symbol]
    if smaller and told:
        kind = KINDS[max(told, key=lambda row: (row.kind is ForcedKind.LIQUIDATION, row.at)).kind]
        text = f"the position in {symbol} {WORDS[kind]} ({sizes}; {Evidence.TOLD})"
        return Event(kind=kind, venue=venue, subject=symbol, text=text, evidence=Evidence.TOLD)
    if smaller and now == 0 and (instrument is None or not instrument.active):
        text = f"the position in {symbol} {WORDS[EventKind.SETTLED]} ({sizes}; {Evidence.ELIMINATION})"
        return Event(kind=EventKind.SETTLED, venue=venue, subject=symbol, text=text, evidence=Evidence.ELIMINATION)
    who = (
        "by hand, automatic deleveraging or liquidation: the venue could not tell which"
        if closures is None
        else "by hand: the venue lists no forced closure"
    )
    text = f"the position in {symbol} was changed by somebody else: {sizes} ({who}); adopted as it is"
    return Event(kind=EventKind.CHANGED, venue=venue, subject=symbol, text=text, evidence=Evidence.ELIMINATION)


def told_late(venue: str, symbol: str, closures: Iterable[ForcedClosure]) -> Event | None:
    """What a venue tells only now of a position that had changed before; None when it had no part in it."""
    told = [row for row in closures if row.symbol == symbol]
    if not told:
        return None
    row = max(told, key=lambda row: (row.kind is ForcedKind.LIQUIDATION, row.at))
    kind = KINDS[row.kind]
    text = (
        f"the position in {symbol} {WORDS[kind]} ({row.amount.normalize():f} at {row.at:%Y-%m-%d %H:%M} UTC; "
        f"{Evidence.TOLD}, but only now)"
    )
    return Event(kind=kind, venue=venue, subject=symbol, text=text, evidence=Evidence.TOLD)


def foreign_orders(view: VenueView, ours: Iterable[str]) -> list[tuple[str, Event]]:
    """Resting futures orders that are not ours, each with the venue's id of it; they are named and left alone."""
    own = set(ours)
    found = []
    for row in view.open_orders:
        if row.client_id in own:
            continue
        text = (
            f"an order of somebody else rests at {view.venue}: {row.side.value} {row.amount.normalize():f} "
            f"{row.symbol} ({row.client_id or row.order_id}); Ballast leaves it alone and takes its fills as they come"
        )
        event = Event(
            kind=EventKind.FOREIGN_ORDER,
            venue=view.venue,
            subject=row.symbol,
            text=text,
            evidence=Evidence.TOLD,
        )
        found.append((row.order_id, event))
    return found


def flows(before: Mapping[str, Decimal], seen: Mapping[str, Decimal]) -> list[Event]:
    """Coins that came or went between two looks, as Ballast never trades spot. Units: coins by asset.

    Signs: what came is a deposit or a purchase, what went a withdrawal or a sale; which of the two nobody tells.
    """
    found = []
    for asset in sorted(before.keys() | seen.keys()):
        old, new = before.get(asset, ZERO), seen.get(asset, ZERO)
        if abs(new - old) <= FLOW_MIN * max(old, new):
            continue
        came = new > old
        words = "came in (a deposit or a purchase)" if came else "left (a withdrawal or a sale)"
        text = (
            f"{abs(new - old).normalize():f} {asset} {words}: {old.normalize():f} before, {new.normalize():f} now "
            f"({Evidence.ELIMINATION})"
        )
        kind = EventKind.DEPOSIT if came else EventKind.WITHDRAWAL
        found.append(Event(kind=kind, venue="", subject=asset, text=text, evidence=Evidence.ELIMINATION))
    return found
