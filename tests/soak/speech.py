"""What a request asks for and when an answer asks for silence, in every venue's language: the judge's own reading.

Written from the venues' manuals (and from what the real clients were seen to send), never from the bot or from the
simulated exchange. What is no known question and no known wish is a wish of the kind "unknown", which nobody may send.
"""

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

VENUES = ("binance", "bybit", "bingx", "weex", "mexc")
# Coins per contract, as the soak's market lists them; BTC as MEXC does.
MEXC_CONTRACTS = {"BTC": Decimal("0.0001"), "ETH": Decimal("0.001"), "SOL": Decimal("0.01")}
# Dollars per contract of the exchange's book; Bybit's coin-margined quantities are the dollars themselves.
FACES = {"BTC": Decimal(100), "ETH": Decimal(10)}
# The questions a trade rests on. Protection rests on the first two and on the mark alone.
ACCOUNT = ("margin", "positions", "spot", "open-orders")
OF_SYMBOL = ("mark", "book", "settings")
READS_BY_POST = frozenset({
    "/sapi/v1/asset/get-funding-asset", "/sapi/v3/asset/getUserAsset", "/capi/v3/account/income",
})  # fmt: skip
UNTIL_BINGX = re.compile(rb"(?:unblocked after|retry after time:) ?(\d{13})")
ROW_NAME = re.compile(r'"symbol": ?"([^"]+)"')
SHUT_OUT = timedelta(minutes=10)  # a 403 of a firewall names no end; Bybit's manual says ten minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a request is about.

    `kind`: read, order, cancel, transfer, leverage, margin-mode, unknown; `topics` are the questions a read asks.
    `symbol` is the contract as the exchange's book names it; `closes` whether an order can only make a position
    smaller, `at_once` whether it is a limit order that never rests. Units: `amount` as in the book, coins or contracts.
    """

    kind: str = "read"
    topics: frozenset[str] = frozenset()
    symbol: str = ""
    client_id: str = ""
    side: str = ""
    amount: Decimal = Decimal(0)
    price: Decimal = Decimal(0)
    closes: bool = False
    at_once: bool = False
    spot: bool = False


Words = Mapping[str, Any]
Writes = Mapping[tuple[str, str], Callable[[Words, str], Asked]]


def is_write(method: str, path: str) -> bool:
    """Whether a request may change the account."""
    return method != "GET" and path not in READS_BY_POST


def understood(venue: str, method: str, path: str, query: str, body: str) -> Asked:
    """What a request asks for, in words of no venue."""
    if not is_write(method, path):
        return _question(venue, path, _symbol_in(query)) if venue != "bybit" else _question_bybit(path, query)
    reading = _WRITES[venue].get((method, path))
    if reading is None:
        return Asked(kind="unknown")
    return reading(_words(query, body), path)


def silence_until(venue: str, status: int, headers: Mapping[str, str], body: bytes, at: datetime) -> datetime | None:
    """Until when an answer asks to be left alone, None when it does not ask.

    Source: Binance "Limits" and MEXC spot: Retry-After; Bybit "Rate Limit": a header, and ten minutes after a 403;
    BingX: a millisecond in the message; WEEX and MEXC do not say for how long their firewall shuts out.
    """
    if status in (418, 429) and headers.get("Retry-After", "").isdecimal():
        return at + timedelta(seconds=int(headers["Retry-After"]))
    if venue == "bingx" and (found := UNTIL_BINGX.search(body)):
        return _instant(found[1].decode())
    if venue == "bybit" and b'"retCode":10006' in body and "X-Bapi-Limit-Reset-Timestamp" in headers:
        return _instant(headers["X-Bapi-Limit-Reset-Timestamp"])
    if status == 403 and venue in ("bybit", "weex", "mexc"):
        return at + SHUT_OUT
    return None


def _instant(text: str) -> datetime:
    return datetime.fromtimestamp(int(text) / 1000, UTC)


# names --------------------------------------------------------------------------------------------------------------


def book_name(name: str) -> str:
    """BTCUSDT for BTC-USDT and BTC_USDT, BTCUSDT_260327 for BTCUSDT-27MAR26; BTCUSD_PERP stays."""
    pair, dash, rest = name.partition("-")
    if dash and rest[:1].isdigit():
        with suppress(ValueError):
            return f"{pair}_{datetime.strptime(rest, '%d%b%y').replace(tzinfo=UTC):%y%m%d}"
    if dash:
        return pair + rest
    head, line, tail = name.partition("_")
    return head + tail if line and tail in ("USDT", "USDC", "USD") else name


def _symbol_in(query: str) -> str:
    for part in query.split("&"):
        if part.startswith("symbol="):
            return part[7:]
    return ""


def _words(query: str, body: str) -> Words:
    found: dict[str, Any] = dict(parse_qsl(query))
    if body[:1] in ("{", "["):
        content: Any = json.loads(body)
        if isinstance(content, list):
            content = content[0] if len(content) == 1 and isinstance(content[0], dict) else {}
        found.update(content)
        return found
    return found | dict(parse_qsl(body))


def _number(words: Words, name: str) -> Decimal:
    try:
        return Decimal(str(words.get(name, "0")))
    except InvalidOperation:
        return Decimal("NaN")


def _said_yes(words: Words, name: str) -> bool:
    return str(words.get(name, "")).lower() == "true"


def told_of(body: str) -> frozenset[str]:
    """Which contracts an answer has a row of, dated ones among them, as the exchange's book names them."""
    names = (book_name(name) for name in ROW_NAME.findall(body))
    return frozenset(f"{name}_PERP" if name.endswith("USD") else name for name in names)  # Bybit's coin-margined ones


