"""Replies gone wrong: errors of front servers, rubbish with status 200, distorted marks, views that lag."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

from bot.sim.faults import Effect
from bot.sim.wire.binance_call import Parameters
from bot.sim.wire.lasting import LastingEffects
from bot.sim.wire.numbers import text
from bot.sim.wire.request import WireReply, WireRequest
from bot.sim.wire.rubbish import rubbish

_CODES: dict[str, tuple[int, int, str]] = {
    "code_1007": (
        408,
        -1007,
        "Timeout waiting for response from backend server. Send status unknown; execution status unknown.",
    ),
    "code_1006": (400, -1006, "An unexpected response was received from the message bus. Execution status unknown."),
    "code_1001": (400, -1001, "Internal error; unable to process your request. Please try again."),
    "code_1021": (400, -1021, "Timestamp for this request is outside of the recvWindow."),
    "code_new": (400, -9999, "A condition nobody has documented yet."),
    "code_503": (503, -1000, "Unknown error, please check your request or try again later."),
    "code_busy": (400, -1008, "Request throttled by system-level protection."),
    "code_order_rate": (429, -1015, "Too many new orders; current limit is 300 orders per TEN_SECONDS."),
    "code_restricted": (400, -4192, "Trade forbidden due to Cooling-off Period."),
    "code_key": (401, -2015, "Invalid API-key, IP, or permissions for action."),
    "code_address": (401, -2015, "Invalid API-key, IP, or permissions for action, request ip: 192.0.2.1"),
    "code_maintenance": (503, -1016, "This service is no longer available."),
}
_POSITION_PATHS = frozenset(
    {
        "/fapi/v2/positionRisk",
        "/fapi/v3/positionRisk",
        "/fapi/v2/account",
        "/fapi/v3/account",
        "/fapi/v3/balance",
        "/dapi/v1/positionRisk",
        "/dapi/v1/account",
        "/dapi/v1/balance",
    }
)
_ORDER_PATHS = frozenset({"/fapi/v1/order", "/api/v3/order", "/dapi/v1/order"})
_OPEN_PATHS = frozenset(
    f"/{api}/{page}" for api in ("fapi/v1", "dapi/v1", "api/v3") for page in ("openOrders", "allOrders")
)
_NOT_FOUND = json.dumps({"code": -2013, "msg": "Order does not exist."}).encode()


def replacement(name: str, whole: WireReply | None) -> WireReply:
    """The reply a fault sends in place of the true one; `whole` is the true one when the request was carried out."""
    if name in _CODES:
        status, code, message = _CODES[name]
        return WireReply(status=status, body=json.dumps({"code": code, "msg": message}).encode())
    return rubbish(
        name,
        whole,
        elsewhere="https://elsewhere.example/fapi/v1/order",
        acknowledged=b'{"orderId":1,"symbol":"BTCUSDT","status":"NEW","clientOrderId":"',
    )


class Tampering(LastingEffects):
    """Distorts true replies, and remembers what keeps being distorted: old positions, orders not yet visible."""

    def seen(self, request: WireRequest, reply: WireReply, now: datetime) -> WireReply:
        """The reply as lasting effects let it through."""
        if request.method != "GET" or not reply.succeeded:
            return reply
        if request.path in _POSITION_PATHS:
            return self._position_view(request, reply, now)
        hidden = self.hidden_at(now)
        if hidden and request.path in _ORDER_PATHS:
            row = json.loads(reply.body)
            return WireReply(status=400, body=_NOT_FOUND) if row["clientOrderId"] in hidden else reply
        if hidden and request.path in _OPEN_PATHS:
            rows = [row for row in json.loads(reply.body) if row["clientOrderId"] not in hidden]
            return WireReply(body=json.dumps(rows).encode(), headers=reply.headers)
        return reply

    def _position_view(self, request: WireRequest, reply: WireReply, now: datetime) -> WireReply:
        key = (request.path, Parameters(request.query).optional("symbol") or "")
        return self.as_shown(key, reply, now)

    def distorted(self, request: WireRequest, reply: WireReply, effect: Effect, now: datetime) -> WireReply:
        """The reply under one fault of kind `distorted`; errors pass unchanged."""
        if not reply.succeeded:
            return reply
        until = now + timedelta(seconds=effect.span_s)
        if effect.name == "old_positions":
            self.freeze_positions(until)
        elif effect.name == "order_invisible":
            self.hide_order(str(json.loads(reply.body).get("clientOrderId")), until)
        elif effect.name == "empty_positions":
            return WireReply(body=b"[]", headers=reply.headers)
        else:
            content = _ROW_CHANGES[effect.name](json.loads(reply.body), effect)
            return WireReply(body=json.dumps(content).encode(), headers=reply.headers)
        return reply


Rows = list[dict[str, object]]


def _each(content: object, change: Callable[[dict[str, object]], None]) -> object:
    for row in content if isinstance(content, list) else [content]:
        if isinstance(row, dict):
            change(row)
    return content


def _stale(content: object, effect: Effect) -> object:
    def change(row: dict[str, object]) -> None:
        row["time"] = int(str(row["time"])) - int(effect.span_s * 1000)
        row["markPrice"] = text(Decimal(str(row["markPrice"])) * Decimal("1.01"))

    return _each(content, change)


def _zero(content: object, _: Effect) -> object:
    return _each(content, lambda row: row.update(markPrice="0.00000000"))


def _not_a_number(content: object, _: Effect) -> object:
    return _each(content, lambda row: row.update(markPrice="NaN"))


def _missing(content: object, _: Effect) -> object:
    return content[1:] if isinstance(content, list) else {}


def _twice(content: object, _: Effect) -> object:
    return content + content[-1:] if isinstance(content, list) else content


_ROW_CHANGES: dict[str, Callable[[object, Effect], object]] = {
    "stale_mark": _stale,
    "zero_mark": _zero,
    "nan_mark": _not_a_number,
    "missing_row": _missing,
    "duplicate_trades": _twice,
}
