"""WEEX's replies gone wrong: its words for an unknown outcome, distorted marks, views that lag."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from bot.sim.faults import Effect
from bot.sim.wire.lasting import LastingEffects
from bot.sim.wire.numbers import plain
from bot.sim.wire.request import WireReply, WireRequest
from bot.sim.wire.rubbish import rubbish
from bot.sim.wire.weex_call import Parameters

_CODES: dict[str, tuple[int, int, str]] = {
    "code_1007": (400, -1054, "System error, please retry later."),
    "code_1006": (400, -1000, "An unknown error occurred."),
    "code_1001": (500, -1054, "System error, please retry later."),
    "code_1021": (400, -1046, "Request timestamp expired."),
    "code_new": (400, -9999, "A condition nobody has documented yet."),
    "code_503": (503, -1000, "An unknown error occurred."),
    "code_busy": (400, -1054, "System error, please retry later."),
    "code_order_rate": (429, -1003, "Too many requests."),
    "code_restricted": (400, -1058, "No permission for this trading pair."),
    "code_key": (401, -1044, "Invalid ACCESS_KEY."),
    "code_address": (401, -1056, "Invalid IP request."),
    "code_maintenance": (503, -1054, "System maintenance, please retry later."),
}
_POSITIONS = frozenset({f"/capi/v3/account/position/{page}" for page in ("allPosition", "singlePosition")})
_LAGGING = _POSITIONS | {"/capi/v3/account/balance"}
_ORDERS = {"/capi/v3/order": -3200, "/api/v3/order": -2200}
_LISTS = frozenset({"/capi/v3/openOrders", "/capi/v3/order/history", "/api/v3/openOrders", "/api/v3/allOrders"})
Rows = list[dict[str, Any]]


def replacement(name: str, whole: WireReply | None) -> WireReply:
    """The reply a fault sends in place of the true one; `whole` is the true one when the request was carried out."""
    if name in _CODES:
        status, code, message = _CODES[name]
        return WireReply(status=status, body=json.dumps({"code": code, "msg": message}).encode())
    elsewhere = "https://elsewhere.example/capi/v3/order"
    return rubbish(name, whole, elsewhere=elsewhere, acknowledged=b'{"orderId":"737185556881998184","clientOrderId":"')


class Tampering(LastingEffects):
    """Distorts true replies, and remembers what keeps being distorted: old positions, orders not yet visible."""

    def seen(self, request: WireRequest, reply: WireReply, now: datetime) -> WireReply:
        """The reply as lasting effects let it through."""
        if request.method != "GET" or not reply.succeeded:
            return reply
        if request.path in _LAGGING:
            return self._position_view(request, reply, now)
        hidden = self.hidden_at(now)
        if hidden and request.path in _ORDERS and json.loads(reply.body).get("clientOrderId") in hidden:
            content = {"code": _ORDERS[request.path], "msg": "Order does not exist."}
            return WireReply(status=400, body=json.dumps(content).encode())
        if hidden and request.path in _LISTS:
            rows = [row for row in json.loads(reply.body) if row["clientOrderId"] not in hidden]
            return WireReply(body=json.dumps(rows).encode(), headers=reply.headers)
        return reply

    def _position_view(self, request: WireRequest, reply: WireReply, now: datetime) -> WireReply:
        key = (request.path, Parameters(request.query).optional("symbol") or "")
        return self.as_shown(key, reply, now)

    def distorted(self, request: WireRequest, reply: WireReply, effect: Effect, now: datetime) -> WireReply:
        """The reply under one fault of kind `distorted`; errors pass unchanged."""
        del request
        content = json.loads(reply.body) if reply.succeeded else None
        if content is None or (isinstance(content, dict) and content.get("errorCode")):
            return reply
        until = now + timedelta(seconds=effect.span_s)
        if effect.name == "old_positions":
            self.freeze_positions(until)
        elif effect.name == "order_invisible":
            self.hide_order(str(content.get("clientOrderId")), until)
        elif isinstance(content, list):
            changed = _CHANGES[effect.name](content, effect)
            return WireReply(body=json.dumps(changed).encode(), headers=reply.headers)
        return reply


def _stale(rows: Rows, effect: Effect) -> Rows:
    return [
        {
            **row,
            "time": row["time"] - int(effect.span_s * 1000),
            "markPrice": plain(Decimal(row["markPrice"]) * Decimal("1.01")),
        }
        for row in rows
    ]


_CHANGES: dict[str, Callable[[Rows, Effect], Rows]] = {
    "stale_mark": _stale,
    "zero_mark": lambda rows, _: [{**row, "markPrice": "0"} for row in rows],
    "nan_mark": lambda rows, _: [{**row, "markPrice": "NaN"} for row in rows],
    "missing_row": lambda rows, _: rows[1:],
    "empty_positions": lambda _, __: [],
    "duplicate_trades": lambda rows, _: rows + rows[-1:],
}
