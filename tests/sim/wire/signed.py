"""A hand-made client for the codec: signs as Binance's manual says, without the client library."""

import hmac
import json
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from bot.sim.wire.binance import handle
from bot.sim.wire.exchange import Exchange
from bot.sim.wire.numbers import milliseconds
from bot.sim.wire.request import WireReply, WireRequest
from tests.testnet.world import KEY, SECRET


def host_of(path: str) -> str:
    first = path.split("/")[1]
    return f"{first}.binance.com" if first in ("fapi", "dapi") else "api.binance.com"


def signed(exchange: Exchange, method: str, path: str, **values: Any) -> WireRequest:
    """A request that passes every check unless the values say otherwise."""
    key, secret = values.pop("key", KEY), values.pop("secret", SECRET)
    host = values.pop("host", host_of(path))
    text = urlencode({"timestamp": milliseconds(exchange.now), **values})
    text += "&signature=" + hmac.new(secret.encode(), text.encode(), sha256).hexdigest()
    in_body = method in ("POST", "PUT")
    return WireRequest(
        method=method,
        host=host,
        path=path,
        query="" if in_body else text,
        body=text if in_body else "",
        headers={"x-mbx-apikey": key},
    )


def ask(exchange: Exchange, method: str, path: str, **values: Any) -> Any:
    """The JSON of a successful signed request."""
    reply = handle(signed(exchange, method, path, **values), exchange)
    assert reply.status == 200, reply.body
    return json.loads(reply.body)


def look(exchange: Exchange, path: str, query: str = "") -> WireReply:
    """The reply to a public request."""
    return handle(WireRequest(method="GET", host=host_of(path), path=path, query=query), exchange)


def refusal(reply: WireReply) -> tuple[int, int]:
    """Status and code of an error reply."""
    return reply.status, json.loads(reply.body)["code"]


def order(exchange: Exchange, **values: Any) -> WireReply:
    """Send a futures order: a market sale of 0.01 BTC unless the values say otherwise; None leaves a parameter out."""
    path = values.pop("path", "/fapi/v1/order")
    asked = {"symbol": "BTCUSDT", "side": "SELL", "type": "MARKET", "quantity": "0.01", **values}
    sent = {name: value for name, value in asked.items() if value is not None}
    return handle(signed(exchange, "POST", path, **sent), exchange)
