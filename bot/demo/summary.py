"""The end of a demo in plain words and exact money. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from bot.demo.books import Books

LABEL = 42
MONEY = 15
LITTLE = Decimal("0.001")  # of the start: less than this is called "about the same"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Everything the summary tells. Units: fractions of wealth or of mark for the risks, quote currency for money."""

    begun: datetime
    ended: datetime
    quote: str
    books: Books
    fall_hedged: Decimal
    fall_unhedged: Decimal
    distance_min: Decimal | None
    distance_wanted: Decimal
    leverage_max: Decimal
    leverage_cap: Decimal
    orders: int
    transfers: int
    liquidations: int
    in_band: Decimal | None
    band: Decimal
    ratio: Decimal
    cash_ran_out: datetime | None


def summary(ending: Ending) -> list[str]:
    """The lines to print; each is a paragraph of its own."""
    days = (ending.ended - ending.begun) / timedelta(days=1)
    lines = [
        "",
        f"Summary: {ending.begun:%Y-%m-%d} to {ending.ended:%Y-%m-%d}, {days:.1f} market days, in {ending.quote}",
    ]
    lines += ["", *_accounts(ending), "", _verdict(ending), "", *_risks(ending), ""]
    if ending.cash_ran_out is not None:
        lines.append(
            f"On {ending.cash_ran_out:%Y-%m-%d} the stablecoins behind the short ran out. From there on Ballast kept "
            "the short as small as the margin asked: less hedge rather than a liquidation. Spot is never sold."
        )
    if ending.liquidations:
        lines.append(f"The exchange closed a short by force {ending.liquidations} times: that must not happen.")
    return lines


def _accounts(ending: Ending) -> list[str]:
    books, parts, zero = ending.books, ending.books.parts, Decimal("0.00")
    rows = [
        ("worth at the start", books.start, books.start),
        ("coins changed price, cold wallet included", parts.spot, parts.spot),
        ("the short, from price moves (at mark)", parts.short, zero),
        (f"funding {'received' if parts.funding >= 0 else 'paid'}, net", parts.funding, zero),
        ("trading fees", parts.fees, zero),
        ("slippage (fills against mark)", parts.slippage, zero),
        (f"moved between own wallets ({ending.transfers} times)", parts.transfers, zero),
    ]
    if parts.liquidation:
        rows.append(("taken by the exchange in liquidations", parts.liquidation, zero))
    head = f"  {'':<{LABEL}}{'with the short':>{MONEY}}{'without it':>{MONEY}}"
    body = [_line(name, one, two, signed=place > 0) for place, (name, one, two) in enumerate(rows)]
    rule = f"  {'':<{LABEL}}{'-' * 13:>{MONEY}}{'-' * 13:>{MONEY}}"
    return [head, *body, rule, _line("worth at the end", books.end, books.unhedged_end)]


def _line(name: str, one: Decimal, two: Decimal, *, signed: bool = False) -> str:
    form = "+,.2f" if signed else ",.2f"
    return f"  {name:<{LABEL}}{_money(one, form):>{MONEY}}{_money(two, form):>{MONEY}}"


def _money(value: Decimal, form: str) -> str:
    return format(value, form) if value else "0.00"


def _verdict(ending: Ending) -> str:
    books = ending.books
    saved, spot = books.saved, books.parts.spot
    calmer = (
        f"On the way the worst fall was {ending.fall_hedged:.1%} instead of {ending.fall_unhedged:.1%}."
        if ending.fall_hedged < ending.fall_unhedged
        else f"On the way the worst fall was {ending.fall_hedged:.1%}; without it {ending.fall_unhedged:.1%}."
    )
    if abs(saved) < books.start * LITTLE:
        return f"Hedging made little difference in the end: {saved:+,.2f} {ending.quote}. {calmer}"
    if saved > 0:
        why = "prices fell, and the short earned part of what the coins lost" if spot < 0 else "funding paid for it"
        return f"Hedging SAVED {saved:,.2f} {ending.quote}: {why}. {calmer}"
    why = (
        "prices rose, and the short gave back part of what the coins gained: that is the price of a hedge"
        if spot > 0
        else "funding, fees and slippage cost more than the short earned"
    )
    return f"Hedging COST {-saved:,.2f} {ending.quote}: {why}. {calmer}"


def _risks(ending: Ending) -> list[str]:
    band = "-" if ending.in_band is None else f"{ending.in_band:.1%} of the time"
    low, high = ending.ratio - ending.band, ending.ratio + ending.band
    rows = [
        ("hedge within its band", f"{band} ({low:.0%} to {high:.0%} of every coin)"),
        ("highest leverage at any moment", f"{ending.leverage_max:.2f}x (cap {ending.leverage_cap}x)"),
        (
            "closest to liquidation",
            "no short was open"
            if ending.distance_min is None
            else f"all prices up {ending.distance_min:.1%} at once ({ending.distance_wanted:.0%} wanted)",
        ),
        ("liquidations", str(ending.liquidations)),
        ("orders sent", str(ending.orders)),
    ]
    return [f"  {name:<{LABEL}}{value}" for name, value in rows]
