"""Who is asking, and is the request really his: key, signature and timestamp checks as Binance makes them.

Source: developers.binance.com, "Endpoint security type" and "Timing security".
"""

import hmac
import re
from datetime import datetime
from hashlib import sha256

from bot.sim.wire.binance_call import Parameters
from bot.sim.wire.binance_errors import VenueError, mandatory_missing
from bot.sim.wire.exchange import ApiKey, Exchange
from bot.sim.wire.numbers import milliseconds
from bot.sim.wire.request import WireRequest

_KEY_FORM = re.compile(r"[A-Za-z0-9]{32,128}")
_SIGNATURE = re.compile(r"(?:^|&)signature=([^&]*)")
_WINDOW_DEFAULT_MS = 5000
_WINDOW_MAX_MS = 60000
_AHEAD_MAX_MS = 1000


def known_key(request: WireRequest, exchange: Exchange) -> ApiKey:
    """The key named in the header; raises -2014 for a malformed and -2015 for an unknown one."""
    presented = request.headers.get("x-mbx-apikey", "")
    key = exchange.keys.get(presented)
    if key is None and not _KEY_FORM.fullmatch(presented):
        raise VenueError(-2014, "API-key format invalid.", 401)
    if key is None:
        raise VenueError(-2015, "Invalid API-key, IP, or permissions for action.", 401)
    return key


def check_signature(request: WireRequest, key: ApiKey) -> None:
    """HMAC-SHA256 over the raw query and body, whatever their order; raises -1022 when it does not match."""
    payload = request.query + request.body
    found = _SIGNATURE.search(payload)
    if found is None or not found.group(1):
        raise mandatory_missing("signature")
    signed = payload[: found.start()] + payload[found.end() :]
    expected = hmac.new(key.secret.encode(), signed.encode(), sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), found.group(1).lower().encode()):
        raise VenueError(-1022, "Signature for this request is not valid.")


def check_time(parameters: Parameters, now: datetime, window_scale: int) -> None:
    """The request must be young enough by the exchange's clock, and not from its future; raises -1021."""
    sent_ms = parameters.integer("timestamp")
    window_ms = parameters.optional_integer("recvWindow") or _WINDOW_DEFAULT_MS
    if not 0 < window_ms <= _WINDOW_MAX_MS:
        raise VenueError(-1131, "recvWindow must be less than 60000")
    now_ms = milliseconds(now)
    if sent_ms >= now_ms + _AHEAD_MAX_MS * window_scale:
        raise VenueError(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
    if now_ms - sent_ms > window_ms * window_scale:
        raise VenueError(-1021, "Timestamp for this request is outside of the recvWindow.")
