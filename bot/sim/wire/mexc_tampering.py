"""Replies gone wrong in MEXC's own words: internal errors in a 200 body, distorted fair prices, views that lag."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from bot.sim.faults import Effect
from bot.sim.wire.lasting import LastingEffects
from bot.sim.wire.mexc_call import Parameters
from bot.sim.wire.request import WireReply, WireRequest
from bot.sim.wire.rubbish import rubbish

_PRIVATE = "/api/v1/private"
# Futures errors come with HTTP 200. None of these says what became of an order.
_CODES: dict[str, tuple[int, str]] = {
    "code_1007": (504, "Gateway Time-out"),
    "code_1006": (501, "System busy, please try again later"),
    "code_1001": (500, "Internal error"),
    "code_1021": (513, "Invalid request(for open api serves time more or less than 10s)"),
    "code_new": (98765, "A condition nobody has documented yet."),
    "code_503": (503, "Service Unavailable"),
    "code_busy": (510, "Excessive frequency of requests"),
    "code_order_rate": (510, "Requests are too frequent, please try again later"),
    "code_restricted": (6001, "Trading forbidden"),
    "code_key": (402, "API Key expired"),
    "code_address": (406, "Access IP not in the IP whitelist"),
    "code_maintenance": (501, "System busy: maintenance"),
}
_POSITION_PATHS = frozenset({f"{_PRIVATE}/position/open_positions", f"{_PRIVATE}/account/assets"})
_EXTERNAL = f"{_PRIVATE}/order/external/"
_LISTS = frozenset({f"{_PRIVATE}/order/list/open_orders", f"{_PRIVATE}/order/list/history_orders"})


def failed(code: int, message: str) -> bytes:
    """The body of a futures error."""
    return json.dumps({"success": False, "code": code, "message": message}, separators=(",", ":")).encode()


_NOT_FOUND = failed(2040, "Order not exist")


def replacement(name: str, whole: WireReply | None) -> WireReply:
    """The reply a fault sends in place of the true one; `whole` is the true one when the request was carried out."""
    if name in _CODES:
        return WireReply(body=failed(*_CODES[name]))
    return rubbish(
        name,
        whole,
        elsewhere="https://elsewhere.example/api/v1/private/order/create",
        acknowledged=b'{"success":true,"code":0,"data":{"orderId":"739113577038255616","ts":1761888808839',
    )


class Tampering(LastingEffects):
    """Distorts true replies, and remembers what keeps being distorted: old positions, orders not yet visible."""

    def seen(self, request: WireRequest, reply: WireReply, now: datetime) -> WireReply:
        """The reply as lasting effects let it through."""
        if request.method != "GET" or not _told(reply):
            return reply
        if request.path in _POSITION_PATHS:
            return self._position_view(request, reply, now)
        hidden = self.hidden_at(now)
        if hidden and request.path.startswith(_EXTERNAL):
            return WireReply(body=_NOT_FOUND) if request.path.rsplit("/", 1)[1] in hidden else reply
        if hidden and request.path in _LISTS:
            rows = [row for row in json.loads(reply.body)["data"] if row["externalOid"] not in hidden]
            return _with(reply, rows)
        return reply

    def _position_view(self, request: WireRequest, reply: WireReply, now: datetime) -> WireReply:
        key = (request.path, request.query)
        return self.as_shown(key, reply, now)

    def distorted(self, request: WireRequest, reply: WireReply, effect: Effect, now: datetime) -> WireReply:
        """The reply under one fault of kind `distorted`; errors pass unchanged."""
        if not _told(reply):
            return reply
        until = now + timedelta(seconds=effect.span_s)
        if effect.name == "old_positions":
            self.freeze_positions(until)
        elif effect.name == "order_invisible":
            self.hide_order(_client_id(request), until)
        elif effect.name == "empty_positions":
            return _with(reply, [])
        else:
            content = json.loads(reply.body)
            framed = isinstance(content, dict) and "success" in content
            changed = _CHANGES[effect.name](content["data"] if framed else content, effect)
            return _with(reply, changed) if framed else WireReply(body=json.dumps(changed).encode())
        return reply


def _told(reply: WireReply) -> bool:
    """Whether the venue did what was asked; the futures interface says no with HTTP 200."""
    return reply.succeeded and not reply.body.startswith(b'{"success":false')


def _with(reply: WireReply, data: object) -> WireReply:
    body = json.dumps({"success": True, "code": 0, "data": data}, separators=(",", ":")).encode()
    return WireReply(body=body, headers=reply.headers)


def _client_id(request: WireRequest) -> str:
    """The id a client gave the order it has just placed, futures in the body, spot in the query."""
    if request.path.startswith(_PRIVATE):
        return str(json.loads(request.body).get("externalOid"))
    return Parameters.of_query("spot", request.query, request.body).optional("newClientOrderId") or ""


def _each(content: Any, change: Callable[[dict[str, Any]], None]) -> object:
    for row in content if isinstance(content, list) else [content]:
        change(row)
    return content


def _stale(content: object, effect: Effect) -> object:
    def change(row: dict[str, Any]) -> None:
        row["timestamp"] -= int(effect.span_s * 1000)
        row["fairPrice"] *= 1.01

    return _each(content, change)


def _zero(content: object, _: Effect) -> object:
    return _each(content, lambda row: row.update(fairPrice=0))


def _not_a_number(content: object, _: Effect) -> object:
    return _each(content, lambda row: row.update(fairPrice="NaN"))


def _missing(content: object, _: Effect) -> object:
    return content[1:] if isinstance(content, list) else {}


def _twice(content: object, _: Effect) -> object:
    return content + content[-1:] if isinstance(content, list) else content


_CHANGES: dict[str, Callable[[object, Effect], object]] = {
    "stale_mark": _stale,
    "zero_mark": _zero,
    "nan_mark": _not_a_number,
    "missing_row": _missing,
    "duplicate_trades": _twice,
}
