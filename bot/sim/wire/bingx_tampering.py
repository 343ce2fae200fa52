"""BingX's replies gone wrong: errors inside a 200, rubbish, distorted marks, views that lag."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from bot.sim.faults import Effect
from bot.sim.wire.bingx_call import Parameters
from bot.sim.wire.lasting import LastingEffects
from bot.sim.wire.numbers import plain
from bot.sim.wire.request import WireReply, WireRequest
from bot.sim.wire.rubbish import rubbish

POSITION_PATHS = frozenset({"/openApi/swap/v2/user/positions", "/openApi/swap/v3/user/balance"})
_LISTED = "/openApi/swap/v2/user/positions"
_ORDER_PATHS = frozenset({"/openApi/swap/v2/trade/order", "/openApi/spot/v1/trade/query"})
_OPEN_PATHS = frozenset(
    f"/openApi/{page}" for page in ("swap/v2/trade/openOrders", "swap/v2/trade/allOrders", "swap/v1/trade/fullOrder")
) | {"/openApi/spot/v1/trade/openOrders"}
_FILLS = ("fill_orders", "fill_history_orders")
# 504 and 101500 say in so many words that the order may have been carried out; 100500 says nothing of it.
_CODES: dict[str, tuple[int, int, str]] = {
    "code_1007": (200, 101500, "rpc timeout"),
    "code_1006": (504, 504, "the service center gave no response in time, the status is unknown"),
    "code_1001": (200, 100500, "The current system is busy, please try again later"),
    "code_1021": (200, 109400, "timestamp is invalid"),
    "code_new": (200, 199999, "A condition nobody has documented yet."),
    "code_503": (503, 100503, "server busy, please try again later"),
    "code_busy": (200, 109429, "Too many requests, please try again later"),
    "code_order_rate": (200, 100410, "rate limitation"),
    "code_restricted": (200, 100414, "The account is abnormal, contact the customer service"),
    "code_key": (200, 100413, "Incorrect apiKey"),
    "code_address": (200, 100419, "your current request IP does not match IP whitelist"),
    "code_maintenance": (503, 100503, "System maintenance"),
}
_NOT_FOUND = {"code": 80016, "msg": "order does not exist", "data": {}}


def replacement(name: str, whole: WireReply | None) -> WireReply:
    """The reply a fault sends in place of the true one; `whole` is the true one when the request was carried out."""
    if name in _CODES:
        status, code, message = _CODES[name]
        return WireReply(status=status, body=json.dumps({"code": code, "msg": message, "data": {}}).encode())
    return rubbish(
        name,
        whole,
        elsewhere="https://elsewhere.example/openApi/swap/v2/trade/order",
        acknowledged=b'{"code":0,"msg":"","data":{"order":{"orderId":2100000000000000001,"symbol":"BTC-USDT"}}}',
    )


def _succeeded(reply: WireReply) -> bool:
    """Errors come with status 200 too: only the code inside tells."""
    if not reply.succeeded:
        return False
    content = json.loads(reply.body)
    return isinstance(content, dict) and str(content.get("code", 0)) == "0"


class Tampering(LastingEffects):
    """Distorts true replies, and remembers what keeps being distorted: old positions, orders not yet visible."""

    def seen(self, request: WireRequest, reply: WireReply, now: datetime) -> WireReply:
        """The reply as lasting effects let it through."""
        if request.method != "GET":
            return reply
        if request.path in POSITION_PATHS:
            return self._position_view(request, reply, now)
        hidden = self.hidden_at(now)
        if not hidden or request.path not in _ORDER_PATHS | _OPEN_PATHS or not _succeeded(reply):
            return reply
        content = json.loads(reply.body)
        data = content["data"]
        if request.path in _ORDER_PATHS:
            row = data.get("order", data)
            return _changed(reply, _NOT_FOUND) if _own_id(row) in hidden else reply
        data["orders"] = [row for row in data["orders"] if _own_id(row) not in hidden]
        return _changed(reply, content)

    def _position_view(self, request: WireRequest, reply: WireReply, now: datetime) -> WireReply:
        if not _succeeded(reply):
            return reply
        key = (request.path, Parameters(request.query).optional("symbol") or "")
        return self.as_shown(key, reply, now)

    def distorted(self, request: WireRequest, reply: WireReply, effect: Effect, now: datetime) -> WireReply:
        """The reply under one fault of kind `distorted`; errors pass unchanged."""
        if not _succeeded(reply):
            return reply
        until = now + timedelta(seconds=effect.span_s)
        if effect.name == "old_positions":
            self.freeze_positions(until)
            return reply
        content = json.loads(reply.body)
        data = content.get("data")
        if effect.name == "order_invisible":
            self.hide_order(_own_id(data.get("order", data)), until)
            return reply
        if effect.name == "empty_positions":
            return _changed(reply, {**content, "data": []}) if request.path == _LISTED else reply
        return _changed(reply, {**content, "data": _ROW_CHANGES[effect.name](data, effect)})


def _own_id(row: dict[str, Any]) -> str:
    return str(row.get("clientOrderId") or row.get("clientOrderID") or "")


def _changed(reply: WireReply, content: object) -> WireReply:
    return WireReply(status=reply.status, body=json.dumps(content).encode(), headers=reply.headers)


def _each(data: Any, change: Callable[[dict[str, Any]], None]) -> Any:
    for row in data if isinstance(data, list) else [data]:
        if isinstance(row, dict):
            change(row)
    return data


def _stale(data: Any, effect: Effect) -> Any:
    """The reply bears no time of the mark: an old one looks like any other, only its price gives it away."""
    del effect
    return _each(data, lambda row: row.update(markPrice=plain(Decimal(str(row["markPrice"])) * _OLD)))


def _zero(data: Any, _: Effect) -> Any:
    return _each(data, lambda row: row.update(markPrice="0.0"))


def _not_a_number(data: Any, _: Effect) -> Any:
    return _each(data, lambda row: row.update(markPrice="NaN"))


def _missing(data: Any, _: Effect) -> Any:
    return data[1:] if isinstance(data, list) else {}


def _twice(data: Any, _: Effect) -> Any:
    for name in _FILLS:
        if isinstance(data, dict) and data.get(name):
            data[name].append(data[name][-1])
    return data


_OLD = Decimal("1.03")  # how far the price has come since: so far that the next steps do not make it true by chance
_ROW_CHANGES: dict[str, Callable[[Any, Effect], Any]] = {
    "stale_mark": _stale,
    "zero_mark": _zero,
    "nan_mark": _not_a_number,
    "missing_row": _missing,
    "duplicate_trades": _twice,
}
