"""True answers made untrue in ways every venue's language knows: prices, books, sides, balances, market tables.

Venues call things by a few names only, so one reading of names serves all of them; which request a distortion can meet
is said by the scope of its fault.
"""

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from bot.sim.wire.request import WireReply

Row = dict[str, Any]
_MARKS = ("markPrice", "fairPrice")
_INDEXES = ("indexPrice",)
_BIDS, _ASKS = ("bids", "b", "bidsCoin"), ("asks", "a", "asksCoin")
_SIZES = ("positionAmt", "size", "holdVol")
_SIDES = ("positionSide", "side", "positionType")
_HOLDINGS = ("balances", "balance", "coin", "assets")
_AMOUNTS = ("free", "walletBalance", "availableBalance", "balance")
_ORDER_IDS = ("orderId", "orderID")
_OWN_IDS = ("clientOrderId", "clientOrderID", "orderLinkId", "externalOid")
_ACKNOWLEDGED = {"status": "NEW", "executedQty": "0", "cumQty": "0", "cumQuote": "0", "avgPrice": "0.00"}
_TABLES = ("symbols", "list", "data")
_ELSEWHERE = {"BTC": "ETH", "ETH": "BTC", "SOL": "ETH"}
_DOLLARS = frozenset({"USDT", "USDC"})
_NO_SUCCESS = 400
_DONE = frozenset({"", "0", "200"})


def distort(name: str, reply: WireReply) -> WireReply:
    """The reply under one distortion; what is no JSON, or holds nothing to distort, passes unchanged."""
    try:
        content, told = json.loads(reply.body), json.loads(reply.body)
    except ValueError:
        return reply
    for row in list(_rows(content)):
        DISTORTIONS[name](row)
    if name in _OF_LISTS and isinstance(content, list):
        content = _OF_LISTS[name](content)
    if content == told:
        return reply
    return WireReply(status=reply.status, body=json.dumps(content).encode(), headers=reply.headers)


def _rows(content: object) -> Iterator[Row]:
    """Every object in a reply, the outermost first."""
    if isinstance(content, dict):
        yield content
        for value in list(content.values()):
            yield from _rows(value)
    elif isinstance(content, list):
        for value in content:
            yield from _rows(value)


def _set(names: tuple[str, ...], change: Callable[[Any], Any]) -> Callable[[Row], None]:
    def changed(row: Row) -> None:
        for name in names:
            if name in row and not isinstance(row[name], dict | list):
                row[name] = change(row[name])

    return changed


def _times(factor: str) -> Callable[[Any], Any]:
    def change(value: Any) -> Any:
        scaled = Decimal(str(value)) * Decimal(factor)
        return str(scaled) if isinstance(value, str) else float(scaled)

    return change


def _crossed(row: Row) -> None:
    """Best bid above best ask: the two sides change places."""
    for bids, asks in zip(_BIDS, _ASKS, strict=True):
        if isinstance(row.get(bids), list) and isinstance(row.get(asks), list):
            row[bids], row[asks] = row[asks], row[bids]


def _sides(change: Callable[[list[Any]], list[Any]]) -> Callable[[Row], None]:
    def changed(row: Row) -> None:
        for name in (*_BIDS, *_ASKS):
            if isinstance(row.get(name), list):
                row[name] = change(row[name])

    return changed


def _unpriced(levels: list[Any]) -> list[Any]:
    return [["0", *level[1:]] if isinstance(level, list) else level for level in levels]


def _renamed(row: Row) -> None:
    symbol = row.get("symbol")
    if isinstance(symbol, str):
        for coin, other in _ELSEWHERE.items():
            if symbol.startswith(coin):
                row["symbol"] = other + symbol.removeprefix(coin)
                return


def _no_side(row: Row) -> None:
    if any(name in row for name in _SIZES):
        for name in _SIDES:
            if name in row:
                row[name] = None
        if "positionAmt" in row and "positionSide" not in row:
            row["positionAmt"] = None


def _holdings(change: Callable[[list[Any]], list[Any]]) -> Callable[[Row], None]:
    def changed(row: Row) -> None:
        for name in _HOLDINGS:
            if isinstance(row.get(name), list):
                row[name] = change(row[name])

    return changed


def _hollow(row: Row) -> None:
    for name in _ORDER_IDS:
        if name in row:
            row[name] = ""


def _acknowledged(row: Row) -> None:
    """Taken, nothing traded yet: what an asynchronous venue says before its matching was asked."""
    for name, said in _ACKNOWLEDGED.items():
        if name in row:
            row[name] = said


def own_id(reply: WireReply) -> str:
    """The client id a reply speaks of, empty where it names none."""
    try:
        rows = list(_rows(json.loads(reply.body)))
    except ValueError:
        return ""
    return next((str(row[name]) for row in rows for name in _OWN_IDS if row.get(name)), "")


def says_no(reply: WireReply) -> bool:
    """Whether a reply carries an error: a status that is none of success, or a code in its envelope."""
    try:
        content = json.loads(reply.body)
    except ValueError:
        content = None
    told = content if isinstance(content, dict) else {}
    code = next((told[name] for name in ("retCode", "code", "errorCode") if name in told), "")
    return reply.status >= _NO_SUCCESS or str(code) not in _DONE


def _tables(change: Callable[[list[Any]], list[Any]]) -> Callable[[Row], None]:
    def changed(row: Row) -> None:
        for name in _TABLES:
            if isinstance(row.get(name), list):
                row[name] = change(row[name])

    return changed


def _without_a_coin(rows: list[Any]) -> list[Any]:
    """The first coin that is no stablecoin is gone from the list of markets."""
    first = next((_base(row) for row in rows if _base(row) not in _DOLLARS), "")
    return [row for row in rows if _base(row) != first]


def _base(row: Any) -> str:
    found = next((row[name] for name in ("baseAsset", "baseCoin", "asset") if name in row), "")
    return str(found)


DISTORTIONS: dict[str, Callable[[Row], None]] = {
    "negative_mark": _set(_MARKS, _times("-1")),
    "infinite_mark": _set(_MARKS, lambda _: "Infinity"),
    "endless_mark": _set(_MARKS, lambda _: "1e400"),
    "null_mark": _set(_MARKS, lambda _: None),
    "mark_off": _set(_MARKS, _times("0.65")),
    "thousandth_mark": _set((*_MARKS, *_INDEXES), _times("0.001")),
    "other_symbol": _renamed,
    "crossed_book": _crossed,
    "empty_book": _sides(lambda _: []),
    "book_without_prices": _sides(_unpriced),
    "sideless_positions": _no_side,
    "nan_positions": _set(_SIZES, lambda _: "NaN"),
    "other_positions": _renamed,
    "empty_balances": _holdings(lambda _: []),
    "nan_balances": _set(_AMOUNTS, lambda _: "NaN"),
    "empty_markets": _tables(lambda _: []),
    "partial_markets": _tables(_without_a_coin),
    "hollow_ack": _hollow,
    "ack_only": _acknowledged,
}
_OF_LISTS: dict[str, Callable[[list[Any]], list[Any]]] = {"empty_balances": lambda _: []}
