"""Who is asking, and is the request really his: key, signature and timestamp checks as BingX makes them.

Source: bingx-api.github.io, "Signature Description" and "Timestamp", read 2026-11-25: the values are signed before they
are percent-encoded, in the order they are sent; sent as JSON they are signed in alphabetical order.
"""

import hmac
import json
from hashlib import sha256
from urllib.parse import parse_qsl

from bot.sim.wire.bingx_call import Parameters
from bot.sim.wire.bingx_errors import VenueError, invalid
from bot.sim.wire.exchange import ApiKey, Exchange
from bot.sim.wire.numbers import milliseconds
from bot.sim.wire.request import WireRequest

_WINDOW_DEFAULT_MS = 5000
_WINDOW_MAX_MS = 60000


def known_key(request: WireRequest, exchange: Exchange) -> ApiKey:
    """The key named in the header; raises 100413."""
    key = exchange.keys.get(request.headers.get("x-bx-apikey", ""))
    if key is None:
        raise VenueError(
            100413,
            "Incorrect apiKey, please check your valid api key at: https://bingx.com/en/account/api/",
            keyed=True,
        )
    return key


def check_signature(request: WireRequest, key: ApiKey) -> None:
    """HMAC-SHA256 over the plain parameters; raises 100412 without a signature and 100001 with a wrong one."""
    sent, pairs = _signed_pairs(request)
    if not sent:
        raise VenueError(100412, "Null signature", keyed=True)
    text = "&".join(f"{name}={value}" for name, value in pairs)
    expected = hmac.new(key.secret.encode(), text.encode("utf-8", "replace"), sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), sent.lower().encode("utf-8", "replace")):
        raise VenueError(100001, "Signature verification failed due to signature mismatch", keyed=True)


def _signed_pairs(request: WireRequest) -> tuple[str, list[tuple[str, str]]]:
    pairs = [(name, value) for name, value in parse_qsl(request.query, keep_blank_values=True)]
    try:
        body = json.loads(request.body) if request.body else {}
    except (ValueError, RecursionError):
        body = dict(parse_qsl(request.body, keep_blank_values=True))
    if isinstance(body, dict):
        pairs += sorted((str(name), str(value)) for name, value in body.items())
    signature = next((value for name, value in pairs if name == "signature"), "")
    return signature, [(name, value) for name, value in pairs if name != "signature"]


def check_time(parameters: Parameters, exchange: Exchange) -> None:
    """The request must have been made within the window around the exchange's clock; raises 100421."""
    window_ms = parameters.optional_integer("recvWindow") or _WINDOW_DEFAULT_MS
    if not 0 < window_ms <= _WINDOW_MAX_MS:
        raise invalid("recvWindow", "cannot be greater than 60000.")
    sent = parameters.optional("timestamp") or ""
    off_ms = abs(int(sent) - milliseconds(exchange.now)) if sent.isdecimal() and len(sent) <= 18 else None
    if off_ms is None or off_ms > window_ms * exchange.window_scale:
        raise VenueError(100421, "Null timestamp or timestamp mismatch", keyed=True)