# wishes -------------------------------------------------------------------------------------------------------------


def _order(words: Words, path: str) -> Asked:
    """Binance and WEEX, whose words differ by the side of the position alone."""
    side = str(words.get("side", "")).lower()
    leg = str(words.get("positionSide", ""))
    weex = path.startswith("/capi/")
    return Asked(
        kind="order",
        symbol=str(words.get("symbol", "")),
        client_id=str(words.get("newClientOrderId", "")),
        side=side,
        amount=_number(words, "quantity"),
        price=_number(words, "price"),
        # at WEEX the two sides decide: a purchase on the long side opens a long
        closes=(side, leg) in (("buy", "SHORT"), ("sell", "LONG")) if weex else _said_yes(words, "reduceOnly"),
        at_once=words.get("type") == "LIMIT" and words.get("timeInForce") == "IOC" and "price" in words,
        spot=path.startswith("/api/v3/"),
    )


def _order_bybit(words: Words, _: str) -> Asked:
    inverse = words.get("category") == "inverse"
    name = str(words.get("symbol", ""))
    amount = _number(words, "qty")
    return Asked(
        kind="order",
        symbol=f"{name}_PERP" if inverse else book_name(name),
        client_id=str(words.get("orderLinkId", "")),
        side=str(words.get("side", "")).lower(),
        amount=amount / FACES.get(name.removesuffix("USD"), Decimal(1)) if inverse else amount,
        price=_number(words, "price"),
        closes=_said_yes(words, "reduceOnly"),
        at_once=words.get("orderType") == "Limit" and words.get("timeInForce") == "IOC" and "price" in words,
        spot=words.get("category") == "spot",
    )


def _order_bingx(words: Words, path: str) -> Asked:
    return Asked(
        kind="order",
        symbol=book_name(str(words.get("symbol", ""))),
        client_id=str(words.get("clientOrderID", "")),
        side=str(words.get("side", "")).lower(),
        amount=_number(words, "quantity"),
        price=_number(words, "price"),
        closes=_said_yes(words, "reduceOnly"),
        at_once=words.get("type") == "LIMIT" and words.get("timeInForce") == "IOC" and "price" in words,
        spot="/spot/" in path,
    )


