"""What became of an order under our own id, asked in every way the venue's table knows."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.account import NamedOrder, Order
from bot.domain.errors import Unavailable
from bot.exchange import translate_unified_account as translate
from bot.exchange.calls import SaidNo
from bot.exchange.reading import Reading
from bot.exchange.speech import LookUp
from bot.exchange.strict import Row, Unreadable, moment_of, rows, text
from bot.exchange.translate_unified import found_at
from bot.exchange.unified_public import speech_of, understood


@dataclass(frozen=True, slots=True)
class _NotServed:
    """The venue does not answer this way of asking; the other ways must tell."""

    code: str


def order_of(reading: Reading, row: Row) -> Order:
    """A unified order as ours. Raises: Unreadable."""
    symbol = text(row, "symbol")
    return translate.order(reading.venue, row, speech_of(reading).orders, reading.markets.unit(symbol))


async def order_by_client_id(reading: Reading, symbol: str, client_id: str) -> Order | None:
    """The order under our id; None only when every way that is served validly said that there is none."""
    served = 0
    for way in speech_of(reading).orders.look_up:
        found = await _looked_up(reading, way, symbol, client_id)
        if isinstance(found, Order):
            return found
        served += found is None
    if not served:
        raise Unavailable(
            f"{reading.venue} answers no question about an order by our own id, so it stays unsettled. "
            "Nothing was sent; the next cycle asks again."
        )
    return None


async def _looked_up(reading: Reading, way: LookUp, symbol: str, client_id: str) -> Order | _NotServed | None:
    params = translate.filled_in(way.params, reading.facts(symbol, client_id))
    try:
        reply = await reading.calls.read(way.call, params)
    except SaidNo as no:
        if no.code in reading.quirks.codes.order_absent:
            return None
        if no.code in way.not_served:
            return _NotServed(no.code)
        raise
    return understood(reading, "order", _own_order, reading, reply, way, symbol, client_id)


def _own_order(reading: Reading, reply: object, way: LookUp, symbol: str, client_id: str) -> Order | None:
    row = translate.first_row(_ours(reply, way, client_id), way.rows, of_list=way.of_list or way.ours is not None)
    if row is None:
        return None
    translate.check_market({"info": row}, reading.markets.market_id(symbol))
    found = order_of(reading, reading.parse("parse_order", row, symbol))
    if found.client_id != client_id or found.symbol != symbol:
        raise Unreadable("the answer describes another order than the one asked for")
    return found


def _ours(reply: object, way: LookUp, client_id: str) -> object:
    """Of a list of anybody's orders those under our id; any other answer as it is."""
    if way.ours is None:
        return reply
    if not isinstance(reply, list) or not all(isinstance(row, Mapping) for row in reply):
        raise Unreadable("a list of orders was due")
    return [row for row in reply if found_at(row, way.ours) == client_id]


async def named_orders(reading: Reading, symbol: str) -> tuple[NamedOrder, ...]:
    """Names and times of the newest orders in one symbol. Raises: Unavailable where the venue lists none."""
    table = speech_of(reading).orders
    way = table.named
    if way is None or way.ours is None:
        raise Unavailable(f"{reading.venue} is not asked for past orders here.")
    reply = await reading.calls.read(way.call, translate.filled_in(way.params, reading.facts(symbol, "")))
    listed = understood(reading, "past orders", rows, (found_at(reply, way.rows) if way.rows else reply) or [])
    names = ((found_at(row, way.ours), found_at(row, table.named_at)) for row in listed)
    return tuple(
        NamedOrder(
            venue=reading.venue,
            symbol=symbol,
            client_id=str(name),
            at=understood(reading, "past order", moment_of, at, table.named_at),
        )
        for name, at in names
        if name
    )
