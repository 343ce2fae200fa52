"""What people see of a demo while it runs: one row per market day, one line whenever the bot acts or protects."""

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TextIO

from bot.demo.stage import BAND
from bot.domain.account import ZERO
from bot.domain.figures import effective_leverage, exposure_notional, held_ratio, short_notional, wanted_ratio
from bot.domain.intent import OrderIntent, TransferIntent
from bot.domain.record import CycleRecord, CycleStatus
from bot.domain.snapshot import VenueView
from bot.risk.margin import nearest_distance

HEADER_EVERY = 20
LINES_PER_DAY_MAX = 3
ACTION_MIN = 14
GAP = "  "
INDENT = " " * 15
COLLATERAL = "by the collateral there is"  # growth bit by bit, as prices fall: told once
TROUBLE = {
    CycleStatus.UNAVAILABLE: "the exchange cannot be reached, nothing is done until it answers",
    CycleStatus.STALE: "what the exchange shows cannot be trusted, nothing is done",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of the table. Columns of lower `rank` stay longest when the terminal is narrow."""

    head: str
    width: int
    rank: int
    cell: Callable[["Sight"], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """The figures of one row, as the bot saw them; None where it saw nothing."""

    at: datetime
    price: Decimal | None
    owned: Decimal | None
    short: Decimal | None
    wanted: Decimal | None
    held: Decimal | None
    leverage: Decimal | None
    distance: Decimal | None
    funding: Decimal


def columns(asset: str) -> tuple[Column, ...]:
    """The table's columns; `asset` is the coin whose price is shown."""
    return (
        Column(head="time (UTC)", width=11, rank=0, cell=lambda row: f"{row.at:%m-%d %H:%M}"),
        Column(head=asset, width=7, rank=1, cell=lambda row: _price(row.price)),
        Column(head="holdings", width=8, rank=4, cell=lambda row: _whole(row.owned)),
        Column(head="short", width=7, rank=3, cell=lambda row: _whole(row.short)),
        Column(head="want", width=5, rank=6, cell=lambda row: _percent(row.wanted)),
        Column(head="held", width=5, rank=2, cell=lambda row: _percent(row.held)),
        Column(head="lever", width=5, rank=5, cell=lambda row: "-" if row.leverage is None else f"{row.leverage:.2f}x"),
        Column(head="liq.", width=5, rank=7, cell=lambda row: "-" if row.distance is None else f"{row.distance:.0%}"),
        Column(head="funding", width=7, rank=8, cell=lambda row: f"{row.funding:+,.0f}"),
    )


class View:
    """Prints rows as they happen. On a terminal the last line shows the present moment and is overwritten."""

    def __init__(self, out: TextIO, width: int, asset: str, funding: Callable[[], Decimal]) -> None:
        self._out, self._width, self._asset, self._funding = out, width, asset, funding
        self._columns = _fitting(columns(asset), width)
        self._live = out.isatty()
        self._day: date | None = None
        self._rows = self._today = 0
        self._last_deed = "nothing yet"
        self._blind = ""
        self._guards: set[str] = set()
        self._collateral_told = False

    def say(self, text: str = "") -> None:
        """Print a line, cut to nothing."""
        self._clear()
        self._out.write(f"{text}\n")
        self._out.flush()

    def paragraph(self, text: str, indent: str = "") -> None:
        """Print a text broken at the width of the page."""
        for line in textwrap.wrap(text, self._width, subsequent_indent=indent) or [""]:
            self.say(line)

    def tell(self, record: CycleRecord) -> None:
        """Show one cycle: as a row when it is the first of a day, as a line when something happened."""
        sight = _sight(record, self._asset, self._funding())
        lines = self._events(record)
        if record.at.date() != self._day and sight.price is not None:
            self._day, self._today = record.at.date(), 0
            self._row(sight)
        for line in lines:
            self._event(record.at, line)
        if self._live:
            self._out.write("\r\x1b[K" + self._line(sight)[: self._width - 1])
            self._out.flush()

    def end(self) -> None:
        """Leave no half line behind."""
        self._clear()

    def _clear(self) -> None:
        if self._live:
            self._out.write("\r\x1b[K")

    def _row(self, sight: Sight) -> None:
        if self._rows % HEADER_EVERY == 0:
            self.say(self._heads())
        self._rows += 1
        self.say(self._line(sight))

    def _heads(self) -> str:
        heads = [
            one.head.rjust(one.width) if place else one.head.ljust(one.width) for place, one in enumerate(self._columns)
        ]
        return GAP.join([*heads, "last action"])[: self._width]

    def _line(self, sight: Sight) -> str:
        cells = [one.cell(sight).rjust(one.width) for one in self._columns]
        return _cut(GAP.join([*cells, self._last_deed]), self._width)

    def _event(self, at: datetime, text: str) -> None:
        self._today += 1
        if self._today == LINES_PER_DAY_MAX + 1:
            text = f"{text} (more of this today is not shown)"
        if self._today <= LINES_PER_DAY_MAX + 1:
            self.paragraph(f"{at:%m-%d %H:%M}  > {text}", INDENT)

    def _events(self, record: CycleRecord) -> list[str]:
        lines = []
        deeds = _deeds(record)
        if deeds:
            self._last_deed = f"{deeds[-1][0]} {record.at:%m-%d}"
            told = self._collateral_told
            self._collateral_told = any(COLLATERAL in words for _, words in deeds)
            lines += [words for _, words in deeds if not (told and COLLATERAL in words)]
        return lines + self._troubles(record)

    def _troubles(self, record: CycleRecord) -> list[str]:
        """What went wrong or came right since the cycle before, each told once."""
        blind = TROUBLE.get(record.status, "")
        was_blind, self._blind = self._blind, blind
        if blind:
            cause = f": {record.notes[-1]}" if record.notes else ""
            return [] if was_blind else [blind + cause]
        lines = ["the exchange answers as it should again"] if was_blind else []
        guards = {row.guard for row in record.refusals}
        held, wanted = held_ratio(record), wanted_ratio(record)
        if guards - self._guards:
            lines += [_refused(guard) for guard in sorted(guards - self._guards)]
            self._guards |= guards
        elif self._guards and not guards and held is not None and wanted is not None and abs(held - wanted) <= BAND:
            self._guards = set()
            lines.append("the hedge is as wanted again")
        return lines


def _deeds(record: CycleRecord) -> list[tuple[str, str]]:
    """(label, sentence) of what was done in a cycle: moves of collateral, then orders."""
    filled = {row.intent_id: row for row in record.outcomes}
    done: list[tuple[str, str]] = []
    orders: dict[tuple[str, str], Decimal] = {}
    opened = protective = False
    why = ""
    for intent in record.intents:
        outcome = filled.get(intent.id)
        if outcome is None or outcome.filled <= 0:
            continue
        if isinstance(intent, TransferIntent):
            reason = intent.reasons[0].partition(";")[0] if intent.protective else "it carries the short"
            sentence = f"moved {outcome.filled:,.0f} {intent.currency} into the futures margin: {reason}"
            done.append(("margin added", sentence))
        elif isinstance(intent, OrderIntent):
            key = (intent.side.value, intent.symbol.partition("/")[0])
            orders[key] = orders.get(key, ZERO) + outcome.filled
            opened = opened or "opened" in " ".join(intent.reasons)
            protective = protective or intent.protective
            why = why or ", ".join(intent.reasons)
    if orders:
        sold = ", ".join(f"{n:f} {asset}" for (side, asset), n in orders.items() if side == "sell")
        bought = ", ".join(f"{n:f} {asset}" for (side, asset), n in orders.items() if side == "buy")
        words = "; ".join(
            part for part in (f"sold {sold} short" if sold else "", f"bought back {bought}" if bought else "") if part
        )
        label = "short opened" if opened else "short grown" if sold else "short cut"
        done.append((label, f"{words}: {'to protect the margin, ' if protective else ''}{why}"))
    return done


def _refused(guard: str) -> str:
    if guard == "collateral":
        return "no more stablecoins to move in: the short stays smaller than wanted, so that leverage keeps its cap"
    return f"the guard {guard} said no"


def _sight(record: CycleRecord, asset: str, funding: Decimal) -> Sight:
    snapshot = record.snapshot
    price = snapshot.prices.get(asset) if snapshot else None
    view: VenueView | None = snapshot.venues[0] if snapshot and snapshot.venues else None
    return Sight(
        at=record.at,
        price=price.price if price else None,
        owned=exposure_notional(record) or None,
        short=short_notional(view) if view else None,
        wanted=wanted_ratio(record),
        held=held_ratio(record),
        leverage=effective_leverage(record),
        distance=nearest_distance(view) if view else None,
        funding=funding,
    )


def _fitting(found: tuple[Column, ...], width: int) -> tuple[Column, ...]:
    """Leave out the least important columns until the rest fits beside the last action."""
    kept = list(found)
    while len(kept) > 1 and sum(one.width + len(GAP) for one in kept) + ACTION_MIN > width:
        kept.remove(max(kept, key=lambda one: one.rank))
    return tuple(kept)


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else line[: max(1, width - 1)] + "…"


def _price(value: Decimal | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.5g}"


def _whole(value: Decimal | None) -> str:
    return "-" if value is None else f"{value:,.0f}"


def _percent(value: Decimal | None) -> str:
    return "-" if value is None else f"{value:.1%}"