def _order_mexc(words: Words, _: str) -> Asked:
    """1 opens a long, 2 closes a short, 3 opens a short, 4 closes a long; type 3 is immediate or cancel."""
    name = str(words.get("symbol", ""))
    direction = words.get("side")
    return Asked(
        kind="order",
        symbol=book_name(name),
        client_id=str(words.get("externalOid", "")),
        side="buy" if direction in (1, 2) else "sell",
        amount=_number(words, "vol") * MEXC_CONTRACTS.get(name.partition("_")[0], Decimal(1)),
        price=_number(words, "price"),
        closes=direction in (2, 4) or _said_yes(words, "reduceOnly"),
        at_once=words.get("type") == 3 and "price" in words,
    )


def _about(kind: str) -> Callable[[Words, str], Asked]:
    def read(words: Words, _: str) -> Asked:
        own = next((str(words[name]) for name in _OWN_IDS if words.get(name)), "")
        name = book_name(str(words.get("symbol", "")))
        inverse = words.get("category") == "inverse"
        return Asked(
            kind=kind,
            symbol=f"{name}_PERP" if inverse else name,
            client_id=own,
            amount=_number(words, "amount"),
        )

    return read


_OWN_IDS = ("origClientOrderId", "orderLinkId", "clientOrderId", "clientOrderID", "externalOid")
_BINGX, _PRIVATE = "/openApi/swap/v2/trade", "/api/v1/private"
_WRITES: dict[str, Writes] = {
    "binance": {
        ("POST", "/api/v3/order"): _order,
        **{
            wish: reading
            for family in ("/fapi/v1", "/dapi/v1")
            for wish, reading in {
                ("POST", f"{family}/order"): _order,
                ("DELETE", f"{family}/order"): _about("cancel"),
                ("DELETE", f"{family}/allOpenOrders"): _about("cancel"),
                ("POST", f"{family}/leverage"): _about("leverage"),
                ("POST", f"{family}/marginType"): _about("margin-mode"),
            }.items()
        },
        ("POST", "/sapi/v1/asset/transfer"): _about("transfer"),
    },
    "bybit": {
        ("POST", "/v5/order/create"): _order_bybit,
        ("POST", "/v5/order/cancel"): _about("cancel"),
        ("POST", "/v5/order/cancel-all"): _about("cancel"),
        ("POST", "/v5/position/set-leverage"): _about("leverage"),
        ("POST", "/v5/account/set-margin-mode"): _about("margin-mode"),
        ("POST", "/v5/asset/transfer/inter-transfer"): _about("transfer"),
    },
    "bingx": {
        ("POST", f"{_BINGX}/order"): _order_bingx,
        ("POST", "/openApi/spot/v1/trade/order"): _order_bingx,
        ("DELETE", f"{_BINGX}/order"): _about("cancel"),
        ("DELETE", f"{_BINGX}/allOpenOrders"): _about("cancel"),
        ("POST", f"{_BINGX}/leverage"): _about("leverage"),
        ("POST", f"{_BINGX}/marginType"): _about("margin-mode"),
        ("POST", "/openApi/api/asset/v1/transfer"): _about("transfer"),
    },
    "weex": {
        ("POST", "/capi/v3/order"): _order,
        ("POST", "/api/v3/order"): _order,
        ("DELETE", "/capi/v3/order"): _about("cancel"),
        ("DELETE", "/capi/v3/allOpenOrders"): _about("cancel"),
        ("POST", "/capi/v3/account/leverage"): _about("leverage"),
        ("POST", "/capi/v3/account/marginType"): _about("margin-mode"),
    },
    "mexc": {
        ("POST", f"{_PRIVATE}/order/create"): _order_mexc,
        ("POST", "/api/v3/order"): _order,
        ("POST", f"{_PRIVATE}/order/cancel"): _about("cancel"),
        ("POST", f"{_PRIVATE}/order/cancel_with_external"): _about("cancel"),
        ("POST", f"{_PRIVATE}/order/cancel_all"): _about("cancel"),
        # leverage and margin mode are one wish here; a row for either allows it
        ("POST", f"{_PRIVATE}/position/change_leverage"): _about("leverage"),
        ("POST", "/api/v3/capital/transfer"): _about("transfer"),
    },
}


