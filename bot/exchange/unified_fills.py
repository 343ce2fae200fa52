"""Our trades page by page from a venue's own path, for venues whose unified call loses their ids or their times."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from bot.domain.account import Fill
from bot.domain.errors import Unavailable
from bot.exchange import strict
from bot.exchange import translate_unified_account as translate
from bot.exchange.reading import Reading
from bot.exchange.speech import LookUp
from bot.exchange.strict import Row
from bot.exchange.translate_unified import found_at
from bot.exchange.unified_public import speech_of, understood

PAGES_MAX: Final = 100


async def paged_fills(reading: Reading, way: LookUp, symbol: str, since: datetime) -> tuple[Fill, ...]:
    """Trades of one symbol, complete; times are whole seconds, so the one `since` lies in is read from its start."""
    table = speech_of(reading).orders
    window, first, end = timedelta(days=table.fills_window_d), since.replace(microsecond=0), reading.now()
    start, found = first, list[Fill]()
    while start <= end:
        stop = min(start + window, end + timedelta(seconds=1))
        found += await _window(reading, way, symbol, (start, stop))
        start = stop
    return translate.distinct([row for row in found if row.at >= first and row.symbol == symbol])


async def _window(reading: Reading, way: LookUp, symbol: str, span: tuple[datetime, datetime]) -> list[Fill]:
    found: list[Fill] = []
    since, until = (str(strict.milliseconds(at)) for at in span)
    for page in range(1, PAGES_MAX + 1):
        facts = {**reading.facts(symbol, ""), "since": since, "until": until, "page": str(page)}
        reply = await reading.calls.read(way.call, translate.filled_in(way.params, facts))
        rows = understood(reading, "list of trades", strict.rows, found_at(reply, way.rows) or [])
        found += [understood(reading, "trade", _own_fill, reading, row, symbol) for row in rows]
        if len(rows) < speech_of(reading).orders.fills_page:
            return found
    raise Unavailable(f"{reading.venue} lists more trades in {symbol} than can be read; the list is incomplete.")


def _own_fill(reading: Reading, row: Row, symbol: str) -> Fill:
    parsed = reading.parse("parse_trade", row, symbol)
    return translate.fill(reading.venue, parsed, speech_of(reading).orders, Decimal(1))
