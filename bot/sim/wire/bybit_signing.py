"""Who is asking, and is the request really his: key, signature and timestamp checks as Bybit makes them.

Source: bybit-exchange.github.io/docs/v5/guide, "Authentication": HMAC-SHA256 over timestamp, key, window, and query or
body; server_time - recv_window <= timestamp < server_time + 1000.
"""

import hmac
import re
from datetime import datetime
from hashlib import sha256

from bot.sim.wire.bybit_errors import VenueError
from bot.sim.wire.exchange import ApiKey, Exchange
from bot.sim.wire.numbers import milliseconds
from bot.sim.wire.request import WireRequest

_WINDOW_DEFAULT = "5000"
_NUMBER = re.compile(r"[0-9]{1,15}")
_AHEAD_MAX_MS = 1000


def signed_by(request: WireRequest, exchange: Exchange) -> ApiKey:
    """The key that signed this request; raises 10003, 10004 or 10002."""
    presented = request.headers.get("x-bapi-api-key", "")
    key = exchange.keys.get(presented)
    if key is None:
        raise VenueError(10003, "API key is invalid.", status=200 if presented else 401)
    sent = request.headers.get("x-bapi-timestamp", "")
    window = request.headers.get("x-bapi-recv-window", _WINDOW_DEFAULT)
    _check_signature(request, key, sent + key.key + window)
    _check_time(sent, window, exchange.now, exchange.window_scale)
    return key


def _check_signature(request: WireRequest, key: ApiKey, start: str) -> None:
    payload = start + (request.body if request.method == "POST" else request.query)
    expected = hmac.new(key.secret.encode(), payload.encode("utf-8", "replace"), sha256).hexdigest()
    found = request.headers.get("x-bapi-sign", "")
    if not hmac.compare_digest(expected.encode(), found.lower().encode("utf-8", "replace")):
        raise VenueError(10004, "error sign! please check your signature generation algorithm.")


def _check_time(sent: str, window: str, now: datetime, window_scale: int) -> None:
    if not _NUMBER.fullmatch(sent) or not _NUMBER.fullmatch(window):
        raise VenueError(10002, "invalid request, please check your server timestamp or recv_window param.")
    now_ms, sent_ms, window_ms = milliseconds(now), int(sent), int(window)
    if not now_ms - window_ms * window_scale <= sent_ms < now_ms + _AHEAD_MAX_MS * window_scale:
        raise VenueError(
            10002,
            "invalid request, please check your server timestamp or recv_window param. "
            f"req_timestamp[{sent}],server_timestamp[{now_ms}],recv_window[{window}]",
        )
