"""Who is asking, and is the request really his: key, signature and timestamp as MEXC's two interfaces check them.

Source: mexc.com/api-docs, spot v3 "General info" and futures "Integration guide".
"""

import hmac
import re
from hashlib import sha256

from bot.sim.wire.exchange import ApiKey, Exchange
from bot.sim.wire.mexc_call import Parameters
from bot.sim.wire.mexc_errors import VenueError
from bot.sim.wire.numbers import milliseconds
from bot.sim.wire.request import WireRequest

_SIGNATURE = re.compile(r"(?:^|&)signature=([^&]*)")
_WINDOW_DEFAULT_MS = 5000
_WINDOW_MAX_MS = 60_000
_AHEAD_MAX_MS = 1000
_FUTURES_OFF_MAX_MS = 10_000


def spot_key(request: WireRequest, exchange: Exchange) -> ApiKey:
    """The owner of a spot request: known key, signature over query and body, time inside the window."""
    presented = request.headers.get("x-mexc-apikey", "")
    if not presented:
        raise VenueError(400, "api key required")
    key = exchange.keys.get(presented)
    if key is None:
        raise VenueError(10072, "Api key info invalid")
    payload = request.query + request.body
    found = _SIGNATURE.search(payload)
    if found is None or not found.group(1):
        raise VenueError(700004, "Mandatory parameter 'signature' was not sent, was empty/null, or malformed.")
    signed = payload[: found.start()] + payload[found.end() :]
    if not _matches(key, signed, found.group(1)):
        raise VenueError(700002, "Signature for this request is not valid.")
    parameters = Parameters.of_query("spot", request.query, request.body)
    sent_ms, now_ms = parameters.integer("timestamp"), milliseconds(exchange.now)
    window_ms = parameters.optional_integer("recvWindow") or _WINDOW_DEFAULT_MS
    if not 0 < window_ms <= _WINDOW_MAX_MS:
        raise VenueError(700005, "recvWindow must less than 60000")
    scale = exchange.window_scale
    if sent_ms >= now_ms + _AHEAD_MAX_MS * scale or now_ms - sent_ms > window_ms * scale:
        raise VenueError(700003, "Timestamp for this request is outside of the recvWindow.")
    return key


def futures_key(request: WireRequest, exchange: Exchange) -> ApiKey:
    """The owner of a futures request: the signature covers key, time, and the JSON body or the sorted query."""
    key = exchange.keys.get(request.headers.get("apikey", ""))
    if key is None:
        raise VenueError(401, "Unauthorized")
    sent = request.headers.get("request-time", "")
    given = request.headers.get("signature", "")
    if not sent.isdecimal() or not sent.isascii() or len(sent) > 18 or not given:
        raise VenueError(602, "Confirming signature failed")
    text = request.body if request.method == "POST" else "&".join(sorted(filter(None, request.query.split("&"))))
    if not _matches(key, key.key + sent + text, given):
        raise VenueError(602, "Confirming signature failed")
    if abs(milliseconds(exchange.now) - int(sent)) > _FUTURES_OFF_MAX_MS * exchange.window_scale:
        raise VenueError(513, "Invalid request(for open api serves time more or less than 10s)")
    return key


def _matches(key: ApiKey, signed: str, given: str) -> bool:
    """The signature is lower case only, as the manual says."""
    expected = hmac.new(key.secret.encode(), signed.encode(), sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), given.encode())
