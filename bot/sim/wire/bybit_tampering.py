"""Bybit's replies gone wrong: its codes for an unknown outcome, distorted marks, views that lag."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

from bot.sim.faults import Effect
from bot.sim.wire.lasting import LastingEffects
from bot.sim.wire.numbers import text
from bot.sim.wire.request import WireReply, WireRequest
from bot.sim.wire.rubbish import rubbish

_CODES: dict[str, tuple[int, str]] = {
    "code_1007": (10000, "Server Timeout"),
    "code_1006": (10016, "Internal System Error."),
    "code_1001": (10016, "Service is restarting"),
    "code_1021": (10002, "invalid request, please check your server timestamp or recv_window param."),
    "code_new": (119999, "A condition nobody has documented yet."),
    "code_503": (10016, "Internal System Error, please try again later."),
    "code_busy": (10018, "Exceeded the IP Rate Limit."),
    "code_order_rate": (10006, "Too many visits. Exceeded the API Rate Limit."),
    "code_restricted": (10024, "Compliance rules triggered"),
    "code_key": (10003, "API key is invalid."),
    "code_address": (10010, "Unmatched IP, please check your API key's bound IP addresses."),
    "code_maintenance": (10016, "Service is restarting, please try again later."),
}
_POSITIONS = "/v5/position/list"
_LAGGING = frozenset({_POSITIONS, "/v5/account/wallet-balance"})
_ORDERS = frozenset({"/v5/order/realtime", "/v5/order/history"})
_ACKNOWLEDGED = b'{"retCode":0,"retMsg":"OK","result":{"orderId":"00000001-0000-4000-8000-000000000001","orderLink'
Rows = list[dict[str, Any]]


def replacement(name: str, whole: WireReply | None) -> WireReply:
    """The reply a fault sends in place of the true one; `whole` is the true one when the request was carried out."""
    if name in _CODES:
        code, message = _CODES[name]
        content = {"retCode": code, "retMsg": message, "result": {}, "retExtInfo": {}, "time": 1741003200000}
        return WireReply(body=json.dumps(content).encode())
    elsewhere = "https://elsewhere.example/v5/order/create"
    return rubbish(name, whole, elsewhere=elsewhere, acknowledged=_ACKNOWLEDGED)


class Tampering(LastingEffects):
    """Distorts true replies, and remembers what keeps being distorted: old positions, orders not yet visible."""

    def seen(self, request: WireRequest, reply: WireReply, now: datetime) -> WireReply:
        """The reply as lasting effects let it through."""
        if request.method != "GET" or not _good(reply):
            return reply
        if request.path in _LAGGING:
            return self._position_view(request, reply, now)
        hidden = self.hidden_at(now)
        if hidden and request.path in _ORDERS:
            return _changed(reply, lambda rows: [row for row in rows if row.get("orderLinkId") not in hidden])
        return reply

    def _position_view(self, request: WireRequest, reply: WireReply, now: datetime) -> WireReply:
        asked = parse_qs(request.query)
        key = " ".join([request.path, *asked.get("symbol", []), *asked.get("settleCoin", [])])
        return self.as_shown(key, reply, now)

    def distorted(self, request: WireRequest, reply: WireReply, effect: Effect, now: datetime) -> WireReply:
        """The reply under one fault of kind `distorted`; errors pass unchanged."""
        if not _good(reply):
            return reply
        until = now + timedelta(seconds=effect.span_s)
        if effect.name == "old_positions":
            self.freeze_positions(until)
        elif effect.name == "order_invisible":
            self.hide_order(str(_result(reply).get("orderLinkId")), until)
        elif effect.name == "empty_positions":
            return _changed(reply, lambda _: [])
        elif effect.name == "stale_mark":
            return _older(_changed(reply, _shifted), int(effect.span_s * 1000))
        else:
            return _changed(reply, _ROW_CHANGES[effect.name])
        return reply


def _good(reply: WireReply) -> bool:
    return reply.succeeded and json.loads(reply.body).get("retCode") == 0


def _result(reply: WireReply) -> dict[str, Any]:
    found = json.loads(reply.body)["result"]
    return found if isinstance(found, dict) else {}


def _changed(reply: WireReply, change: Callable[[Rows], Rows]) -> WireReply:
    content = json.loads(reply.body)
    rows = content["result"].get("list")
    if isinstance(rows, list):
        content["result"]["list"] = change(rows)
    return WireReply(body=json.dumps(content).encode(), headers=reply.headers)


def _older(reply: WireReply, by_ms: int) -> WireReply:
    content = json.loads(reply.body)
    content["time"] -= by_ms
    return WireReply(body=json.dumps(content).encode(), headers=reply.headers)


def _shifted(rows: Rows) -> Rows:
    return [
        row | {"markPrice": text(Decimal(str(row["markPrice"])) * Decimal("1.01"))} if "markPrice" in row else row
        for row in rows
    ]


def _marked(mark: str) -> Callable[[Rows], Rows]:
    return lambda rows: [row | {"markPrice": mark} if "markPrice" in row else row for row in rows]


_ROW_CHANGES: dict[str, Callable[[Rows], Rows]] = {
    "zero_mark": _marked("0.00"),
    "nan_mark": _marked("NaN"),
    "missing_row": lambda rows: rows[1:],
    "duplicate_trades": lambda rows: rows + rows[-1:],
}