# questions ----------------------------------------------------------------------------------------------------------

# Which questions a page answers; a page whose name ends in "/" carries the symbol behind it.
_READS: dict[str, dict[str, tuple[str, ...]]] = {
    "binance": {
        "/api/v3/account": ("spot",),
        **{f"{family}/openOrders": ("open-orders",) for family in ("/fapi/v1", "/dapi/v1")},
        **{f"{family}/premiumIndex": ("mark",) for family in ("/fapi/v1", "/dapi/v1")},
        **{f"{family}/depth": ("book",) for family in ("/fapi/v1", "/dapi/v1")},
        "/fapi/v1/symbolConfig": ("settings",),
        "/fapi/v3/account": ("margin",),
        "/fapi/v3/positionRisk": ("positions",),
        "/dapi/v1/account": ("margin",),
        "/dapi/v1/positionRisk": ("positions", "settings"),
    },
    "bybit": {
        "/v5/account/wallet-balance": ("spot", "margin"),
        "/v5/position/list": ("positions",),
        "/v5/order/realtime": ("open-orders",),
        "/v5/market/tickers": ("mark",),
        "/v5/market/orderbook": ("book",),
    },
    "bingx": {
        "/openApi/spot/v1/account/balance": ("spot",),
        "/openApi/swap/v3/user/balance": ("margin",),
        "/openApi/swap/v2/user/positions": ("positions",),
        f"{_BINGX}/openOrders": ("open-orders",),
        "/openApi/swap/v2/quote/premiumIndex": ("mark",),
        "/openApi/swap/v2/quote/depth": ("book",),
        f"{_BINGX}/leverage": ("settings",),
    },
    "weex": {
        "/api/v3/account/": ("spot",),
        "/capi/v3/account/balance": ("margin",),
        "/capi/v3/account/position/allPosition": ("positions",),
        "/capi/v3/openOrders": ("open-orders",),
        "/capi/v3/market/premiumIndex": ("mark",),
        "/capi/v3/market/depth": ("book",),
        "/capi/v3/account/symbolConfig": ("settings",),
    },
    "mexc": {
        "/api/v3/account": ("spot",),
        f"{_PRIVATE}/account/assets": ("margin",),
        f"{_PRIVATE}/position/open_positions": ("positions",),
        f"{_PRIVATE}/order/list/open_orders": ("open-orders",),
        "/api/v1/contract/ticker": ("mark",),
        "/api/v1/contract/depth/": ("book",),
        f"{_PRIVATE}/position/leverage": ("settings",),
    },
}  # fmt: skip


def _question_bybit(path: str, query: str) -> Asked:
    """Three of its pages answer other questions by what stands behind the question mark."""
    asked = _question("bybit", path, _symbol_in(query))
    if "category=spot" in query or "orderLinkId=" in query:
        return Asked()
    if path == "/v5/position/list":  # flat contracts are told only to those who ask for one by name
        return Asked(topics=frozenset({"settings" if asked.symbol else "positions"}), symbol=asked.symbol)
    return asked


@lru_cache(maxsize=4096)
def _question(venue: str, path: str, symbol: str) -> Asked:
    pages = _READS[venue]
    topics = pages.get(path)
    if topics is None:
        page, slash, name = path.rpartition("/")
        topics, symbol = pages.get(page + slash, ()) if name else (), name
    return Asked(topics=frozenset(topics), symbol=book_name(symbol)) if topics else Asked()
